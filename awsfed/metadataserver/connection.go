package metadataserver

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
)

// A connection is what requests are judged by that does not change between those of one TCP
// connection.
type connection struct {
	local, remote netip.AddrPort // invalid where the server that was made by others does not tell
	hosts         []string       // that name the address it was made to

	once  sync.Once
	fault string // why its peer is not served; "" for none

	place *place // among the connections of the server; nil for a server of others
}

func newConnection(local net.Addr, remote string) *connection {
	c := &connection{}
	if tcp, ok := local.(*net.TCPAddr); ok {
		c.local = unmapped(tcp.AddrPort())
	}
	if address, err := netip.ParseAddrPort(remote); err == nil {
		c.remote = unmapped(address)
	}
	if !c.local.IsValid() {
		return c
	}
	names := []string{inHost(c.local.Addr()), "localhost"}
	// What that name stands for is up to the network's name server, which may let a page of its own
	// have it and then bind it to a loopback address.
	if names[0] == "169.254.169.254" {
		names = append(names, "metadata.google.internal")
	}
	for _, name := range names {
		c.hosts = append(c.hosts, name+":"+strconv.Itoa(int(c.local.Port())))
		if c.local.Port() == 80 { // which a client leaves out
			c.hosts = append(c.hosts, name)
		}
	}
	return c
}

// unmapped is 127.0.0.1 rather than ::ffff:127.0.0.1. The interface of a link-local address stays:
// the kernel finds no socket without it.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// inHost is an address as it stands in a Host header: in brackets for IPv6, and without the
// interface, which clients leave out (RFC 6874 §4).
func inHost(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.WithZone("").String() + "]"
	}
	return a.String()
}

type connectionKey struct{}

// connectionOf finds what NewServer knows of the request's connection, or makes it for this request
// where the handler is in a server of others.
func connectionOf(r *http.Request) *connection {
	if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
		return c
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return newConnection(local, r.RemoteAddr)
}

func withConnection(ctx context.Context, c *connection) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// peerFault asks the kernel once, at the first request: a peer that sends none is not worth it.
func (c *connection) peerFault(p *peers) string {
	c.once.Do(func() { c.fault = p.judge(c.local, c.remote) })
	return c.fault
}
