//go:build !linux

package peer

import "net"

func lookUp(_, _ net.Addr) (uint32, error) { return 0, ErrUnsupported }
