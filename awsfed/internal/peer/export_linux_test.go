package peer

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"syscall"
)

// Numbers of the wire, for the tests that forge answers.
const (
	HeaderSize  = headerSize
	AnswerLen   = answerLen
	ByFamily    = byFamily
	Listening   = listening
	Established = established
	MaxLine     = maxLine
	MaxTable    = maxTable
)

var (
	ErrAbsent = errAbsent
	ErrAnswer = errAnswer
	ErrLine   = errLine
)

// Diagnosed is UID by netlink alone.
func Diagnosed(local, remote net.Addr) (uint32, error) {
	c, err := newConnection(local, remote)
	if err != nil {
		return 0, err
	}
	return diagnosedUID(c)
}

// Listed is UID by the tables of /proc alone.
func Listed(local, remote net.Addr) (uint32, error) {
	c, err := newConnection(local, remote)
	if err != nil {
		return 0, err
	}
	return listedUID(c)
}

// ListedIn is Listed with one table that table holds.
func ListedIn(table io.Reader, local, remote net.Addr) (uint32, error) {
	c, err := newConnection(local, remote)
	if err != nil {
		return 0, err
	}
	var owners owners
	if err := owners.add(table, c); err != nil {
		return 0, err
	}
	return owners.one(c)
}

// A Socket is what a line or an answer says.
type Socket struct {
	Client, Server netip.AddrPort
	State          uint8
	UID            uint32
	Inode          uint64
}

func exported(s socket) Socket {
	return Socket{s.connection.client, s.connection.server, s.state, s.uid, s.inode}
}

// ParseLine is a line of /proc/net/tcp of a machine with that order of bytes.
func ParseLine(line []byte, order binary.ByteOrder) (Socket, error) {
	s, err := parseLine(line, order)
	return exported(s), err
}

// DecodeAnswer is an answer to question number 1.
func DecodeAnswer(b []byte) (Socket, error) {
	s, err := question{sequence: 1}.decode(b)
	return exported(s), err
}

// Asked says under which families, of 4 and 6, netlink knows the client's end of IPv4.
func Asked(local, remote net.Addr, family uint8) (Socket, error) {
	c, err := newConnection(local, remote)
	if err != nil {
		return Socket{}, err
	}
	d, err := openDiagnostics(diagnosticsProtocol)
	if err != nil {
		return Socket{}, err
	}
	defer d.close()
	q := question{asked: c, device: loopbackDevice, family: family}
	q.addresses = [2]netip.Addr{c.client.Addr(), c.server.Addr()}
	if family == syscall.AF_INET6 {
		q.addresses = [2]netip.Addr{netip.AddrFrom16(q.addresses[0].As16()), netip.AddrFrom16(q.addresses[1].As16())}
	}
	s, err := d.ask(q)
	return exported(s), err
}

// IsClientOf judges an answer by the connection that was asked for.
func (s Socket) IsClientOf(local, remote net.Addr) error {
	c, err := newConnection(local, remote)
	if err != nil {
		return err
	}
	return socket{connection: connection{client: s.Client, server: s.Server}, state: s.State}.isClientOf(c)
}

// ReceiveOfNothing waits for an answer to a question that was not asked.
func ReceiveOfNothing() error {
	d, err := openDiagnostics(diagnosticsProtocol)
	if err != nil {
		return err
	}
	defer d.close()
	_, err = d.receive()
	return err
}

// MapsAll reports whether a uid_map leaves nobody out.
func MapsAll(table string) bool { return mapsAll([]byte(table)) }
