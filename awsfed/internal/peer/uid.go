// Package peer tells which user is at the other end of a TCP connection between two processes of
// one machine, by the kernel's table of sockets. A client says nothing about itself over TCP, and
// the loopback address is open to all users; the kernel knows who made each socket.
package peer

import (
	"errors"
	"net"
)

var (
	// ErrNotFound says that the kernel knows no user for the other end. Its socket is in another
	// network namespace or on another machine, addresses were translated on the way, or no process
	// holds the socket any more.
	ErrNotFound = errors.New("peer: the user of the other end is not known")
	// ErrUnmapped says that the other end has a user of another user namespace, which has no number
	// in that of this process.
	ErrUnmapped = errors.New("peer: the user of the other end has no number in this user namespace")
	// ErrUnsupported says that this operating system is not Linux.
	ErrUnsupported = errors.New("peer: users of connections are known on Linux alone")
)

// UID is the user ID of the socket that is the client's end of a connection, where local and remote
// are the addresses of the server's end, each a *[net.TCPAddr]: the user that made the socket,
// whoever else it was handed to. Number 0 is root, and it is never a guess.
//
// Every error has to be taken for a refusal; [ErrNotFound], [ErrUnmapped] and [ErrUnsupported] say
// why, as others do where the kernel tells nothing or an address is none of TCP. The answer is that
// of this moment. It holds for what is read and written while the connection stays open: the
// addresses and ports of an open connection are free for no other.
//
// It asks for the one socket by NETLINK_SOCK_DIAG, of sock_diag(7). Where a sandbox does not allow
// that it reads /proc/net/tcp and /proc/net/tcp6, of proc_pid_net(5). That takes a thousand times
// as long, some 10 ms, since the kernel goes through its whole table, and grows with the sockets in
// use.
func UID(local, remote net.Addr) (uint32, error) { return lookUp(local, remote) }
