package metadataserver_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// A benchClient asks the same on a connection that stays open, and allocates nothing for it, so
// that what is counted is the server's.
type benchClient struct {
	conn    net.Conn
	r       *bufio.Reader
	request []byte
}

func newBenchClient(b *testing.B, s *abuseServer, target string) *benchClient {
	b.Helper()
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	return &benchClient{conn, bufio.NewReader(conn), []byte(s.request(http.MethodGet, target))}
}

// ask returns the length of the body; -1 for what is no answer with status 200.
func (c *benchClient) ask() int {
	if _, err := c.conn.Write(c.request); err != nil {
		return -1
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil || first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return -1
		}
		if digits, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			length = 0
			for _, digit := range bytes.TrimSpace(digits) {
				length = 10*length + int(digit-'0')
			}
		}
		if len(line) == 2 {
			break
		}
	}
	if n, err := c.r.Discard(length); err != nil || n != length {
		return -1
	}
	return length
}

// BenchmarkTokenNextToABareHandler asks in turn for tokens and for bodies of the same length from a
// handler of package net/http that has nothing else to do, a hundred each, over a connection each
// that stays open.
func BenchmarkTokenNextToABareHandler(b *testing.B) {
	served := abuseServe(b, nil)
	token := newBenchClient(b, served, abuseToken)
	length := token.ask()
	require.Positive(b, length)

	body, contentLength := bytes.Repeat([]byte("x"), length), strconv.Itoa(length)
	bareServer := benchBare(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", contentLength)
		_, _ = w.Write(body)
	}))
	bare := newBenchClient(b, bareServer, "/")
	require.Equal(b, length, bare.ask())

	var tokens, bares time.Duration
	for b.Loop() {
		tokens += benchTime(b, token)
		bares += benchTime(b, bare)
	}
	b.ReportMetric(float64(benchBlock*b.N)/tokens.Seconds(), "tokens/s")
	b.ReportMetric(float64(benchBlock*b.N)/bares.Seconds(), "bare/s")
	b.ReportMetric(tokens.Seconds()/bares.Seconds(), "times-bare")
	b.ReportMetric(testing.AllocsPerRun(1000, func() { token.ask() }), "allocs/token")
	b.ReportMetric(testing.AllocsPerRun(1000, func() { bare.ask() }), "allocs/bare")
}

// benchBlock is how many requests of a kind are made in turn: what a server still does behind an
// answer is then for the most part in the time of its own kind.
const benchBlock = 100

func benchTime(b *testing.B, c *benchClient) time.Duration {
	began := time.Now()
	for range benchBlock {
		if c.ask() < 0 {
			b.Fatal("no answer")
		}
	}
	return time.Since(began)
}

// benchBare serves a handler with the times that NewServer has, which cost a little too.
func benchBare(b *testing.B, h http.Handler) *abuseServer {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		_ = server.Serve(listener)
		close(ended)
	}()
	b.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return &abuseServer{addr: listener.Addr().String()}
}

// BenchmarkFirstResponse is the time from New to the first answer: of a value, for which nobody is
// asked, and of a token, for which the clouds are, in this process.
func BenchmarkFirstResponse(b *testing.B) {
	for name, target := range map[string]string{"value": abuseKeys + "project/project-id", "token": abuseToken} {
		b.Run(name, func(b *testing.B) {
			cfg := awsfedtest.New(awsfedtest.Options{}).Config()
			options := abuseQuiet(nil)
			for b.Loop() {
				h, err := metadataserver.New(b.Context(), cfg, options)
				if err != nil {
					b.Fatal(err)
				}
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					b.Fatal(err)
				}
				server := h.NewServer()
				ended := make(chan struct{})
				go func() {
					_ = server.Serve(listener)
					close(ended)
				}()
				s := abuseServer{addr: listener.Addr().String()}
				conn, err := net.Dial("tcp", s.addr)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.WriteString(conn, s.request(http.MethodGet, target))
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatal("no answer: ", err)
				}
				b.StopTimer()
				_ = conn.Close()
				_ = server.Close()
				<-ended
				b.StartTimer()
			}
		})
	}
}
