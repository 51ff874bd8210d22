package peer

import (
	"errors"
	"net"
)

var ErrUnsupported = errors.New("x")

func UID(local, remote net.Addr) (uint32, error) { return 0, nil }
