// Package systemd tells a service manager how the service is, by the protocol of sd_notify(3). It
// needs no library of systemd's: a state is a datagram to a Unix socket.
package systemd

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// maxSocket bounds the name of a Unix socket in bytes, of unix(7): 108 with the NUL that ends a
// path or starts an abstract name.
const maxSocket = 107

// Notify sends states in one message to socket, which is the value of NOTIFY_SOCKET: a path, or an
// abstract name of Linux that starts with "@". Does nothing if socket is empty, as it is where no
// service manager asks for states, and on Windows.
//
// A state is one line "NAME=value", as [Ready], [Reloading], [Stopping], [Status] and [Watchdog]
// are; others are of sd_notify(3). The error says what is wrong with socket or a state, or wraps
// that of the system where nobody takes the message within a second. A service works without, so
// an error is for the log.
func Notify(socket string, states ...string) error {
	if socket == "" || runtime.GOOS == "windows" {
		return nil
	}
	errs := []error{checkSocket(socket)}
	if len(states) == 0 {
		errs = append(errs, errors.New("systemd: there is no state to send"))
	}
	for _, state := range states {
		errs = append(errs, checkState(state))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return send(socket, strings.Join(states, "\n"))
}

func checkSocket(socket string) error {
	name := socket[1:]
	switch {
	case socket[0] != '/' && socket[0] != '@':
		return fmt.Errorf("systemd: socket %q is neither an absolute path nor an abstract name", socket)
	case name == "":
		return fmt.Errorf("systemd: socket %q has no name", socket)
	case socket[0] == '/' && len(socket) > maxSocket, len(name) > maxSocket:
		return fmt.Errorf("systemd: socket %.40q… has a name of over %d bytes", socket, maxSocket)
	case strings.Contains(socket, "\x00"):
		return fmt.Errorf("systemd: socket %q holds a NUL", socket)
	}
	return nil
}

// checkState keeps a value from being taken for a state of its own.
func checkState(state string) error {
	name, _, given := strings.Cut(state, "=")
	if !given || name == "" || strings.ContainsAny(state, "\n\x00") {
		return fmt.Errorf("systemd: state %q is not a line of the form NAME=value", state)
	}
	return nil
}
