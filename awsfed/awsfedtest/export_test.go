package awsfedtest

import (
	"net"
	"net/http"
)

// StartOn serves the cloud on a listener that a synctest bubble can hold, with the settings of the
// server that Start makes.
func (c *Cloud) StartOn(listener net.Listener) *http.Server {
	s, err := c.Start()
	if err != nil {
		panic(err)
	}
	_ = s.Close() // with its socket, which a bubble cannot wait for
	server := &http.Server{
		Handler: c, ReadTimeout: s.http.ReadTimeout, ReadHeaderTimeout: s.http.ReadHeaderTimeout,
		WriteTimeout: s.http.WriteTimeout, IdleTimeout: s.http.IdleTimeout, MaxHeaderBytes: s.http.MaxHeaderBytes,
	}
	go func() { _ = server.Serve(listener) }() // it ends by Close
	return server
}
