//go:build unix

package systemd

import (
	"fmt"
	"net"
	"runtime"
	"time"
)

// sendTimeout bounds the wait for room in the service manager's queue.
const sendTimeout = time.Second

func send(socket, message string) error {
	if socket[0] == '@' && runtime.GOOS != "linux" {
		return fmt.Errorf("systemd: socket %q: abstract names are of Linux alone", socket)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("systemd: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("systemd: %w", err)
	}
	if _, err := conn.Write([]byte(message)); err != nil {
		return fmt.Errorf("systemd: %w", err)
	}
	return nil
}
