package awsfedtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
)

// Server serves a [Cloud] on one port, for clients in any language. The credential endpoints ask
// nobody who they are, and without [ServerOptions.TLS] nothing is encrypted, so it belongs on
// loopback or in a closed network. Close it after use.
//
// Besides the cloud it answers GET /healthz with 200, which no fault strikes and no log lists.
type Server struct {
	// URL is where the server is reached, without a slash at the end: http://127.0.0.1:PORT, or
	// [ServerOptions.PublicURL].
	URL string
	// Addr is where clients on this machine reach it, whatever URL is: HOST:PORT.
	Addr string

	cloud atomic.Pointer[Cloud] // see Replace
	hosts []string              // by which clients reach it
	http  *http.Server
	stop  context.CancelFunc // ends the context of every request
	close func()

	mu       sync.Mutex
	closed   bool
	handlers int           // that are running
	idle     chan struct{} // closed when closed is set and no handler runs
}

// The bounds of what a client may cost.
const (
	// maxHeader bounds the headers of a request. The largest value is a session token of AWS.
	maxHeader = 64 << 10
	// headerTimeout and bodyTimeout bound how long a request takes to arrive, and writeTimeout how
	// long a client takes to read the answer. None counts the time in which a fault holds a
	// request.
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	writeTimeout  = 30 * time.Second
	// idleTimeout is longer than clients keep their connections, so that it is they who close them.
	idleTimeout = 2 * time.Minute
	// closeTimeout bounds how long Close waits for answers under way, and then once more for
	// handlers whose connections it has closed.
	closeTimeout = time.Second
)

// Start serves the cloud on a free port of 127.0.0.1.
func (c *Cloud) Start() (*Server, error) { return c.StartServer(ServerOptions{}) }

// StartAt serves the cloud on addr, which is [ServerOptions.Addr]. The error is that of
// [net.Listen].
func (c *Cloud) StartAt(addr string) (*Server, error) {
	return c.StartServer(ServerOptions{Addr: addr})
}

// StartServer serves the cloud as o says. The error is that of [net.Listen], or says what is wrong
// with o.
func (c *Cloud) StartServer(o ServerOptions) (*Server, error) {
	o.Addr = cmp.Or(o.Addr, "127.0.0.1:0")
	public, err := o.publicURL()
	if err != nil {
		return nil, fmt.Errorf("awsfedtest: starting the server: %w", err)
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("awsfedtest: starting the server: %w", err)
	}
	return c.startOn(listener, o, public), nil
}

// startOn serves the cloud on a listener that was asked for as o.Addr.
func (c *Cloud) startOn(listener net.Listener, o ServerOptions, public string) *Server {
	s := &Server{Addr: publicHost(o.Addr, listener.Addr()), idle: make(chan struct{})}
	s.URL = cmp.Or(public, o.scheme()+"://"+s.Addr)
	_, host, _ := strings.Cut(s.URL, "://")
	s.hosts = []string{s.Addr, host}
	s.cloud.Store(c)
	listener = o.wrap(listener)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		// ReadTimeout would end the context of a request that a fault holds, so serve bounds the
		// body.
	}
	if c.options.Logger != nil {
		s.http.ErrorLog = slog.NewLogLogger(c.options.Logger.Handler(), slog.LevelWarn)
	}
	c.hosts.add(s.hosts)

	var serving sync.WaitGroup
	serving.Go(func() { _ = s.http.Serve(listener) }) // it ends by Close alone
	s.close = sync.OnceFunc(func() {
		s.mu.Lock()
		s.closed = true
		if s.handlers == 0 {
			close(s.idle)
		}
		s.mu.Unlock()
		s.stop()
		s.wait()
		_ = s.http.Close() // closes the listener, too
		serving.Wait()
		s.wait()
		s.cloud.Load().hosts.remove(s.hosts)
	})
	return s
}

// Close stops the server: it answers the requests that it can, breaks those that a fault holds or
// that are half sent, and returns when the port is free, after two seconds at most. It may be
// called more than once, by many at once, and always returns nil.
func (s *Server) Close() error {
	s.close()
	return nil
}

// Shutdown is [Server.Close] for clients that are to notice little: the server takes no new
// connections, and requests under way have until ctx ends, those that a fault holds too. The error
// is that of ctx, with what was left then broken off.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.close()
	return s.http.Shutdown(ctx)
}

// wait waits for the handlers of a server that is closing, but not for ever: one may be in user
// code, or write to a client that does not read.
func (s *Server) wait() {
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-s.idle:
	case <-timer.C:
	}
}

// enter counts a handler in, unless the server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.handlers++
	return true
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers--
	if s.closed && s.handlers == 0 {
		close(s.idle)
	}
}

// serve answers a request unless the server is closing.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.leave()
	if isHealthCheck(r) {
		_, _ = io.WriteString(w, "ok\n")
		return
	}
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout))
	release := context.AfterFunc(r.Context(), func() { _ = connection.SetReadDeadline(time.Now()) })
	_, err := inprocess.ReadBody(r)
	if release() {
		// From here on the server itself reads, to see the client leave: that takes as long as it
		// takes.
		_ = connection.SetReadDeadline(time.Time{})
	}
	if err != nil {
		refuse(w, err)
		return
	}
	s.cloud.Load().ServeHTTP(w, r)
}

// isHealthCheck reports whether r asks for the server itself. No service that it plays has that
// path.
func isHealthCheck(r *http.Request) bool {
	return r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// refuse ends a request that has no answer.
func refuse(w http.ResponseWriter, err error) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if errors.Is(err, syscall.ECONNRESET) {
		reset(w)
	}
	panic(http.ErrAbortHandler) // closes the connection and logs nothing
}

// ServeHTTP makes a cloud an [http.Handler], for a server of one's own. The Host of the request
// decides which service answers if it is a real one's, so that the emulator can stand behind a
// changed DNS or be an HTTP proxy; else, and at the host of [ServerOptions.PublicURL], the path
// decides. A host that would be AWS STS's, in a region that AWS does not have, gets a 404.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer c.open.begin()()
	endpoint, ok := c.endpointOfHost(r.Host, r.URL.Path)
	if !ok && !fakeaws.IsSTSName(r.Host) || c.hosts.has(r.Host) {
		// An unknown path has no endpoint, is logged as such and gets a 404.
		endpoint, _ = endpointOfPath(r.URL.Path)
	}
	a, err := c.answer(r, endpoint, false)
	if err != nil {
		refuse(w, err)
		return
	}
	// A server of the user's own may know no deadlines.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	for name, values := range a.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(a.Length()))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Sent()) // a client that has left needs no answer
	_ = http.NewResponseController(w).Flush()
	if a.Cut {
		panic(http.ErrAbortHandler)
	}
}
