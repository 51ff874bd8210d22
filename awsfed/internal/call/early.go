package call

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"time"
	"weak"
)

const (
	// earlyDialTimeout bounds the dial of a connection that is opened ahead. By then nobody waits for it.
	earlyDialTimeout = 10 * time.Second
	// earlyIdleTimeout is for transports that keep idle connections for ever.
	earlyIdleTimeout = 90 * time.Second
)

// A route is a host by way of a transport.
type route struct {
	transport weak.Pointer[http.Transport]
	address   string
}

// routes has what is known of each route, an *earlyConn. The pool of a transport tells nobody which
// connections it has, so all clients of a transport note their answers here.
var routes sync.Map

// An earlyConn is a connection that was opened before there was a request for it, by
// [http.Transport.NewClientConn]: it dials, does TLS and CONNECT, and sends nothing. It is not in the
// pool of the transport, so it serves all requests to its host until it was idle for as long as the
// transport allows.
type earlyConn struct {
	mu       sync.Mutex
	answered time.Time        // when the host last answered by this transport; zero before
	dialing  bool             // a connection is being opened
	conn     *http.ClientConn // nil without one
	used     bool             // conn has carried a request
	wasted   bool             // the last conn carried none, and the host has not answered since
	idle     *time.Timer      // closes conn
}

// Ahead opens a connection to the host of address in the background, for a request that is sure to
// follow soon. It does so over a transport of package http alone, and not where one is likely to be
// there already, where connections are counted, or where the last one was for nothing. What becomes
// of it is told to nobody: a request that does not find it takes its way as ever.
func (c *Client) Ahead(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return
	}
	transport := c.transport()
	if transport == nil || transport.MaxConnsPerHost > 0 || transport.DisableKeepAlives {
		return
	}
	e := routeOf(transport, u)
	e.mu.Lock()
	defer e.mu.Unlock()
	warm := !e.answered.IsZero() && time.Since(e.answered) < idleTimeout(transport)
	if warm || e.dialing || e.conn != nil || e.wasted {
		return
	}
	e.dialing = true
	go e.dial(transport, addressOf(u))
}

func (e *earlyConn) dial(transport *http.Transport, address string) {
	ctx, cancel := context.WithTimeout(context.Background(), earlyDialTimeout)
	defer cancel()
	conn, err := newClientConn(ctx, transport, address)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dialing = false
	if err != nil {
		e.wasted = true
		return
	}
	e.conn, e.used = conn, false
	pause := idleTimeout(transport)
	e.idle = time.AfterFunc(pause, func() { e.expire(conn, pause) })
}

// newClientConn guards against the dial and proxy functions of a transport, which may be anybody's.
func newClientConn(ctx context.Context, transport *http.Transport, address string) (conn *http.ClientConn, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the transport panicked")
		}
	}()
	return transport.NewClientConn(ctx, "https", address)
}

// expire closes conn, unless a request is under way or was lately.
func (e *earlyConn) expire(conn *http.ClientConn, pause time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != conn {
		return
	}
	if left := pause - time.Since(e.answered); conn.InFlight() > 0 || e.used && left > 0 {
		e.idle.Reset(max(left, time.Second))
		return
	}
	e.close()
}

// take reserves the connection for one request; nil where there is none that is free.
func (e *earlyConn) take() *http.ClientConn {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn == nil {
		return nil
	}
	if e.conn.Err() != nil {
		e.close()
		return nil
	}
	if e.conn.Reserve() != nil {
		return nil
	}
	e.used = true
	return e.conn
}

// note takes in that the host has answered.
func (e *earlyConn) note() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answered, e.wasted = time.Now(), false
}

// closeIdle closes the connection if no request is under way on it.
func (e *earlyConn) closeIdle() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != nil && e.conn.InFlight() == 0 {
		e.close()
	}
}

// close is for a connection that is not to be used again. The caller holds mu.
func (e *earlyConn) close() {
	e.idle.Stop()
	_ = e.conn.Close()
	e.wasted, e.conn = !e.used, nil
}

// routeOf is what is known of the way to u. It is forgotten with the transport.
func routeOf(transport *http.Transport, u *url.URL) *earlyConn {
	r := route{weak.Make(transport), addressOf(u)}
	if e, ok := routes.Load(r); ok {
		return e.(*earlyConn)
	}
	e, loaded := routes.LoadOrStore(r, &earlyConn{})
	if !loaded {
		runtime.AddCleanup(transport, func(r route) { routes.Delete(r) }, r)
	}
	return e.(*earlyConn)
}

func addressOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func idleTimeout(transport *http.Transport) time.Duration {
	if transport.IdleConnTimeout > 0 {
		return transport.IdleConnTimeout
	}
	return earlyIdleTimeout
}
