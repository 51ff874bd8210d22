package call

import (
	"net/http"
	"sync"
	"weak"
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
var fromDefault struct {
	once sync.Once
	bounded
}

func boundedDefault() bounded {
	fromDefault.once.Do(func() {
		of, ok := http.DefaultTransport.(*http.Transport)
		if !ok || of == nil {
			return
		}
		clone := of.Clone()
		if clone.MaxResponseHeaderBytes <= 0 || clone.MaxResponseHeaderBytes > MaxHeader {
			clone.MaxResponseHeaderBytes = MaxHeader
		}
		fromDefault.bounded = bounded{of, clone}
	})
	return fromDefault.bounded
}

// RoundTrip implements [http.RoundTripper].
func (d defaultTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if transport := d.transport(); transport != nil {
		return transport.RoundTrip(req)
	}
	return http.DefaultTransport.RoundTrip(req) // of a test, or of an instrumentation
}

// transport is the clone; nil where http.DefaultTransport has been replaced.
func (defaultTransport) transport() *http.Transport {
	b := boundedDefault()
	if of, ok := http.DefaultTransport.(*http.Transport); ok && of != nil && of == b.of {
		return b.clone
	}
	return nil
}

// CloseIdleConnections closes those of the clone.
func (defaultTransport) CloseIdleConnections() {
	if b := boundedDefault(); b.clone != nil {
		b.clone.CloseIdleConnections()
	}
}

// send takes the connection that was opened ahead, if there is one, and else the way of the
// transport.
func (c *Client) send(req *http.Request) (*http.Response, error) {
	transport := c.transport()
	if transport == nil || req.URL == nil || req.URL.Scheme != "https" {
		return c.base.RoundTrip(req)
	}
	way := routeOf(transport, req.URL)
	if conn := way.take(); conn != nil {
		resp, err := conn.RoundTrip(req)
		if err == nil {
			way.note()
			return resp, nil
		}
		way.closeIdle()
		again := rewound(req)
		if again == nil || req.Context().Err() != nil {
			return nil, err
		}
		req = again
	}
	resp, err := c.base.RoundTrip(req)
	if err == nil {
		way.note()
	}
	return resp, err
}

// rewound is req to be sent once more; nil if its body is gone. What a connection that broke has
// carried, the transport would send again too, or it does no harm twice: a token is asked for.
func rewound(req *http.Request) *http.Request {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	again := req.WithContext(req.Context())
	again.Body = body
	return again
}

// transport is that of package http by which requests go; nil for any other.
func (c *Client) transport() *http.Transport {
	switch base := c.base.(type) {
	case *http.Transport:
		return base
	case defaultTransport:
		return base.transport()
	}
	return nil
}

// CloseIdleConnections closes what the transport keeps open for later, as
// [http.Client.CloseIdleConnections] does.
func (c *Client) CloseIdleConnections() {
	if base, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
	if transport := c.transport(); transport != nil {
		mine := weak.Make(transport)
		routes.Range(func(r, e any) bool {
			if r.(route).transport == mine {
				e.(*earlyConn).closeIdle()
			}
			return true
		})
	}
}
