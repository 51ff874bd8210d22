package peer_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

const (
	columns = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	// A line of a machine that is little-endian, and one of IPv6.
	lineIPv4 = "   5: 0100007F:9C42 0200007F:231C 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000013ca5446 100 0 0 10 0                      "
	lineIPv6 = "   0: B80D0120000000000000000007000000:9C42 00000000000000000000000001000000:231C 08 00000000:00000000 00:00000000 00000000     0        0 18446744073709551615 1 0000000013ca5446 20 4 30 10 -1"
)

func TestLineOfATableOfSockets(t *testing.T) {
	for _, tc := range []struct {
		name, line string
		order      binary.ByteOrder
		want       peer.Socket
	}{
		{"IPv4", lineIPv4, binary.LittleEndian, peer.Socket{
			Client: netip.MustParseAddrPort("127.0.0.1:40002"), Server: netip.MustParseAddrPort("127.0.0.2:8988"),
			State: 1, UID: 1000, Inode: 4711,
		}},
		{"IPv4 of a machine that is big-endian", lineIPv4, binary.BigEndian, peer.Socket{
			Client: netip.MustParseAddrPort("1.0.0.127:40002"), Server: netip.MustParseAddrPort("2.0.0.127:8988"),
			State: 1, UID: 1000, Inode: 4711,
		}},
		{"IPv6", lineIPv6, binary.LittleEndian, peer.Socket{
			Client: netip.MustParseAddrPort("[2001:db8::7]:40002"), Server: netip.MustParseAddrPort("[::1]:8988"),
			State: 8, Inode: 1<<64 - 1,
		}},
		{"IPv4-mapped", "0: 0000000000000000FFFF00000100007F:9C42 0000000000000000FFFF00000100007F:231C 01 0 0 0 5 0 7",
			binary.LittleEndian, peer.Socket{
				Client: netip.MustParseAddrPort("127.0.0.1:40002"), Server: netip.MustParseAddrPort("127.0.0.1:8988"),
				State: 1, UID: 5, Inode: 7,
			}},
		{"one that waits for its end", "  12: 0100007F:9C42 0100007F:231C 06 00000000:00000000 03:00000176 00000000     0        0 0 3 0000000013ca5446",
			binary.LittleEndian, peer.Socket{
				Client: netip.MustParseAddrPort("127.0.0.1:40002"), Server: netip.MustParseAddrPort("127.0.0.1:8988"), State: 6,
			}},
		{"the largest uid", strings.Replace(lineIPv4, " 1000 ", " 4294967295 ", 1), binary.LittleEndian, peer.Socket{
			Client: netip.MustParseAddrPort("127.0.0.1:40002"), Server: netip.MustParseAddrPort("127.0.0.2:8988"),
			State: 1, UID: 1<<32 - 1, Inode: 4711,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := peer.ParseLine([]byte(tc.line), tc.order)
			require.NoError(t, err)
			assert.Equal(t, tc.want, s)
		})
	}
}

// hostileLines are lines that the kernel does not write.
func hostileLines() map[string]string {
	edit := func(from, to string) string { return strings.Replace(lineIPv4, from, to, 1) }
	return map[string]string{
		"nothing":                        "",
		"blanks":                         strings.Repeat(" ", 100),
		"the names of the columns":       strings.TrimSpace(columns),
		"cut after the number":           "   5:",
		"cut after the state":            lineIPv4[:32],
		"cut after the uid":              lineIPv4[:strings.Index(lineIPv4, "1000")+4],
		"a negative uid":                 edit(" 1000 ", " -1 "),
		"a uid with a sign":              edit(" 1000 ", " +0 "),
		"a uid of 33 bits":               edit(" 1000 ", " 4294967296 "),
		"a hexadecimal uid":              edit(" 1000 ", " 0x3e8 "),
		"a uid with an underscore":       edit(" 1000 ", " 1_000 "),
		"a uid of a million digits":      edit(" 1000 ", " "+strings.Repeat("1", 1_000_000)+" "),
		"an inode of 65 bits":            edit(" 4711 ", " 18446744073709551616 "),
		"an inode that is a word":        edit(" 4711 ", " none "),
		"an address of three bytes":      edit("0100007F:", "01007F:"),
		"an address of 16 digits":        edit("0100007F:", "0100007F0100007F:"),
		"an address of other characters": edit("0100007F:", "0100007G:"),
		"an address without a port":      edit(":9C42", ""),
		"a port of five digits":          edit(":9C42", ":09C42"),
		"a port of two digits":           edit(":9C42", ":42"),
		"a port of other characters":     edit(":9C42", ":9C4\x00"),
		"two ports":                      edit(":9C42", ":9C42:9C42"),
		"a state of one digit":           edit(" 01 ", " 1 "),
		"a state of three digits":        edit(" 01 ", " 001 "),
		"tabs for blanks":                strings.ReplaceAll(lineIPv4, " ", "\t"),
		"zeros for blanks":               strings.ReplaceAll(lineIPv4, " ", "\x00"),
	}
}

func TestLineThatIsNone(t *testing.T) {
	for name, line := range hostileLines() {
		t.Run(name, func(t *testing.T) {
			_, err := peer.ParseLine([]byte(line), binary.LittleEndian)
			assert.ErrorIs(t, err, peer.ErrLine)
		})
	}
}

// line is one as the kernel of this machine writes it.
func line(s peer.Socket) string {
	address := func(a netip.AddrPort) string {
		var b strings.Builder
		for word := a.Addr().AsSlice(); len(word) > 0; word = word[4:] {
			_, _ = fmt.Fprintf(&b, "%08X", binary.NativeEndian.Uint32(word))
		}
		return fmt.Sprintf("%s:%04X", b.String(), a.Port())
	}
	return fmt.Sprintf("%4d: %s %s %02X %08X:%08X %02X:%08X %08X %5d %8d %d %d %016x %d\n",
		0, address(s.Client), address(s.Server), s.State, 0, 0, 0, 0, 0, s.UID, 0, s.Inode, 1, 0, 100)
}

func FuzzLine(f *testing.F) {
	f.Add([]byte(lineIPv4))
	f.Add([]byte(lineIPv6))
	for _, hostile := range hostileLines() {
		if len(hostile) < peer.MaxLine {
			f.Add([]byte(hostile))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := peer.ParseLine(b, binary.NativeEndian)
		if err != nil {
			require.ErrorIs(t, err, peer.ErrLine)
			require.Zero(t, s)
			return
		}
		again, err := peer.ParseLine([]byte(line(s)), binary.NativeEndian)
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func TestTableOfSockets(t *testing.T) {
	client, server := netip.MustParseAddrPort("[fe80::1]:40002"), netip.MustParseAddrPort("[fe80::2]:8988")
	socket := func(state uint8, uid uint32, inode uint64) string {
		return line(peer.Socket{Client: client, Server: server, State: state, UID: uid, Inode: inode})
	}
	reversed := line(peer.Socket{Client: server, Server: client, State: peer.Established, UID: 9, Inode: 9})
	other := line(peer.Socket{Client: client, Server: client, State: peer.Established, UID: 9, Inode: 9})
	for _, tc := range []struct {
		name, lines string
		uid         uint32
		says        string // the error, if there is to be one
	}{
		{"the one", socket(1, 1000, 5), 1000, ""},
		{"the one among others", reversed + other + socket(1, 1000, 5) + reversed, 1000, ""},
		{"a last line without an end", strings.TrimSuffix(socket(1, 1000, 5), "\n"), 1000, ""},
		{"said all", socket(5, 1000, 5), 1000, ""},
		{"was told all", socket(8, 1000, 5), 1000, ""},
		{"two of one user", socket(1, 1000, 5) + socket(1, 1000, 6), 1000, ""},
		{"two, of which one is over", socket(6, 0, 0) + socket(1, 1000, 6) + socket(5, 0, 0), 1000, ""},
		{"two of two users", socket(1, 1000, 5) + socket(1, 1001, 6), 0, "several users"},
		{"three of two users", socket(1, 1000, 5) + socket(1, 0, 6) + socket(1, 0, 7), 0, "several users"},
		{"only the server's end", reversed, 0, "no process holds"},
		{"a socket without an inode", socket(1, 0, 0), 0, "no process holds"},
		{"a socket that waits in FIN_WAIT2", socket(5, 0, 0), 0, "no process holds"},
		{"a socket of no process in FIN_WAIT1", socket(4, 0, 0), 0, "no process holds"},
		{"a socket in TIME_WAIT", socket(6, 0, 0), 0, "no process holds"},
		{"a socket that is not connected", socket(2, 1000, 5), 0, "no process holds"},
		{"a socket that both ends closed", socket(9, 1000, 5), 0, "no process holds"},
		{"a state of later kernels", socket(200, 1000, 5), 0, "no process holds"},
		{"no socket", "", 0, "no process holds"},
		{"a line that is none, after the one", socket(1, 1000, 5) + "rubbish\n", 0, "line 3"},
		{"an empty line", "\n" + socket(1, 1000, 5), 0, "line 2"},
		{"a long line", strings.Repeat(" ", peer.MaxLine) + "\n", 0, "token too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			uid, err := peer.ListedIn(strings.NewReader(columns+tc.lines),
				net.TCPAddrFromAddrPort(netip.AddrPortFrom(server.Addr().WithZone("eth0"), server.Port())),
				net.TCPAddrFromAddrPort(netip.AddrPortFrom(client.Addr().WithZone("eth0"), client.Port())))
			if tc.says != "" {
				require.ErrorContains(t, err, tc.says)
				assert.Zero(t, uid)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.uid, uid)
		})
	}
}

// A table without an end must not be read for ever.
func TestTableOfSocketsIsBounded(t *testing.T) {
	endless := &repeated{text: lineIPv4 + "\n"}
	_, err := peer.ListedIn(endless, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2})
	require.ErrorContains(t, err, "bytes")
	assert.Less(t, endless.read, peer.MaxTable*11/10) // the ends of lines are not counted
}

// repeated is a text over and over.
type repeated struct {
	text string
	read int
}

var _ io.Reader = (*repeated)(nil)

func (r *repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[(r.read+i)%len(r.text)]
	}
	r.read += len(p)
	return len(p), nil
}

func BenchmarkLine(b *testing.B) {
	b.ReportAllocs()
	text := []byte(lineIPv4)
	for b.Loop() {
		if _, err := peer.ParseLine(text, binary.NativeEndian); err != nil {
			b.Fatal(err)
		}
	}
}
