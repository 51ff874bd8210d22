package peer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	// maxLine bounds a line of a table in bytes; the kernel's have below 200. As much is read at
	// once, which is what the kernel gives at once.
	maxLine = 4096
	// maxTable bounds a table in bytes. It is room for 200,000 sockets: others who open more must
	// not make a lookup take seconds.
	maxTable = 32 << 20
)

// listedUID is the owner of the client's end by the tables of /proc/net. They are those of the
// network namespace of this process.
func listedUID(c connection) (uint32, error) {
	var owners owners
	if c.client.Addr().Is4() {
		if err := owners.addFile("/proc/net/tcp", c); err != nil {
			return 0, err
		}
	}
	// A client of IPv4 whose socket is of IPv6 is in the second table, which a machine without IPv6
	// has not.
	err := owners.addFile("/proc/net/tcp6", c)
	if err != nil && !(c.client.Addr().Is4() && errors.Is(err, fs.ErrNotExist)) {
		return 0, err
	}
	return owners.one(c)
}

// owners are the users of all sockets that are the client's end of a connection. There may be
// several, since the tables do not tell the interface of a link-local address, nor that which a
// socket is bound to.
type owners struct {
	uid     uint32
	found   bool
	several bool // and not of one user
}

// one is the user, if it is but one.
func (o *owners) one(c connection) (uint32, error) {
	switch {
	case o.several:
		return 0, fmt.Errorf("%w: sockets of several users are %v", ErrNotFound, c)
	case !o.found:
		return 0, fmt.Errorf("%w: no process holds a socket %v", ErrNotFound, c)
	}
	return o.uid, nil
}

func (o *owners) addFile(name string, c connection) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := o.add(file, c); err != nil {
		return fmt.Errorf("peer: %s: %w", name, err)
	}
	return nil
}

// add reads a table to its end.
func (o *owners) add(table io.Reader, c connection) error {
	lines := bufio.NewScanner(table)
	lines.Buffer(make([]byte, maxLine), maxLine)
	lines.Scan() // the names of the columns
	size := len(lines.Bytes())
	for number := 2; lines.Scan(); number++ {
		if size += len(lines.Bytes()); size > maxTable {
			return fmt.Errorf("it has over %d bytes", maxTable)
		}
		s, err := parseLine(lines.Bytes(), binary.NativeEndian)
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if s.connection == c.withoutZone() && s.held() {
			o.several = o.several || o.found && o.uid != s.uid
			o.uid, o.found = s.uid, true
		}
	}
	return lines.Err()
}
