package awsfedtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
)

// Server serves a [Cloud] on one port, for clients in any language. Nothing is
// encrypted and the credential endpoints ask nobody who they are, so it belongs
// on loopback or in a closed network. Close it after use.
type Server struct {
	// URL is where the server is reached, without a slash at the end:
	// http://127.0.0.1:PORT.
	URL string

	cloud *Cloud
	host  string
	http  *http.Server
	stop  context.CancelFunc // ends the context of every request
	close func()

	mu       sync.Mutex
	closed   bool
	handlers sync.WaitGroup // Add only under mu and while not closed
}

// Start serves the cloud on a free port of 127.0.0.1.
func (c *Cloud) Start() (*Server, error) { return c.StartAt("127.0.0.1:0") }

// StartAt serves the cloud on addr, which has the form HOST:PORT. The server's URL
// keeps a HOST that is a name; of an address that is unspecified, such as
// 0.0.0.0, it makes 127.0.0.1. The error is that of [net.Listen].
func (c *Cloud) StartAt(addr string) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("awsfedtest: starting the server: %w", err)
	}
	s := &Server{cloud: c, host: publicHost(addr, listener.Addr())}
	s.URL = "http://" + s.host
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http = &http.Server{
		Handler:     http.HandlerFunc(s.serve),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	c.hosts.add(s.host)

	var serving sync.WaitGroup
	serving.Go(func() { _ = s.http.Serve(listener) }) // it ends by Close alone
	s.close = sync.OnceFunc(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.stop()
		s.handlers.Wait()
		_ = s.http.Close() // closes the listener, too
		serving.Wait()
		c.hosts.remove(s.host)
	})
	return s, nil
}

// Close stops the server: it answers the requests that it can, breaks those that
// a fault holds, and returns when the port is free. It may be called more than
// once and always returns nil.
func (s *Server) Close() error {
	s.close()
	return nil
}

// serve answers a request unless the server is closing.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.handlers.Add(1)
	}
	s.mu.Unlock()
	if closed {
		panic(http.ErrAbortHandler)
	}
	defer s.handlers.Done()
	s.cloud.ServeHTTP(w, r)
}

// ServeHTTP makes a cloud an [http.Handler], for a server of one's own. The Host
// of the request decides which service answers if it is a real one's, so that the
// emulator can stand behind a changed DNS or be an HTTP proxy; else the path
// decides.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	endpoint, ok := endpointOfHost(r.Host)
	if !ok {
		// An unknown path has no endpoint, is logged as such and gets a 404.
		endpoint, _ = endpointOfPath(r.URL.Path)
	}
	a, err := c.answer(r, endpoint, false)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		if errors.Is(err, syscall.ECONNRESET) {
			reset(w)
		}
		panic(http.ErrAbortHandler) // closes the connection and logs nothing
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(a.declared()))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.sent()) // a client that has left needs no answer
	_ = http.NewResponseController(w).Flush()
	if a.cut {
		panic(http.ErrAbortHandler)
	}
}

// reset closes the connection with a TCP RST, which is what a socket does that
// may not linger.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// publicHost returns the HOST:PORT at which clients reach a listener that was
// asked for as addr.
func publicHost(addr string, listening net.Addr) string {
	asked, _, _ := net.SplitHostPort(addr)
	bound := netip.MustParseAddrPort(listening.String())
	if ip, err := netip.ParseAddr(asked); err == nil && ip.IsUnspecified() || asked == "" {
		asked = "127.0.0.1"
	}
	return net.JoinHostPort(cmp.Or(asked, bound.Addr().String()), strconv.Itoa(int(bound.Port())))
}

// hostSet is the addresses of a cloud's running servers. Its zero value is empty
// and ready for use.
type hostSet struct {
	mu    sync.Mutex
	hosts map[string]bool
}

func (s *hostSet) add(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts == nil {
		s.hosts = make(map[string]bool)
	}
	s.hosts[host] = true
}

func (s *hostSet) remove(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hosts, host)
}

func (s *hostSet) has(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts[host]
}
