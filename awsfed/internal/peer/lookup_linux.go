package peer

import (
	"errors"
	"fmt"
	"net"
)

func lookUp(local, remote net.Addr) (uint32, error) {
	c, err := newConnection(local, remote)
	if err != nil {
		return 0, err
	}
	uid, err := diagnosedUID(c)
	if err != nil && !errors.Is(err, ErrNotFound) {
		var tableErr error
		if uid, tableErr = listedUID(c); tableErr != nil {
			return 0, fmt.Errorf("%w (netlink: %w)", tableErr, err)
		}
		err = nil
	}
	switch {
	case err != nil:
		return 0, err
	case unmapped(uid):
		return 0, fmt.Errorf("%w: %v", ErrUnmapped, c)
	}
	return uid, nil
}

// diagnosedUID is the owner of the client's end by netlink.
func diagnosedUID(c connection) (uint32, error) {
	d, err := openDiagnostics(diagnosticsProtocol)
	if err != nil {
		return 0, err
	}
	defer d.close()
	s, err := d.find(c)
	if err != nil {
		return 0, err
	}
	if !s.held() {
		return 0, fmt.Errorf("%w: no process holds the socket %v", ErrNotFound, c)
	}
	return s.uid, nil
}
