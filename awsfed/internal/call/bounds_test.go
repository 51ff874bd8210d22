package call_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// maxCost is what one call may allocate, garbage included.
const maxCost = 8 << 20

// cost is what do allocates, together with all that runs meanwhile. Tests that ask it are not
// parallel.
func cost(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// raw answers every connection with what answer writes, once it has the headers of a request. The
// channel tells how writing ended.
func raw(t *testing.T, answer func(net.Conn) error) (url string, ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ends := make(chan error, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
			if _, err = http.ReadRequest(bufio.NewReader(connection)); err == nil {
				err = answer(connection)
			}
			connection.Close()
			select {
			case ends <- err:
			default:
			}
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-served
	})
	return "http://" + listener.Addr().String() + "/", ends
}

// endless writes part for ever, until the other side is gone.
func endless(w io.Writer, part []byte) error {
	for {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
}

var errStill = errors.New("the client still reads")

// within is what comes out of ended, or errStill.
func within(ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-time.After(10 * time.Second):
		return errStill
	}
}

func TestWhatAServerCanCost(t *testing.T) {
	block := []byte(strings.Repeat("a", 16<<10))
	for _, c := range []struct {
		name   string
		answer func(net.Conn) error
		want   string // in the error
	}{
		{"8 MiB in one header", func(w net.Conn) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nX-Large: ")
			for range (8 << 20) / len(block) {
				if _, err := w.Write(block); err != nil {
					return err
				}
			}
			_, _ = io.WriteString(w, "\r\nContent-Length: 0\r\n\r\n")
			return nil
		}, "headers exceeded"},
		{"headers without end", func(w net.Conn) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n")
			return endless(w, []byte("X-A: b\r\n"))
		}, "headers exceeded"},
		{"a status line without end", func(w net.Conn) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 ")
			return endless(w, block)
		}, "headers exceeded"},
		{"a flood of 100 Continue", func(w net.Conn) error {
			return endless(w, []byte("HTTP/1.1 100 Continue\r\n\r\n"))
		}, "headers exceeded"},
		{"a flood of 103 Early Hints", func(w net.Conn) error {
			return endless(w, []byte("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"))
		}, "headers exceeded"},
		{"a body without end", func(w net.Conn) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n\r\n")
			return endless(w, block)
		}, "64 KiB"},
		{"a chunked body without end", func(w net.Conn) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			return endless(w, fmt.Appendf(nil, "%x\r\n%s\r\n", len(block), block))
		}, "64 KiB"},
		{"a Content-Length of a tebibyte", func(w net.Conn) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n")
			return endless(w, block)
		}, "64 KiB"},
		{"a gzip bomb", func(w net.Conn) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
			return endless(gzip.NewWriter(w), make([]byte, 1<<20))
		}, "64 KiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, ended := raw(t, c.answer)
			var err error
			spent := cost(func() {
				_, err = call.NewClient(nil).Post(t.Context(), url, nil, "a=b")
			})
			require.ErrorContains(t, err, c.want)
			assert.Less(t, len(err.Error()), 500)
			assert.Less(t, spent, int64(maxCost))
			require.Error(t, within(ended), "the connection is closed")
			t.Logf("%d KiB", spent>>10)
		})
	}
}

func TestAnErrorWithALargeBodyIsStillThatError(t *testing.T) {
	url, ended := raw(t, func(w net.Conn) error {
		_, _ = io.WriteString(w, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n")
		return endless(w, []byte("<html>"))
	})
	answer, err := call.NewClient(nil).Post(t.Context(), url, nil, "")
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, answer.Status)
	assert.Equal(t, 7*time.Second, answer.Pause())
	assert.Len(t, answer.Body, call.MaxBody)
	require.Error(t, within(ended), "the connection is closed")
}

func TestLengthsThatLie(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"more than there is", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789", "unexpected EOF"},
		{"two that differ", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc", "multiple Content-Length"},
		{"negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", "bad Content-Length"},
		{"no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc", "bad Content-Length"},
		{"beyond all numbers", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", "bad Content-Length"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, _ := raw(t, func(w net.Conn) error {
				_, err := io.WriteString(w, c.answer)
				return err
			})
			_, err := call.NewClient(nil).Post(t.Context(), url, nil, "")
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("less than there is", func(t *testing.T) {
		url, _ := raw(t, func(w net.Conn) error {
			_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
			return err
		})
		// Package http may take the rest for the answer to the next request. It is the same server's.
		answer, err := call.NewClient(nil).Post(t.Context(), url, nil, "")
		require.NoError(t, err)
		assert.Equal(t, "abc", string(answer.Body))
	})
}

func TestAnAnswerKeepsFewHeaders(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := range 100 {
			w.Header().Set(fmt.Sprintf("X-Name-%d", i), "value")
		}
		w.Header().Set("X-Goog-Request-Id", strings.Repeat("a", 32<<10))
		w.Header().Set("Retry-After", "7")
	}))
	defer server.Close()
	answer, err := call.NewClient(nil).Post(t.Context(), server.URL, nil, "")
	require.NoError(t, err)
	assert.Len(t, answer.RequestID, 256)
	assert.Equal(t, 7*time.Second, answer.Pause())
	assert.NotEmpty(t, answer.Date)
}

func TestErrorsDoNotQuoteTheServer(t *testing.T) {
	const secret = "ya29.d.the-token-that-was-sent"
	for name, said := range map[string]string{
		"a status line":         secret + "\x1b[31m\r\n\r\n",
		"a version":             "HTTP/" + secret + " 200 OK\r\n\r\n",
		"a status":              "HTTP/1.1 " + secret + " OK\r\n\r\n",
		"a header line":         "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
		"a header value":        "HTTP/1.1 200 OK\r\nA: \x00" + secret + "\r\n\r\n",
		"a folded first header": "HTTP/1.1 200 OK\r\n " + secret + "\r\n\r\n",
		"a Content-Length":      "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"two Content-Lengths":   "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\nContent-Length: 1\r\n\r\n",
		"a Transfer-Encoding":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"a chunk's length":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + "\r\n",
		"a trailer":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + secret + "\r\n\r\n",
		"a Location":            "HTTP/1.1 302 Found\r\nContent-Length: 1\r\nLocation: %zz" + secret + "\r\n\r\n",
		"a Location after that": "HTTP/1.1 307 Moved\r\nContent-Length: 1\r\nLocation: ://" + secret + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := raw(t, func(w net.Conn) error {
				_, err := io.WriteString(w, said)
				return err
			})
			header := http.Header{"Authorization": {"Bearer " + secret}}
			_, err := call.NewClient(nil).Post(t.Context(), url, header, "")
			require.Error(t, err)
			assert.NotContains(t, err.Error(), secret)
			assert.NotContains(t, err.Error(), "\x1b")
			assert.NotContains(t, err.Error(), "\\x1b")
			t.Log(err)
		})
	}
}

func TestATextOfAnotherTransportStays(t *testing.T) {
	broken := errors.New("the tunnel is down")
	client := call.NewClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return nil, broken })})
	_, err := client.Post(t.Context(), endpoint, nil, "")
	require.ErrorIs(t, err, broken)
	assert.EqualError(t, err, `Post "`+endpoint+`": the tunnel is down`)
}

func TestTheDefaultTransportIsTheOneOfTheMoment(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client := call.NewClient(nil)
	_, err := client.Post(t.Context(), server.URL, nil, "")
	require.NoError(t, err)

	of := http.DefaultTransport
	defer func() { http.DefaultTransport = of }()
	asked := 0
	http.DefaultTransport = transport(func(req *http.Request) (*http.Response, error) {
		asked++
		return of.RoundTrip(req)
	})
	_, err = client.Post(t.Context(), server.URL, nil, "")
	require.NoError(t, err)
	assert.Equal(t, 1, asked, "whoever replaces it sees the requests")

	http.DefaultTransport = &http.Transport{DisableKeepAlives: true}
	_, err = client.Post(t.Context(), server.URL, nil, "")
	require.NoError(t, err)
	http.DefaultTransport = of
	_, err = client.Post(t.Context(), server.URL, nil, "")
	require.NoError(t, err)
	assert.Equal(t, 1, asked)
}

func TestClientsWithoutATransportShareConnections(t *testing.T) {
	dialled := make(map[string]bool)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { dialled[r.RemoteAddr] = true }))
	defer server.Close()
	for _, base := range []*http.Client{nil, {}, {Timeout: time.Minute}} {
		client := call.NewClient(base)
		_, err := client.Post(t.Context(), server.URL, nil, "")
		require.NoError(t, err)
		defer client.CloseIdleConnections()
	}
	assert.Len(t, dialled, 1)
}

func TestATransportOfTheUsersOwnKeepsItsBound(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("a", 128<<10))
	}))
	defer server.Close()
	_, err := call.NewClient(server.Client()).Post(t.Context(), server.URL, nil, "")
	require.NoError(t, err)
	_, err = call.NewClient(nil).Post(t.Context(), server.URL, nil, "")
	require.ErrorContains(t, err, "exceeded")
}
