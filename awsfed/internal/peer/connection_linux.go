package peer

import (
	"fmt"
	"net"
	"net/netip"
)

// A connection is a pair of addresses as the client's socket has them. Both are of one family, IPv4
// where they are IPv4-mapped, and without a zone.
type connection struct {
	client, server netip.AddrPort
	zone           string // the interface of link-local addresses, or its number; else empty
}

// newConnection is the connection whose server's end has these addresses.
func newConnection(local, remote net.Addr) (connection, error) {
	server, serverZone, err := tcpAddress(local)
	if err != nil {
		return connection{}, err
	}
	client, zone, err := tcpAddress(remote)
	if err != nil {
		return connection{}, err
	}
	if zone == "" {
		zone = serverZone
	}
	if client.Addr().Is4() != server.Addr().Is4() {
		return connection{}, fmt.Errorf("peer: %v and %v are not of one family", local, remote)
	}
	return connection{client: client, server: server, zone: zone}, nil
}

func tcpAddress(addr net.Addr) (address netip.AddrPort, zone string, err error) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || tcp == nil {
		return address, "", fmt.Errorf("peer: %v is no address of TCP but a %T", addr, addr)
	}
	address = tcp.AddrPort()
	// A listener for all addresses has such an address, a connection never.
	if !address.IsValid() || address.Addr().IsUnspecified() || address.Port() == 0 {
		return address, "", fmt.Errorf("peer: %v is the end of no connection", tcp)
	}
	return plain(address), address.Addr().Zone(), nil
}

// plain is address as IPv4 where it is IPv4-mapped, and without its zone.
func plain(address netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(address.Addr().Unmap().WithZone(""), address.Port())
}

// reversed is the connection as the server's socket has it.
func (c connection) reversed() connection {
	c.client, c.server = c.server, c.client
	return c
}

// withoutZone is the pair of addresses alone, for the comparison with those of a socket.
func (c connection) withoutZone() connection {
	c.zone = ""
	return c
}

// String names the connection in errors.
func (c connection) String() string {
	return fmt.Sprintf("from %v to %v", c.client, c.server)
}
