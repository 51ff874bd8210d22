package peer

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
)

var errLine = errors.New("it is no line of a table of sockets")

// parseLine is the socket of a line of /proc/net/tcp or tcp6:
//
//	0: 0100007F:231C 0100007F:9C42 01 00000000:00000000 00:00000000 00000000 1000 0 4711 1 …
//
// An address is one or four words of 32 bits, in hexadecimal digits. The word is what the machine
// reads from four bytes of the address, so the digits depend on its order of bytes. Ports are plain
// numbers.
func parseLine(line []byte, order binary.ByteOrder) (socket, error) {
	var s socket
	_, rest := nextField(line) // the number of the line
	client, rest := nextField(rest)
	server, rest := nextField(rest)
	state, rest := nextField(rest)
	for range 3 { // queues, timer, retransmissions
		_, rest = nextField(rest)
	}
	uid, rest := nextField(rest)
	_, rest = nextField(rest) // probes
	inode, _ := nextField(rest)

	var err error
	if s.connection.client, err = parseAddress(client, order); err != nil {
		return socket{}, err
	}
	if s.connection.server, err = parseAddress(server, order); err != nil {
		return socket{}, err
	}
	number, ok := parseHex(state, 2)
	if !ok {
		return socket{}, fmt.Errorf("%w: state %q", errLine, state)
	}
	s.state = uint8(number)
	user, err := strconv.ParseUint(string(uid), 10, 32)
	if err != nil {
		return socket{}, fmt.Errorf("%w: uid %q", errLine, uid)
	}
	s.uid = uint32(user)
	if s.inode, err = strconv.ParseUint(string(inode), 10, 64); err != nil {
		return socket{}, fmt.Errorf("%w: inode %q", errLine, inode)
	}
	return s, nil
}

// nextField cuts the first field of what blanks separate. It is empty at the end.
func nextField(line []byte) (field, rest []byte) {
	line = bytes.TrimLeft(line, " ")
	if end := bytes.IndexByte(line, ' '); end >= 0 {
		return line[:end], line[end:]
	}
	return line, nil
}

// parseAddress is "0100007F:231C", with 8 digits for IPv4 and 32 for IPv6.
func parseAddress(field []byte, order binary.ByteOrder) (netip.AddrPort, error) {
	digits, port, _ := bytes.Cut(field, []byte(":"))
	number, ok := parseHex(port, 4)
	var address [16]byte
	size := len(digits) / 2
	if !ok || len(digits) != 8 && len(digits) != 32 {
		return netip.AddrPort{}, fmt.Errorf("%w: address %q", errLine, field)
	}
	if _, err := hex.Decode(address[:size], digits); err != nil {
		return netip.AddrPort{}, fmt.Errorf("%w: address %q", errLine, field)
	}
	for word := address[:size]; len(word) > 0; word = word[4:] {
		order.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	parsed, _ := netip.AddrFromSlice(address[:size])
	return plain(netip.AddrPortFrom(parsed, uint16(number))), nil
}

// parseHex is the number of so many hexadecimal digits, at most four.
func parseHex(digits []byte, count int) (number uint16, ok bool) {
	var b [2]byte
	if len(digits) != count {
		return 0, false
	}
	if _, err := hex.Decode(b[2-count/2:], digits); err != nil {
		return 0, false
	}
	return binary.BigEndian.Uint16(b[:]), true
}
