package metadataserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// abusePatience is how long a test waits for what must come. It is long: a machine may be busy, and
// none of these tests says how fast something is.
const abusePatience = time.Minute

const (
	abuseKeys  = "/computeMetadata/v1/"
	abuseToken = abuseKeys + "instance/service-accounts/default/token"
)

// An abuseServer is a metadata server on a port of a loopback address.
type abuseServer struct {
	handler *metadataserver.Handler
	server  *http.Server
	addr    string // ADDRESS:PORT
	port    string
}

// abuseQuiet fills in a logger that drops all, where the test has none of its own.
func abuseQuiet(options *metadataserver.Options) *metadataserver.Options {
	if options == nil {
		options = &metadataserver.Options{}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return options
}

func abuseHandler(t testing.TB, options *metadataserver.Options) *metadataserver.Handler {
	t.Helper()
	h, err := metadataserver.New(t.Context(), awsfedtest.New(awsfedtest.Options{}).Config(), abuseQuiet(options))
	require.NoError(t, err)
	return h
}

// abuseServe serves on 127.0.0.1. change sets fields of the server before it starts.
func abuseServe(t testing.TB, options *metadataserver.Options, change ...func(*http.Server)) *abuseServer {
	t.Helper()
	return abuseServeOn(t, "127.0.0.1:0", abuseHandler(t, options), change...)
}

func abuseServeOn(t testing.TB, address string, h *metadataserver.Handler, change ...func(*http.Server)) *abuseServer {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	s := &abuseServer{handler: h, server: h.NewServer(), addr: listener.Addr().String()}
	_, s.port, err = net.SplitHostPort(s.addr)
	require.NoError(t, err)
	// A machine that is slow enough would end what the tests hold open.
	s.server.ReadHeaderTimeout, s.server.ReadTimeout = time.Hour, time.Hour
	for _, c := range change {
		c(s.server)
	}
	var served sync.WaitGroup
	served.Go(func() { assert.ErrorIs(t, s.server.Serve(listener), http.ErrServerClosed) })
	t.Cleanup(func() {
		assert.NoError(t, s.server.Close())
		served.Wait()
	})
	return s
}

// An abuseAnswer is what came back; status 0 stands for a connection that ended without an answer.
type abuseAnswer struct {
	status int
	header http.Header
	body   string
}

func (s *abuseServer) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(abusePatience)))
	return conn
}

// send writes what need not be HTTP on a connection of its own, and reads the first answer.
func (s *abuseServer) send(t testing.TB, raw string) abuseAnswer {
	t.Helper()
	conn := s.dial(t)
	defer conn.Close()
	_, _ = io.WriteString(conn, raw) // the server may have refused it before its end
	return abuseRead(t, bufio.NewReader(conn))
}

// abuseRead reads an answer. An end of the connection is one; that nothing comes is a failure.
func abuseRead(t testing.TB, r *bufio.Reader) abuseAnswer {
	t.Helper()
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		var timeout net.Error
		require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "neither an answer nor an end: %v", err)
		return abuseAnswer{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "an answer without its end: %v", err)
	return abuseAnswer{response.StatusCode, response.Header, string(body)}
}

// request is a good one but for the header lines that are given: one that has a name which a good
// one has too replaces that, and "Name" without a colon leaves it out.
func (s *abuseServer) request(method, target string, lines ...string) string {
	good := []string{"Host: " + s.addr, "Metadata-Flavor: Google"}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	for _, line := range good {
		name, _, _ := strings.Cut(line, ":")
		replaced := false
		for _, own := range lines {
			ownName, _, _ := strings.Cut(own, ":")
			replaced = replaced || strings.EqualFold(name, ownName)
		}
		if !replaced {
			b.WriteString(line + "\r\n")
		}
	}
	for _, line := range lines {
		if strings.Contains(line, ":") {
			b.WriteString(line + "\r\n")
		}
	}
	b.WriteString("\r\n")
	return b.String()
}

func (s *abuseServer) ask(t testing.TB, method, target string, lines ...string) abuseAnswer {
	t.Helper()
	return s.send(t, s.request(method, target, lines...))
}

// stillServes is a normal client, on a connection of its own.
func (s *abuseServer) stillServes(t testing.TB) {
	t.Helper()
	answer := s.ask(t, http.MethodGet, abuseToken)
	require.Equal(t, http.StatusOK, answer.status, answer.body)
	require.Contains(t, answer.body, `"access_token":"`)
}

func (s *abuseServer) refused(t testing.TB, reason string) int {
	t.Helper()
	return abuseMetric(t, s.handler, `awsfed_metadata_refused_total{reason="`+reason+`"}`)
}

// unknown is how often a status was answered outside of all routes.
func (s *abuseServer) unknown(t testing.TB, status int) int {
	t.Helper()
	return abuseMetric(t, s.handler, `awsfed_metadata_requests_total{route="unknown",code="`+strconv.Itoa(status)+`"}`)
}

// abuseMetric reads a metric; one that is not there is 0.
func abuseMetric(t testing.TB, h *metadataserver.Handler, name string) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			require.NoError(t, err)
			return n
		}
	}
	return 0
}

// abuseEventually waits for what another goroutine or process brings about.
func abuseEventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, abusePatience, time.Millisecond, what)
}
