package peer_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

// message is a netlink message with a header that fits.
func message(kind uint16, sequence uint32, body []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(peer.HeaderSize+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, 0)
	b = binary.NativeEndian.AppendUint32(b, sequence)
	b = binary.NativeEndian.AppendUint32(b, 0)
	return append(b, body...)
}

// refusal is the body of an error.
func refusal(number int32) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(number)), make([]byte, 16)...)
}

// described is the body of an answer: an inet_diag_msg.
func described(family, state uint8, client, server netip.AddrPort, uid, inode uint32) []byte {
	b := []byte{family, state, 0, 0}
	b = binary.BigEndian.AppendUint16(b, client.Port())
	b = binary.BigEndian.AppendUint16(b, server.Port())
	for _, address := range []netip.Addr{client.Addr(), server.Addr()} {
		var field [16]byte
		copy(field[:], address.AsSlice())
		b = append(b, field[:]...)
	}
	b = append(b, make([]byte, 4+8+12)...) // interface, cookie, timer and queues
	b = binary.NativeEndian.AppendUint32(b, uid)
	return binary.NativeEndian.AppendUint32(b, inode)
}

func TestAnswerOfNetlink(t *testing.T) {
	client, server := netip.MustParseAddrPort("127.0.0.1:40002"), netip.MustParseAddrPort("127.0.0.2:8988")
	client6, server6 := netip.MustParseAddrPort("[2001:db8::7]:40002"), netip.MustParseAddrPort("[::1]:8988")
	mapped := func(a netip.AddrPort) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
	}
	want := peer.Socket{Client: client, Server: server, State: 1, UID: 1000, Inode: 5}
	for _, tc := range []struct {
		name string
		body []byte
		want peer.Socket
	}{
		{"IPv4", described(syscall.AF_INET, 1, client, server, 1000, 5), want},
		{"IPv4-mapped", described(syscall.AF_INET6, 1, mapped(client), mapped(server), 1000, 5), want},
		{"IPv6", described(syscall.AF_INET6, 8, client6, server6, 0, 5),
			peer.Socket{Client: client6, Server: server6, State: 8, Inode: 5}},
		{"attributes after it", append(described(syscall.AF_INET, 1, client, server, 1000, 5), 5, 0, 8, 0, 0), want},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.GreaterOrEqual(t, len(tc.body), peer.AnswerLen)
			s, err := peer.DecodeAnswer(message(peer.ByFamily, 1, tc.body))
			require.NoError(t, err)
			assert.Equal(t, tc.want, s)
		})
	}
}

// hostileAnswers are what the kernel does not answer to question number 1.
func hostileAnswers() map[string][]byte {
	address := netip.MustParseAddrPort("127.0.0.1:1")
	good := message(peer.ByFamily, 1, described(syscall.AF_INET, 1, address, address, 1000, 5))
	edit := func(at int, value byte) []byte {
		b := append([]byte(nil), good...)
		b[at] = value
		return b
	}
	huge := append([]byte(nil), good...)
	binary.NativeEndian.PutUint32(huge, 1<<32-1)
	small := append([]byte(nil), good...)
	binary.NativeEndian.PutUint32(small, peer.HeaderSize-1)
	return map[string][]byte{
		"nothing":                           nil,
		"half a header":                     good[:8],
		"a header alone":                    message(peer.ByFamily, 1, nil),
		"a message that is cut":             good[:len(good)-1],
		"a socket that is cut":              message(peer.ByFamily, 1, good[peer.HeaderSize:len(good)-1]),
		"a length over all":                 huge,
		"a length below the header's":       small,
		"the answer to another question":    message(peer.ByFamily, 2, good[peer.HeaderSize:]),
		"an error of another question":      message(syscall.NLMSG_ERROR, 2, refusal(-int32(syscall.ENOENT))),
		"an acknowledgement":                message(syscall.NLMSG_ERROR, 1, refusal(0)),
		"a positive number for an error":    message(syscall.NLMSG_ERROR, 1, refusal(5)),
		"an error without a number":         message(syscall.NLMSG_ERROR, 1, []byte{1, 2, 3}),
		"the end of a list":                 message(syscall.NLMSG_DONE, 1, refusal(0)),
		"another type":                      message(77, 1, good[peer.HeaderSize:]),
		"the address family of Unix":        edit(peer.HeaderSize, syscall.AF_UNIX),
		"no address family":                 edit(peer.HeaderSize, 0),
		"the smallest number for an error":  message(syscall.NLMSG_ERROR, 1, refusal(-1<<31)),
		"an error that no system call says": message(syscall.NLMSG_ERROR, 1, refusal(-100000)),
	}
}

func TestAnswerOfNetlinkThatIsNone(t *testing.T) {
	for name, answer := range hostileAnswers() {
		t.Run(name, func(t *testing.T) {
			s, err := peer.DecodeAnswer(answer)
			require.Error(t, err)
			assert.NotErrorIs(t, err, peer.ErrAbsent)
			assert.Zero(t, s)
		})
	}
}

func TestAnswerOfNetlinkOnAnotherSocket(t *testing.T) {
	client, server := netip.MustParseAddrPort("127.0.0.1:40002"), netip.MustParseAddrPort("127.0.0.2:8988")
	other := netip.MustParseAddrPort("127.0.0.1:8988")
	for _, tc := range []struct {
		name   string
		answer peer.Socket
		want   error
	}{
		{"the one", peer.Socket{Client: client, Server: server, State: peer.Established}, nil},
		{"the server's end", peer.Socket{Client: server, Server: client, State: peer.Established}, peer.ErrAnswer},
		{"another client", peer.Socket{Client: other, Server: server, State: peer.Established}, peer.ErrAnswer},
		{"another server", peer.Socket{Client: client, Server: other, State: peer.Established}, peer.ErrAnswer},
		{"a listener", peer.Socket{Client: client, State: peer.Listening}, peer.ErrNotFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.answer.IsClientOf(net.TCPAddrFromAddrPort(server), net.TCPAddrFromAddrPort(client))
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestErrorOfNetlink(t *testing.T) {
	_, err := peer.DecodeAnswer(message(syscall.NLMSG_ERROR, 1, refusal(-int32(syscall.ENOENT))))
	require.ErrorIs(t, err, peer.ErrAbsent)
	_, err = peer.DecodeAnswer(message(syscall.NLMSG_ERROR, 1, refusal(-int32(syscall.EPERM))))
	require.ErrorIs(t, err, syscall.EPERM)
}

func FuzzAnswer(f *testing.F) {
	for _, answer := range hostileAnswers() {
		f.Add(answer)
	}
	address := netip.MustParseAddrPort("[2001:db8::7]:1")
	f.Add(message(peer.ByFamily, 1, described(syscall.AF_INET6, 1, address, address, 1000, 5)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := peer.DecodeAnswer(b)
		if err != nil {
			require.Zero(t, s)
			return
		}
		require.True(t, s.Client.IsValid())
		require.False(t, s.Client.Addr().Is4In6())
	})
}
