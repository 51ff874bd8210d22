package metadataserver_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// abuseShort shortens the times that NewServer sets, to what still is long for a good client.
func abuseShort(s *http.Server) {
	s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout = time.Second, time.Second, time.Second
}

func TestTheServerHasABoundForEachTime(t *testing.T) {
	s := abuseHandler(t, nil).NewServer()
	assert.Equal(t, 5*time.Second, s.ReadHeaderTimeout)
	assert.Equal(t, 5*time.Second, s.ReadTimeout)
	assert.Equal(t, time.Minute, s.WriteTimeout)
	assert.Equal(t, 2*time.Minute, s.IdleTimeout)
}

// Package net/http refuses what it cannot read or is too large before the handler is asked. Those
// answers lack the header Metadata-Flavor and are in no metric; that no client of Google's sends
// such a request is why nothing is done about it. Status 0 stands for a connection that was reset
// before its answer could be read, as it is when the client goes on writing.
func TestRequestsThatAreTooLargeOrNoneAreRefused(t *testing.T) {
	s := abuseServe(t, nil, abuseShort)
	get := "GET " + abuseToken
	rest := " HTTP/1.1\r\nHost: " + s.addr + "\r\nMetadata-Flavor: Google\r\n"
	var lines strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&lines, "X-%d:\r\n", i)
	}
	for _, test := range []struct {
		name, raw string
		statuses  []int
	}{
		{"a header line over the bound", get + rest + "X: " + strings.Repeat("x", 8<<10) + "\r\n\r\n", []int{431, 0}},
		{"a header line of 10 MB", get + rest + "X: " + strings.Repeat("x", 10<<20) + "\r\n\r\n", []int{431, 0}},
		{"a million header lines", get + rest + lines.String() + "\r\n", []int{431, 0}},
		{"a million header lines of one name", get + rest + strings.Repeat("A:\r\n", 1_000_000) + "\r\n", []int{431, 0}},
		{"a URL of 1 MB", get + "?" + strings.Repeat("a", 1<<20) + rest + "\r\n", []int{431, 0}},
		{"a method of 1 MB", strings.Repeat("G", 1<<20) + " /" + rest + "\r\n", []int{431, 0}},
		{"a million empty lines", strings.Repeat("\r\n", 1_000_000) + get + rest + "\r\n", []int{400, 0}},
		{"a host of 3,000 letters", get + " HTTP/1.1\r\nHost: " + strings.Repeat("a", 3000) + "\r\n\r\n", []int{403}},
		{"a version from the past", "GET " + abuseToken + "\r\n\r\n", []int{400}},
		{"a version from the future", get + " HTTP/3.0\r\nHost: " + s.addr + "\r\n\r\n", []int{505}},
		{"a blank before the colon", get + rest + "X-Forwarded-For : 127.0.0.1\r\n\r\n", []int{400}},
		{"a header line without a name", get + rest + ": x\r\n\r\n", []int{400}},
		{"a header line without a colon", get + rest + "x\r\n\r\n", []int{400}},
		{"a byte of zero in a header", get + rest + "X: \x00\r\n\r\n", []int{400}},
		{"a coding that is not known", get + rest + "Transfer-Encoding: gzip\r\n\r\n", []int{501}},
		{"a length that is none", get + rest + "Content-Length: ten\r\n\r\n", []int{400}},
		{"two lengths", get + rest + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", []int{400}},
		{"a length below zero", get + rest + "Content-Length: -1\r\n\r\n", []int{400}},
		{"the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{403}},
		{"noise", strings.Repeat("\xff\xfe\x00", 1000) + "\n", []int{400}},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := s.send(t, test.raw)
			assert.Contains(t, test.statuses, answer.status)
			assert.NotContains(t, answer.body, "access_token")
			s.stillServes(t)
		})
	}
	assert.Equal(t, 2, s.refused(t, "host"), "of the long host and of HTTP/2, which came to the handler")
}

func TestTLSIsNotSpoken(t *testing.T) {
	s := abuseServe(t, nil, abuseShort)
	client := tls.Client(s.dial(t), &tls.Config{ServerName: "metadata.google.internal"}) // which is not reached
	err := client.HandshakeContext(t.Context())
	require.Error(t, err)
	var timeout net.Error
	assert.False(t, errors.As(err, &timeout) && timeout.Timeout(), "it was kept open: %v", err)
	s.stillServes(t)
}

func TestBodiesAreNotWaitedFor(t *testing.T) {
	s := abuseServe(t, nil, abuseShort)
	for _, test := range []struct {
		name, method string
		lines        []string
		status       int
	}{
		{"POST of 1 TB", "POST", []string{"Content-Length: 1099511627776"}, 405},
		{"POST of 1 TB that waits to be told to", "POST", []string{"Content-Length: 1099511627776", "Expect: 100-continue"}, 405},
		{"POST of chunks", "POST", []string{"Transfer-Encoding: chunked"}, 405},
		{"GET of 1 TB", "GET", []string{"Content-Length: 1099511627776"}, 200},
		{"GET of 1 TB that waits to be told to", "GET", []string{"Content-Length: 1099511627776", "Expect: 100-continue"}, 200},
		{"GET of a body that does not come", "GET", []string{"Content-Length: 1000"}, 200},
		{"GET of chunks that do not come", "GET", []string{"Transfer-Encoding: chunked"}, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := s.dial(t)
			_, err := io.WriteString(conn, s.request(test.method, abuseToken, test.lines...))
			require.NoError(t, err)
			r := bufio.NewReader(conn)
			assert.Equal(t, test.status, abuseRead(t, r).status)
			assert.Zero(t, abuseRead(t, r).status, "the connection goes on")
			s.stillServes(t)
		})
	}
}

// What stands in a body must never be taken for a request.
func TestARequestInsideABodyGetsNoAnswer(t *testing.T) {
	s := abuseServe(t, nil, abuseShort)
	inner := s.request(http.MethodGet, abuseToken)
	length := fmt.Sprintf("Content-Length: %d", len(inner))
	for _, test := range []struct {
		name, raw string
		answers   int
	}{
		{"of GET", s.request(http.MethodGet, abuseToken, length) + inner, 1},
		{"of POST", s.request(http.MethodPost, abuseToken, length) + inner, 1},
		{"of a refused request", s.request(http.MethodGet, abuseToken, length, "Host: rebound.example") + inner, 1},
		{"of chunks that are none", s.request(http.MethodGet, abuseToken, "Transfer-Encoding: chunked") + "zz\r\n" + inner, 1},
		{"of a chunk too large", s.request(http.MethodGet, abuseToken, "Transfer-Encoding: chunked") + "ffffffffffffffffff\r\n" + inner, 1},
		{"of a chunk", s.request(http.MethodGet, abuseToken, "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inner), inner), 1},
		{"behind a request without a body", s.request(http.MethodGet, abuseToken) + inner, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := s.dial(t)
			_, err := io.WriteString(conn, test.raw)
			require.NoError(t, err)
			answers := 0
			for r := bufio.NewReader(conn); abuseRead(t, r).status != 0; {
				answers++
			}
			assert.Equal(t, test.answers, answers)
			s.stillServes(t)
		})
	}
}

// abuseEnds reads until the connection ends, and says what came.
func abuseEnds(t *testing.T, conn net.Conn) string {
	t.Helper()
	got, err := io.ReadAll(conn)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "it was kept open")
	return string(got)
}

func TestConnectionsWithoutAWholeRequestEnd(t *testing.T) {
	s := abuseServe(t, nil, abuseShort)
	for _, test := range []struct{ name, raw string }{
		{"nothing", ""},
		{"one letter", "G"},
		{"half a request line", "GET /computeMeta"},
		{"half a header", "GET " + abuseToken + " HTTP/1.1\r\nHost: " + s.addr + "\r\nMetadata-"},
		{"all but the last line break", strings.TrimSuffix(s.request(http.MethodGet, abuseToken), "\r\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := s.dial(t)
			_, err := io.WriteString(conn, test.raw)
			require.NoError(t, err)
			got := abuseEnds(t, conn) // nothing, or the 400 of package net/http
			assert.True(t, got == "" || strings.HasPrefix(got, "HTTP/1.1 400 "), got)
			assert.NotContains(t, got, "access_token")
			s.stillServes(t)
		})
	}
	t.Run("a letter every few milliseconds", func(t *testing.T) {
		t.Parallel()
		conn := s.dial(t)
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nX: ")
		require.NoError(t, err)
		for ended, until := false, time.Now().Add(abusePatience); !ended; {
			require.True(t, time.Now().Before(until), "it was kept open")
			_, _ = io.WriteString(conn, "x")
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
			var timeout net.Error
			_, err := conn.Read(make([]byte, 1))
			ended = !errors.As(err, &timeout) || !timeout.Timeout()
		}
		s.stillServes(t)
	})
	t.Run("nothing behind a request", func(t *testing.T) {
		t.Parallel()
		conn := s.dial(t)
		_, err := io.WriteString(conn, s.request(http.MethodGet, abuseToken))
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(abuseEnds(t, conn), "access_token"))
		s.stillServes(t)
	})
}

// Its end does not reach the client, which has no room for what comes before it.
func TestAClientThatDoesNotReadLosesItsConnection(t *testing.T) {
	s := abuseServe(t, nil, abuseShort, func(s *http.Server) { s.WriteTimeout = time.Second })
	conn := s.dial(t)
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(1024))
	_, err := io.WriteString(conn, s.request(http.MethodGet, abuseToken))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, abuseRead(t, bufio.NewReader(conn)).status)
	thousand := strings.Repeat(s.request(http.MethodGet, abuseToken), 1000)
	var writes sync.WaitGroup
	writes.Go(func() {
		var err error
		for err == nil {
			_, err = io.WriteString(conn, thousand)
		}
	})
	abuseEventually(t, "the connection is closed", func() bool {
		return abuseMetric(t, s.handler, "awsfed_metadata_connections") == 0
	})
	s.stillServes(t)
	require.NoError(t, conn.Close())
	writes.Wait()
}

func TestAThousandRequestsAtOnceGetTheirAnswers(t *testing.T) {
	s := abuseServe(t, nil)
	conn := s.dial(t)
	requests := strings.Repeat(s.request(http.MethodGet, abuseToken), 1000)
	written := make(chan error, 1)
	go func() {
		_, err := io.WriteString(conn, requests)
		written <- err
	}()
	r := bufio.NewReader(conn)
	for range 1000 {
		require.Equal(t, http.StatusOK, abuseRead(t, r).status)
	}
	require.NoError(t, <-written)
}
