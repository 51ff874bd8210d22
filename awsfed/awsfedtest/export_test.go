package awsfedtest

import (
	"net"
	"net/url"
)

// StartOn is Start on a listener that a synctest bubble can hold.
func (c *Cloud) StartOn(listener net.Listener) *Server {
	return c.startOn(listener, ServerOptions{Addr: listener.Addr().String()}, "")
}

// EndpointOf is the endpoint that a request for u reaches in the process.
func (c *Cloud) EndpointOf(u *url.URL) (Endpoint, bool) { return c.endpointOf(u) }
