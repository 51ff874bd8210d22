package awsfedtest

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// limitedListener accepts no more than a number of connections at a time. Further ones wait in the
// queue of the operating system.
type limitedListener struct {
	net.Listener
	open   chan struct{} // holds one value for each connection
	closed chan struct{}
	close  func() error
}

// limit bounds the connections of listener.
func limit(listener net.Listener, connections int) net.Listener {
	l := &limitedListener{Listener: listener, open: make(chan struct{}, connections), closed: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.closed)
		return listener.Close()
	})
	return l
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.open <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	connection, err := l.Listener.Accept()
	if err != nil {
		<-l.open
		return nil, err
	}
	return &limitedConn{connection, sync.OnceFunc(func() { <-l.open })}, nil
}

func (l *limitedListener) Close() error { return l.close() }

// limitedConn is a connection that makes room for another one when it is closed.
type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// CloseWrite lets [http.Server] end an answer to a client that still sends.
func (c *limitedConn) CloseWrite() error {
	if tcp, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return tcp.CloseWrite()
	}
	return nil
}

// reset closes the connection with a TCP RST, which is what a socket does that may not linger.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if encrypted, ok := connection.(*tls.Conn); ok {
		connection = encrypted.NetConn() // whose Close sends no alert first
	}
	innermost := connection
	if limited, ok := connection.(*limitedConn); ok {
		innermost = limited.Conn
	}
	if tcp, ok := innermost.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}
