package peer_test

import (
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

// own checks for the user of this process.
func own(t *testing.T, uid uint32, err error) {
	t.Helper()
	require.NoError(t, err)
	assert.EqualValues(t, os.Geteuid(), uid)
}

// unknown checks for a refusal. The user of the tests may be root, whose number sockets without an
// owner have too.
func unknown(t *testing.T, _ uint32, err error) {
	t.Helper()
	require.ErrorIs(t, err, peer.ErrNotFound)
}

func TestUIDIsThatOfTheClient(t *testing.T) {
	for _, tc := range []struct {
		name, network, address string
		dial                   func(t *testing.T, server *net.TCPAddr) net.Conn
	}{
		{name: "IPv4", network: "tcp4", address: "127.0.0.1:0"},
		{name: "another address of the loopback", network: "tcp4", address: "127.8.9.10:0"},
		{name: "IPv6", network: "tcp6", address: "[::1]:0"},
		{name: "a listener of both families", network: "tcp", address: ":0"},
		{name: "a client of IPv6 that connects to IPv4", network: "tcp4", address: "127.0.0.1:0", dial: dialMapped},
		{name: "both ends of IPv6 over IPv4", network: "tcp", address: ":0", dial: func(t *testing.T, server *net.TCPAddr) net.Conn {
			return dialMapped(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: server.Port})
		}},
		{name: "a client that is bound to an interface", network: "tcp4", address: "127.0.0.1:0", dial: dialBound},
		{name: "a client of IPv6 that is bound to an interface", network: "tcp6", address: "[::1]:0", dial: dialBound},
		{name: "a client of MPTCP", network: "tcp4", address: "127.0.0.1:0", dial: dialMultipath},
	} {
		t.Run(tc.name, func(t *testing.T) { connected(t, tc.network, tc.address, tc.dial).each(t, own) })
	}
}

func TestUIDOfALinkLocalClient(t *testing.T) {
	ip := linkLocal(t)
	p := connected(t, "tcp6", (&net.TCPAddr{IP: ip.IP, Zone: ip.Zone}).String(), func(t *testing.T, server *net.TCPAddr) net.Conn {
		// The address of a listener of MPTCP lacks the zone.
		return dialTo(&net.Dialer{})(t, &net.TCPAddr{IP: ip.IP, Zone: ip.Zone, Port: server.Port})
	})
	t.Log(p.server.RemoteAddr(), p.server.LocalAddr())
	require.Equal(t, ip.Zone, p.server.RemoteAddr().(*net.TCPAddr).Zone)
	p.each(t, own)
}

func TestUIDOfAClientThatHasSaidAll(t *testing.T) {
	p := connected(t, "tcp4", "127.0.0.1:0", nil)
	require.NoError(t, p.client.(*net.TCPConn).CloseWrite())
	drained(t, p.server)
	p.each(t, own)
}

func TestUIDOfAClientThatWasToldAll(t *testing.T) {
	p := connected(t, "tcp4", "127.0.0.1:0", nil)
	require.NoError(t, p.server.(*net.TCPConn).CloseWrite())
	drained(t, p.client)
	p.each(t, own)
}

func TestUIDOfAClosedClientIsNotFound(t *testing.T) {
	for _, tc := range []struct {
		name  string
		close func(t *testing.T, p pair)
	}{
		{"the client closed", func(t *testing.T, p pair) {
			require.NoError(t, p.client.Close())
			drained(t, p.server)
		}},
		{"the client closed with something unread", func(t *testing.T, p pair) {
			_, err := p.server.Write([]byte("answer"))
			require.NoError(t, err)
			require.NoError(t, p.client.Close())
		}},
		{"the client closed, then the server", func(t *testing.T, p pair) {
			require.NoError(t, p.client.Close())
			drained(t, p.server)
			require.NoError(t, p.server.(*net.TCPConn).CloseWrite())
		}},
		{"the server closed, then the client", func(t *testing.T, p pair) {
			require.NoError(t, p.server.(*net.TCPConn).CloseWrite())
			drained(t, p.client)
			require.NoError(t, p.client.Close())
		}},
		{"the client cut the connection", func(t *testing.T, p pair) {
			require.NoError(t, p.client.(*net.TCPConn).SetLinger(0))
			require.NoError(t, p.client.Close())
		}},
	} {
		for _, family := range []struct{ network, address string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
			t.Run(tc.name+" by "+family.network, func(t *testing.T) {
				p := connected(t, family.network, family.address, nil)
				tc.close(t, p)
				p.each(t, unknown)
			})
		}
	}
}

func TestUIDOfAClientThatIsNotOfThisMachineIsNotFound(t *testing.T) {
	for _, tc := range []struct{ name, client, network, listener string }{
		{"IPv4", "198.51.100.7:40000", "tcp4", "127.0.0.1:0"},
		{"IPv6", "[2001:db8::7]:40000", "tcp6", "[::1]:0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, err := net.ResolveTCPAddr("tcp", tc.client)
			require.NoError(t, err)
			eachUID(t, listen(t, tc.network, tc.listener).Addr(), client, unknown)
		})
	}
}

// Netlink answers with the listener at an address that no connection has.
func TestUIDOfAListenerAtTheClientsAddressIsNotFound(t *testing.T) {
	for _, tc := range []struct{ network, address string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
		t.Run(tc.network, func(t *testing.T) {
			client := listen(t, tc.network, tc.address)
			eachUID(t, listen(t, tc.network, tc.address).Addr(), client.Addr(), unknown)
		})
	}
}

func TestUIDRefusesWhatIsNoConnectionOfTCP(t *testing.T) {
	address := func(ip string, port int) *net.TCPAddr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: port} }
	for _, tc := range []struct {
		name          string
		local, remote net.Addr
		says          string
	}{
		{"no address", nil, address("127.0.0.1", 2), "no address of TCP"},
		{"an empty pointer", address("127.0.0.1", 1), (*net.TCPAddr)(nil), "no address of TCP"},
		{"a Unix socket", address("127.0.0.1", 1), &net.UnixAddr{Name: "@", Net: "unix"}, "*net.UnixAddr"},
		{"UDP", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, address("127.0.0.1", 2), "*net.UDPAddr"},
		{"no IP", &net.TCPAddr{Port: 1}, address("127.0.0.1", 2), "end of no connection"},
		{"half an IP", address("127.0.0.1", 1), &net.TCPAddr{IP: net.IP{127, 0}, Port: 2}, "end of no connection"},
		{"all addresses", address("::", 1), address("::1", 2), "end of no connection"},
		{"no port", address("127.0.0.1", 1), address("127.0.0.1", 0), "end of no connection"},
		{"two families", address("127.0.0.1", 1), address("::1", 2), "one family"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := peer.UID(tc.local, tc.remote)
			assert.ErrorContains(t, err, tc.says)
		})
	}
}

// Netlink is asked under both families; a kernel that knows a socket of IPv6 under one alone must
// be told from one that knows it under none.
func TestNetlinkKnowsAMappedClientUnderOneFamilyAtLeast(t *testing.T) {
	needDiagnostics(t)
	p := connected(t, "tcp4", "127.0.0.1:0", dialMapped)
	answers := 0
	for _, family := range []uint8{syscall.AF_INET, syscall.AF_INET6} {
		s, err := peer.Asked(p.server.LocalAddr(), p.server.RemoteAddr(), family)
		if err != nil {
			require.ErrorIs(t, err, peer.ErrAbsent)
			continue
		}
		answers++
		assert.Equal(t, p.server.RemoteAddr().String(), s.Client.String())
		assert.Equal(t, p.server.LocalAddr().String(), s.Server.String())
		assert.EqualValues(t, os.Geteuid(), s.UID)
	}
	assert.NotZero(t, answers)
}

func TestNetlinkDoesNotHang(t *testing.T) {
	needDiagnostics(t)
	assert.ErrorIs(t, peer.ReceiveOfNothing(), syscall.EAGAIN)
}

func TestUIDLeavesNoDescriptor(t *testing.T) {
	p := connected(t, "tcp4", "127.0.0.1:0", nil)
	before, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for range 20 {
		_, err := peer.UID(p.server.LocalAddr(), p.server.RemoteAddr())
		require.NoError(t, err)
		_, err = peer.Listed(p.server.LocalAddr(), p.server.RemoteAddr())
		require.NoError(t, err)
	}
	after, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	assert.Less(t, len(after), len(before)+10) // the runtime may open some of its own
}

func BenchmarkUID(b *testing.B) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(b, err)
	defer func() { _ = l.Close() }()
	client, err := net.Dial("tcp4", l.Addr().String())
	require.NoError(b, err)
	defer func() { _ = client.Close() }()
	server, err := l.Accept()
	require.NoError(b, err)
	defer func() { _ = server.Close() }()
	for _, m := range methods() {
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				uid, err := m.uid(server.LocalAddr(), server.RemoteAddr())
				if err != nil {
					b.Fatal(err)
				}
				runtime.KeepAlive(uid)
			}
		})
	}
}
