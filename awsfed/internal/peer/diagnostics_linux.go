package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

const (
	// answerTimeout bounds the wait for an answer, in microseconds. The kernel has answered when
	// the question is sent, so there is no wait.
	answerTimeout = 500_000
	// interruptions is how many signals may cut a wait short, so that all waits have an end.
	interruptions = 8
	// loopbackDevice is the number of "lo" in every network namespace.
	loopbackDevice = 1
)

// diagnostics is a socket to the kernel's diagnostics of sockets.
type diagnostics struct {
	fd       int
	sequence uint32
}

// openDiagnostics fails where netlink is not allowed or not there.
func openDiagnostics(protocol int) (*diagnostics, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("peer: opening netlink: %w", err)
	}
	d := &diagnostics{fd: fd}
	timeout := syscall.Timeval{Usec: answerTimeout}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout); err != nil {
		d.close()
		return nil, fmt.Errorf("peer: setting netlink's timeout: %w", err)
	}
	return d, nil
}

func (d *diagnostics) close() { _ = syscall.Close(d.fd) }

// find is the client's socket of c. The error is [ErrNotFound] only if the kernel surely has none.
func (d *diagnostics) find(c connection) (socket, error) {
	device, err := deviceOf(c)
	if err != nil {
		return socket{}, err
	}
	s, err := d.askFamilies(c, device)
	switch {
	case errors.Is(err, errAbsent):
		// A kernel without diagnostics of TCP says the same. One that has them finds the server's
		// end, or its listener where the connection is gone.
		if _, err := d.askFamilies(c.reversed(), device); err != nil {
			return socket{}, fmt.Errorf("peer: netlink knows not even the server's end: %w", err)
		}
		return socket{}, fmt.Errorf("%w: there is no socket %v", ErrNotFound, c)
	case err != nil:
		return socket{}, err
	}
	return s, s.isClientOf(c)
}

// isClientOf is nil if s is the client's end of c. The kernel's answer need not be: where no
// connection has an address, it gives the listener there.
func (s socket) isClientOf(c connection) error {
	switch {
	case s.state == listening:
		return fmt.Errorf("%w: a listener has the address of the client %v", ErrNotFound, c)
	case s.connection != c.withoutZone():
		return fmt.Errorf("%w: it is on the socket %v", errAnswer, s.connection)
	}
	return nil
}

// deviceOf is the number of the interface that packets to the client come in by. The kernel finds a
// socket that is bound to an interface only by that. Between processes of one machine it is the
// loopback for all addresses but the link-local ones, which stay with their interface.
func deviceOf(c connection) (uint32, error) {
	if c.zone == "" {
		return loopbackDevice, nil
	}
	if number, err := strconv.ParseUint(c.zone, 10, 32); err == nil {
		return uint32(number), nil
	}
	device, err := net.InterfaceByName(c.zone)
	if err != nil {
		return 0, fmt.Errorf("peer: interface %q: %w", c.zone, err)
	}
	return uint32(device.Index), nil
}

// askFamilies asks for the socket of c. A client whose socket is of IPv6 and whose addresses are
// IPv4-mapped is of both: Linux finds it under either, since it compares addresses alone, but
// promises neither.
func (d *diagnostics) askFamilies(c connection, device uint32) (socket, error) {
	q := question{asked: c, device: device, family: syscall.AF_INET6}
	q.addresses = [2]netip.Addr{c.client.Addr(), c.server.Addr()}
	if !c.client.Addr().Is4() {
		return d.ask(q)
	}
	q.family = syscall.AF_INET
	s, err := d.ask(q)
	if !errors.Is(err, errAbsent) {
		return s, err
	}
	q.family = syscall.AF_INET6
	for i, address := range q.addresses {
		q.addresses[i] = netip.AddrFrom16(address.As16())
	}
	return d.ask(q)
}

// ask sends one question and takes its answer.
func (d *diagnostics) ask(q question) (socket, error) {
	d.sequence++
	q.sequence = d.sequence
	kernel := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}
	if err := syscall.Sendto(d.fd, q.encode(), 0, kernel); err != nil {
		return socket{}, fmt.Errorf("peer: asking netlink: %w", err)
	}
	answer, err := d.receive()
	if err != nil {
		return socket{}, err
	}
	return q.decode(answer)
}

// receive is one message of the kernel's, or an error after answerTimeout.
func (d *diagnostics) receive() ([]byte, error) {
	// An answer has attributes after what is read here; what does not fit is cut off.
	buffer := make([]byte, 1024)
	for range interruptions {
		n, from, err := syscall.Recvfrom(d.fd, buffer, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("peer: netlink's answer: %w", err)
		}
		if sender, ok := from.(*syscall.SockaddrNetlink); !ok || sender.Pid != 0 {
			return nil, fmt.Errorf("%w: it is not the kernel's", errAnswer)
		}
		return buffer[:n], nil
	}
	return nil, fmt.Errorf("peer: netlink's answer: %w", syscall.EINTR)
}
