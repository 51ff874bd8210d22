package serve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// stopTime is how long requests that run may take once the server stops.
const stopTime = 5 * time.Second

// A Server serves listeners until it is stopped.
type Server struct {
	http    *http.Server
	running sync.WaitGroup
	failed  chan error
}

// Start serves each of the listeners.
func Start(server *http.Server, listeners ...net.Listener) *Server {
	s := &Server{http: server, failed: make(chan error, len(listeners))}
	for _, l := range listeners {
		s.running.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		})
	}
	return s
}

// Failed gives the error of a listener that does not serve any more.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop closes the listeners and lets requests that run end, for 5 seconds at most.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // they had their time
	}
	s.running.Wait()
}
