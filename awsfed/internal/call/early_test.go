package call_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// A dialedServer is a TLS server, and a client whose connections are counted.
type dialedServer struct {
	*httptest.Server
	transport *http.Transport
	client    *call.Client
	dials     atomic.Int32
	requests  atomic.Int32
	dial      atomic.Pointer[func(context.Context, string, string) (net.Conn, error)] // in place of the network's
}

func newDialedServer(t *testing.T, http2 bool) *dialedServer {
	s := &dialedServer{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+string(body))
	}))
	s.EnableHTTP2 = http2
	s.StartTLS()
	t.Cleanup(s.Close)
	s.transport = s.Client().Transport.(*http.Transport)
	s.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		s.dials.Add(1)
		if dial := s.dial.Load(); dial != nil {
			return (*dial)(ctx, network, address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	s.client = call.NewClient(&http.Client{Transport: s.transport})
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func (s *dialedServer) post(t *testing.T) string {
	t.Helper()
	answer, err := s.client.Post(t.Context(), s.URL, nil, "body")
	require.NoError(t, err)
	return string(answer.Body)
}

// opened opens a connection ahead and waits for it.
func (s *dialedServer) opened(t *testing.T) {
	t.Helper()
	before := s.dials.Load()
	s.client.Ahead(s.URL)
	require.Eventually(t, func() bool { return call.EarlyConnections(s.transport) == 1 }, 10*time.Second, time.Millisecond)
	require.Equal(t, before+1, s.dials.Load())
	require.Zero(t, s.requests.Load(), "nothing is sent")
}

func TestAheadOpensTheConnectionOfTheNextRequests(t *testing.T) {
	for proto, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(proto, func(t *testing.T) {
			s := newDialedServer(t, http2)
			s.opened(t)
			for range 3 {
				assert.Equal(t, proto+" body", s.post(t))
			}
			assert.EqualValues(t, 1, s.dials.Load(), "one connection for all")
			s.client.Ahead(s.URL)
			call.NewClient(&http.Client{Transport: s.transport}).Ahead(s.URL)
			assert.Equal(t, proto+" body", s.post(t))
			assert.EqualValues(t, 1, s.dials.Load(), "it is there already, for every client of the transport")
		})
	}
}

func TestAheadDialsNothingWhereThePoolIsWarm(t *testing.T) {
	s := newDialedServer(t, true)
	s.post(t)
	s.client.Ahead(s.URL)
	call.NewClient(&http.Client{Transport: s.transport}).Ahead(s.URL)
	s.post(t)
	assert.EqualValues(t, 1, s.dials.Load())
	assert.Zero(t, call.EarlyConnections(s.transport))
}

func TestAheadDialsOnceForManyAtATime(t *testing.T) {
	s := newDialedServer(t, true)
	release := make(chan struct{})
	slow := func(ctx context.Context, network, address string) (net.Conn, error) {
		<-release
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	s.dial.Store(&slow)
	for range 10 {
		call.NewClient(&http.Client{Transport: s.transport}).Ahead(s.URL)
	}
	close(release)
	require.Eventually(t, func() bool { return call.EarlyConnections(s.transport) == 1 }, 10*time.Second, time.Millisecond)
	s.post(t)
	assert.EqualValues(t, 1, s.dials.Load())
}

func TestAheadLeavesOtherWaysAlone(t *testing.T) {
	for name, change := range map[string]func(*dialedServer){
		"connections are counted":      func(s *dialedServer) { s.transport.MaxConnsPerHost = 1 },
		"connections are not kept":     func(s *dialedServer) { s.transport.DisableKeepAlives = true },
		"a RoundTripper of a stranger": func(s *dialedServer) { s.client = call.NewClient(&http.Client{Transport: wrapped{s.transport}}) },
		"http":                         func(s *dialedServer) { s.URL = strings.Replace(s.URL, "https:", "http:", 1) },
		"no URL":                       func(s *dialedServer) { s.URL = ":" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newDialedServer(t, true)
			change(s)
			s.client.Ahead(s.URL)
			assert.False(t, call.Dialing(s.transport))
			assert.Zero(t, s.dials.Load())
		})
	}
}

type wrapped struct{ base http.RoundTripper }

func (w wrapped) RoundTrip(req *http.Request) (*http.Response, error) { return w.base.RoundTrip(req) }

func TestARequestDoesNotNeedTheConnectionThatWasOpenedAhead(t *testing.T) {
	t.Run("it fails", func(t *testing.T) {
		s := newDialedServer(t, true)
		failing := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }
		s.dial.Store(&failing)
		s.client.Ahead(s.URL)
		require.Eventually(t, func() bool { return !call.Dialing(s.transport) }, 10*time.Second, time.Millisecond)
		s.client.Ahead(s.URL)
		assert.False(t, call.Dialing(s.transport), "not again, until the host answers")
		s.dial.Store(nil)
		s.post(t)
		assert.EqualValues(t, 2, s.dials.Load())
	})
	t.Run("it panics", func(t *testing.T) {
		s := newDialedServer(t, true)
		panics := func(context.Context, string, string) (net.Conn, error) { panic("no") }
		s.dial.Store(&panics)
		s.client.Ahead(s.URL)
		require.Eventually(t, func() bool { return !call.Dialing(s.transport) }, 10*time.Second, time.Millisecond)
		s.dial.Store(nil)
		s.post(t)
	})
	t.Run("it is slow", func(t *testing.T) {
		s := newDialedServer(t, true)
		release := make(chan struct{})
		slow := func(ctx context.Context, network, address string) (net.Conn, error) {
			<-release
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		s.dial.Store(&slow)
		s.client.Ahead(s.URL)
		require.Eventually(t, func() bool { return s.dials.Load() == 1 }, 10*time.Second, time.Millisecond)
		s.dial.Store(nil)
		s.post(t) // does not wait for it
		close(release)
		require.Eventually(t, func() bool { return !call.Dialing(s.transport) }, 10*time.Second, time.Millisecond)
	})
	t.Run("the server has closed it", func(t *testing.T) {
		for proto, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
			s := newDialedServer(t, http2)
			s.opened(t)
			s.CloseClientConnections()
			assert.Equal(t, proto+" body", s.post(t))
			assert.EqualValues(t, 2, s.dials.Load())
		}
	})
}

func TestAConnectionOpenedAheadIsClosedWhenItIsNotNeeded(t *testing.T) {
	t.Run("after the idle time of the transport", func(t *testing.T) {
		s := newDialedServer(t, true)
		s.transport.IdleConnTimeout = 20 * time.Millisecond
		s.opened(t)
		require.Eventually(t, func() bool { return call.EarlyConnections(s.transport) == 0 }, 10*time.Second, time.Millisecond)
		s.client.Ahead(s.URL)
		assert.False(t, call.Dialing(s.transport), "it was for nothing, so there is no other until the host answers")
		s.transport.IdleConnTimeout = time.Hour
		s.post(t)
		assert.EqualValues(t, 2, s.dials.Load())
	})
	t.Run("with the idle ones", func(t *testing.T) {
		s := newDialedServer(t, true)
		s.opened(t)
		s.client.CloseIdleConnections()
		assert.Zero(t, call.EarlyConnections(s.transport))
		s.post(t)
		assert.EqualValues(t, 2, s.dials.Load())
	})
}
