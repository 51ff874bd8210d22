package call

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
)

// defaultTransport is http.DefaultTransport, whatever it is by the time of a request, with a bound
// on headers where it is still the one that the first request found. All clients of a process share
// its connections.
type defaultTransport struct{}

var _ http.RoundTripper = defaultTransport{}

// bounded is a transport of package http, and a clone of it with a bound.
type bounded struct{ of, clone *http.Transport }

// fromDefault is made by the first request, so that a program can replace or change
// http.DefaultTransport before.
var fromDefault = sync.OnceValue(func() bounded {
	of, ok := http.DefaultTransport.(*http.Transport)
	if !ok || of == nil {
		return bounded{}
	}
	clone := of.Clone()
	if clone.MaxResponseHeaderBytes <= 0 || clone.MaxResponseHeaderBytes > MaxHeader {
		clone.MaxResponseHeaderBytes = MaxHeader
	}
	return bounded{of, clone}
})

// RoundTrip implements [http.RoundTripper].
func (defaultTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	b := fromDefault()
	if of, ok := http.DefaultTransport.(*http.Transport); ok && of != nil && of == b.of {
		return b.clone.RoundTrip(req)
	}
	return http.DefaultTransport.RoundTrip(req) // of a test, or of an instrumentation
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach the transport.
func (defaultTransport) CloseIdleConnections() {
	if b := fromDefault(); b.clone != nil {
		b.clone.CloseIdleConnections()
	}
}

// careful is the transport of every client.
//
// It takes the Location out of answers: before it asks whether to follow, http.Client reads it, and
// puts one that it cannot read into an error, with whatever the server has written there.
//
// It keeps a request off the connection on which the one before was given up. One of HTTP/2 stays
// open after that, and if its other side is gone without a word, all requests would run out of time
// until TCP gives up, after a quarter of an hour.
type careful struct {
	base  http.RoundTripper
	stale atomic.Bool // a request was given up
}

var _ http.RoundTripper = (*careful)(nil)

// distrust notes a request that was given up before it was answered.
func distrust(client *http.Client, err error) {
	gaveUp := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	if c, ok := client.Transport.(*careful); ok && gaveUp {
		c.stale.Store(true)
	}
}

// RoundTrip implements [http.RoundTripper].
func (c *careful) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.stale.Swap(false) {
		c.CloseIdleConnections()
	}
	resp, err := c.base.RoundTrip(req)
	if err == nil && resp.Header.Get("Location") != "" {
		resp.Header = resp.Header.Clone() // the transport may keep its own
		resp.Header.Del("Location")
	}
	return resp, err
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach the transport.
func (c *careful) CloseIdleConnections() {
	if base, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}
