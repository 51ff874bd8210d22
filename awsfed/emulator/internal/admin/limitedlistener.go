package admin

import (
	"net"
	"sync"
)

// limitedListener has as many connections open as it has slots; further ones wait.
type limitedListener struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newLimitedListener(listener net.Listener, slots int) *limitedListener {
	return &limitedListener{Listener: listener, slots: make(chan struct{}, slots), closed: make(chan struct{})}
}

// Accept implements [net.Listener].
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	connection, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConnection{Conn: connection, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close implements [net.Listener].
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// limitedConnection is a connection that holds a slot until it is closed.
type limitedConnection struct {
	net.Conn
	release func()
}

// Close implements [net.Conn].
func (c *limitedConnection) Close() error {
	defer c.release()
	return c.Conn.Close()
}
