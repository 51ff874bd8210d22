package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A network leads to one server of the same process. Whatever is sent arrives after the delay, and
// a connection opens in one round trip as that of TCP does. It works in a testing/synctest bubble.
type network struct {
	delay  time.Duration // one way
	dials  atomic.Int64
	opened chan net.Conn
	closed chan struct{}
	close  func()
}

var _ net.Listener = (*network)(nil)

func newNetwork(delay time.Duration) *network {
	n := &network{delay: delay, opened: make(chan net.Conn), closed: make(chan struct{})}
	n.close = sync.OnceFunc(func() { close(n.closed) })
	return n
}

// DialContext opens a connection to the server, whatever its name.
func (n *network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	n.dials.Add(1)
	roundTrip := time.NewTimer(2 * n.delay)
	defer roundTrip.Stop()
	select {
	case <-roundTrip.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	up, down := newStream(n.delay), newStream(n.delay)
	select {
	case n.opened <- &conn{in: up, out: down}:
		return &conn{in: down, out: up}, nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.opened:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (n *network) Close() error {
	n.close()
	return nil
}

// Addr implements [net.Listener].
func (n *network) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }

// A conn is one end of a connection.
type conn struct{ in, out *stream }

var _ net.Conn = (*conn)(nil)

func (c *conn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }

func (c *conn) Close() error {
	c.in.abandon()
	c.out.end()
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return address{} }
func (c *conn) RemoteAddr() net.Addr { return address{} }

func (c *conn) SetDeadline(t time.Time) error     { return c.SetReadDeadline(t) }
func (c *conn) SetReadDeadline(t time.Time) error { c.in.setDeadline(t); return nil }

// SetWriteDeadline does nothing: no write waits.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
