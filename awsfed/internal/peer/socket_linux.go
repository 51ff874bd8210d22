package peer

// The states of a TCP socket, of the kernel's include/net/tcp_states.h.
const (
	established = 1
	finWait1    = 4
	finWait2    = 5
	closeWait   = 8
	listening   = 10
)

// A socket is what the kernel tells of one.
type socket struct {
	connection connection // as the socket has it: it is the client
	state      uint8
	uid        uint32
	inode      uint64
}

// held reports whether a process has the socket open, so that uid is that of who made it.
//
// What no process holds has no inode, and its uid may be 0, which would be root: a socket that was
// closed and still sends (FIN_WAIT1, LAST_ACK, CLOSING), what the kernel keeps of it afterwards
// (TIME_WAIT, and FIN_WAIT2, under which name the kernel shows some that wait), and a connection
// that is not set up. So the state alone tells nothing: FIN_WAIT2 is also the state of a client
// that has said all and now reads the answer.
//
// The states are those in which a client can still read. It is not yet connected in SYN_SENT, and
// after CLOSE_WAIT it has closed as the server has.
func (s socket) held() bool {
	if s.inode == 0 {
		return false
	}
	switch s.state {
	case established, finWait1, finWait2, closeWait:
		return true
	}
	return false
}
