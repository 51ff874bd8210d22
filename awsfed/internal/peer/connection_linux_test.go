package peer_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

// A method is a way to ask for the owner of a connection.
type method struct {
	name string
	uid  func(local, remote net.Addr) (uint32, error)
}

func methods() []method {
	return []method{
		{"by the function that callers use", peer.UID},
		{"by netlink", peer.Diagnosed},
		{"by the tables of proc", peer.Listed},
	}
}

// A pair is both ends of a connection.
type pair struct {
	client, server net.Conn
}

// each asks by each method for the client of p.
func (p pair) each(t *testing.T, check func(t *testing.T, uid uint32, err error)) {
	t.Helper()
	eachUID(t, p.server.LocalAddr(), p.server.RemoteAddr(), check)
}

func eachUID(t *testing.T, local, remote net.Addr, check func(t *testing.T, uid uint32, err error)) {
	t.Helper()
	for _, m := range methods() {
		t.Run(m.name, func(t *testing.T) {
			if m.name == "by netlink" {
				needDiagnostics(t)
			}
			uid, err := m.uid(local, remote)
			check(t, uid, err)
		})
	}
}

// needDiagnostics skips where a sandbox or the kernel has no diagnostics of sockets: for a
// connection of this process netlink must have an answer then.
func needDiagnostics(t *testing.T) {
	t.Helper()
	p := connected(t, "tcp4", "127.0.0.1:0", nil)
	if _, err := peer.Asked(p.server.LocalAddr(), p.server.RemoteAddr(), syscall.AF_INET); err != nil {
		t.Skipf("no diagnostics of sockets by netlink: %v", err)
	}
}

// listen is a listener that ends with the test.
func listen(t *testing.T, network, address string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil && network == "tcp6" {
		t.Skipf("no IPv6: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.(*net.TCPListener)
}

// connected is a connection to a new listener. The dial is net.Dial where it is nil.
func connected(t *testing.T, network, address string, dial func(t *testing.T, server *net.TCPAddr) net.Conn) pair {
	t.Helper()
	l := listen(t, network, address)
	if dial == nil {
		dial = dialTo(&net.Dialer{})
	}
	return accepted(t, l, dial(t, l.Addr().(*net.TCPAddr)))
}

// accepted is the connection of client, whose other end l is to accept.
func accepted(t *testing.T, l net.Listener, client net.Conn) pair {
	t.Helper()
	t.Cleanup(func() { _ = client.Close() })
	server, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	return pair{client: client, server: server}
}

// dialTo dials the loopback if the server listens at all addresses.
func dialTo(dialer *net.Dialer) func(t *testing.T, server *net.TCPAddr) net.Conn {
	return func(t *testing.T, server *net.TCPAddr) net.Conn {
		t.Helper()
		address := server.String()
		if server.IP.IsUnspecified() {
			address = fmt.Sprintf("127.0.0.1:%d", server.Port)
		}
		conn, err := dialer.DialContext(context.Background(), "tcp", address)
		require.NoError(t, err)
		return conn
	}
}

// dialMapped connects a socket of IPv6 to an address of IPv4, as the sockets of Java are.
func dialMapped(t *testing.T, server *net.TCPAddr) net.Conn {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no IPv6: %v", err)
	}
	file := os.NewFile(uintptr(fd), "client")
	defer func() { _ = file.Close() }()
	address := &syscall.SockaddrInet6{Port: server.Port}
	copy(address.Addr[:], server.IP.To16())
	require.NoError(t, syscall.Connect(fd, address))
	conn, err := net.FileConn(file)
	require.NoError(t, err)
	return conn
}

// dialBound connects a socket that is bound to the interface of the loopback, as that of
// "curl --interface lo" is.
func dialBound(t *testing.T, server *net.TCPAddr) net.Conn {
	t.Helper()
	var refused error
	dialer := &net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { refused = syscall.BindToDevice(int(fd), "lo") })
	}}
	conn := dialTo(dialer)(t, server)
	if refused != nil {
		_ = conn.Close()
		t.Skipf("binding to an interface: %v", refused)
	}
	return conn
}

// dialMultipath connects by MPTCP.
func dialMultipath(t *testing.T, server *net.TCPAddr) net.Conn {
	t.Helper()
	dialer := new(net.Dialer)
	dialer.SetMultipathTCP(true)
	conn := dialTo(dialer)(t, server)
	if used, err := conn.(*net.TCPConn).MultipathTCP(); err != nil || !used {
		_ = conn.Close()
		t.Skipf("no MPTCP: %v", err)
	}
	return conn
}

// linkLocal is an address of this machine with a zone.
func linkLocal(t *testing.T) net.IPAddr {
	t.Helper()
	interfaces, err := net.Interfaces()
	require.NoError(t, err)
	for _, device := range interfaces {
		addresses, _ := device.Addrs()
		for _, address := range addresses {
			if network, ok := address.(*net.IPNet); ok && network.IP.To4() == nil && network.IP.IsLinkLocalUnicast() {
				return net.IPAddr{IP: network.IP, Zone: device.Name}
			}
		}
	}
	t.Skip("this machine has no link-local address")
	return net.IPAddr{}
}

// drained waits until conn has given all, so that the other end's close has come.
func drained(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := io.ReadAll(conn)
	require.NoError(t, err)
}
