package metadataserver_test

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// A pipeListener has connections without sockets, so that a server and its deadlines work in a
// synctest bubble.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.connections:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return loopback(8988) }

// dial makes a connection, as from another port of this machine.
func (l *pipeListener) dial() net.Conn {
	server, client := net.Pipe()
	l.connections <- pipeEnd{server}
	return client
}

// A pipeEnd says that it is a connection over loopback.
type pipeEnd struct{ net.Conn }

func (pipeEnd) LocalAddr() net.Addr  { return loopback(8988) }
func (pipeEnd) RemoteAddr() net.Addr { return loopback(40000) }

// serveBubble serves the handler within a bubble. stop ends it as its owner would.
func serveBubble(t *testing.T, h *metadataserver.Handler) (l *pipeListener, stop func()) {
	t.Helper()
	l = newPipeListener()
	server := h.NewServer()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	return l, func() {
		assert.NoError(t, server.Shutdown(t.Context()))
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	}
}

// ask sends a request on a connection, and reads the answer's header: the body is for the caller.
func ask(t *testing.T, conn net.Conn, target string) *http.Response {
	t.Helper()
	request := requestFor(t.Context(), http.MethodGet, target)
	require.NoError(t, request.Write(conn))
	answer, err := http.ReadResponse(bufio.NewReader(conn), request)
	require.NoError(t, err)
	return answer
}
