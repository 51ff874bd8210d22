package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Listen opens the port on the loopback addresses of both families, since "localhost" is the one
// for some clients and the other for others; exposed, on all addresses. Port 0 is a free one. An
// address that this machine does not have is left out, as long as the other is there; one whose
// port is taken is an error: whoever has it would be asked in place of the server.
func Listen(ctx context.Context, port int, exposed bool) (listeners []net.Listener, err error) {
	var config net.ListenConfig
	if exposed {
		l, err := config.Listen(ctx, "tcp", ":"+strconv.Itoa(port))
		if err != nil {
			return nil, fmt.Errorf("listening: %w", err)
		}
		return []net.Listener{l}, nil
	}
	var absent []error
	for _, loopback := range []struct{ network, host string }{{"tcp4", "127.0.0.1"}, {"tcp6", "::1"}} {
		l, err := config.Listen(ctx, loopback.network, net.JoinHostPort(loopback.host, strconv.Itoa(port)))
		switch {
		case errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT):
			absent = append(absent, err)
			continue
		case err != nil:
			for _, open := range listeners {
				_ = open.Close() // the error that counts is the other one
			}
			return nil, fmt.Errorf("listening: %w", err)
		}
		listeners = append(listeners, l)
		port = l.Addr().(*net.TCPAddr).Port
	}
	if len(listeners) == 0 {
		return nil, fmt.Errorf("listening: %w", errors.Join(absent...))
	}
	return listeners, nil
}
