package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// Numbers and sizes of netlink(7) and sock_diag(7), of the kernel's linux/netlink.h,
// linux/sock_diag.h and linux/inet_diag.h. Numbers are in the machine's byte order, ports and
// addresses in that of the network.
const (
	headerSize  = 16 // nlmsghdr
	questionLen = 56 // inet_diag_req_v2
	answerLen   = 72 // inet_diag_msg
	errorLen    = 4  // the number in nlmsgerr
	socketIDLen = 48 // inet_diag_sockid

	diagnosticsProtocol = 4  // NETLINK_SOCK_DIAG
	byFamily            = 20 // SOCK_DIAG_BY_FAMILY
	allStates           = ^uint32(0)
	noCookie            = ^uint64(0) // INET_DIAG_NOCOOKIE, twice
)

// A question asks for the one socket of a connection.
type question struct {
	sequence  uint32
	family    uint8
	device    uint32
	asked     connection
	addresses [2]netip.Addr // of the client and the server, in the family that is asked
}

// encode is q on the wire.
func (q question) encode() []byte {
	order := binary.NativeEndian
	b := make([]byte, 0, headerSize+questionLen)
	b = order.AppendUint32(b, headerSize+questionLen)
	b = order.AppendUint16(b, byFamily)
	b = order.AppendUint16(b, syscall.NLM_F_REQUEST)
	b = order.AppendUint32(b, q.sequence)
	b = order.AppendUint32(b, 0) // to the kernel

	b = append(b, q.family, syscall.IPPROTO_TCP, 0, 0)
	b = order.AppendUint32(b, allStates)
	b = binary.BigEndian.AppendUint16(b, q.asked.client.Port())
	b = binary.BigEndian.AppendUint16(b, q.asked.server.Port())
	for _, address := range q.addresses {
		var field [16]byte // an address of IPv4 is at its start
		copy(field[:], address.AsSlice())
		b = append(b, field[:]...)
	}
	b = order.AppendUint32(b, q.device)
	return order.AppendUint64(b, noCookie)
}

var (
	// errAbsent is the kernel's answer that it has no such socket, or no such diagnostics.
	errAbsent = errors.New("peer: netlink has no such socket")
	errAnswer = errors.New("peer: netlink's answer is not one to the question")
)

// decode is the socket of an answer. It is not judged whether that is the one asked for.
func (q question) decode(b []byte) (socket, error) {
	order := binary.NativeEndian
	if len(b) < headerSize {
		return socket{}, fmt.Errorf("%w: it has %d bytes", errAnswer, len(b))
	}
	length, kind, sequence := order.Uint32(b), order.Uint16(b[4:]), order.Uint32(b[8:])
	if uint64(length) < headerSize || uint64(length) > uint64(len(b)) {
		return socket{}, fmt.Errorf("%w: %d bytes say that they are %d", errAnswer, len(b), length)
	}
	if sequence != q.sequence {
		return socket{}, fmt.Errorf("%w: its number is %d and not %d", errAnswer, sequence, q.sequence)
	}
	body := b[headerSize:length]
	switch {
	case kind == syscall.NLMSG_ERROR && len(body) >= errorLen:
		// A negative errno.
		switch code := int32(order.Uint32(body)); {
		case syscall.Errno(-code) == syscall.ENOENT:
			return socket{}, errAbsent
		case code < 0:
			return socket{}, fmt.Errorf("peer: netlink: %w", syscall.Errno(-code))
		}
		return socket{}, fmt.Errorf("%w: it is an acknowledgement", errAnswer)
	case kind == byFamily && len(body) >= answerLen:
		return decodeSocket(body)
	}
	return socket{}, fmt.Errorf("%w: it is of type %d with %d bytes", errAnswer, kind, len(body))
}

func decodeSocket(body []byte) (socket, error) {
	order := binary.NativeEndian
	id, rest := body[4:4+socketIDLen], body[4+socketIDLen:]
	var size int
	switch body[0] {
	case syscall.AF_INET:
		size = 4
	case syscall.AF_INET6:
		size = 16
	default:
		return socket{}, fmt.Errorf("%w: it is of address family %d", errAnswer, body[0])
	}
	client, _ := netip.AddrFromSlice(id[4 : 4+size])
	server, _ := netip.AddrFromSlice(id[20 : 20+size])
	return socket{
		connection: connection{
			client: plain(netip.AddrPortFrom(client, binary.BigEndian.Uint16(id))),
			server: plain(netip.AddrPortFrom(server, binary.BigEndian.Uint16(id[2:]))),
		},
		state: body[1],
		uid:   order.Uint32(rest[12:]),
		inode: uint64(order.Uint32(rest[16:])),
	}, nil
}
