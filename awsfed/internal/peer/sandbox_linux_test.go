//go:build amd64 || arm64

package peer_test

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

// Numbers of the kernel's linux/prctl.h, linux/seccomp.h and linux/filter.h.
const (
	setNoNewPrivileges = 38
	setSeccomp         = 22
	filterMode         = 2
	allow              = 0x7fff0000
	refuse             = 0x00050000 // plus the errno

	load   = 0x20 // a word of struct seccomp_data, at k
	equal  = 0x15 // skip jt instructions if it is k, else jf
	answer = 0x06
	number = 0  // of the system call
	first  = 16 // its first argument's low half: the machines of this file are little-endian
)

// forbidNetlink makes socket(AF_NETLINK) fail with errno in this thread, as sandboxes do. It cannot
// be undone.
func forbidNetlink(errno syscall.Errno) error {
	filter := []syscall.SockFilter{
		{Code: load, K: number},
		{Code: equal, Jf: 3, K: syscall.SYS_SOCKET},
		{Code: load, K: first},
		{Code: equal, Jf: 1, K: syscall.AF_NETLINK},
		{Code: answer, K: refuse | uint32(errno)},
		{Code: answer, K: allow},
	}
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0, 0, 0, 0); err != 0 {
		return fmt.Errorf("no new privileges: %w", err)
	}
	_, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, setSeccomp, filterMode, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if err != 0 {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}

func TestUIDWhereASandboxForbidsNetlink(t *testing.T) {
	for _, errno := range []syscall.Errno{
		syscall.EPERM, syscall.EACCES, syscall.EPROTONOSUPPORT, syscall.EAFNOSUPPORT, syscall.ENOSYS,
	} {
		t.Run(errno.Error(), func(t *testing.T) {
			p := connected(t, "tcp4", "127.0.0.1:0", nil)
			gone := connected(t, "tcp4", "127.0.0.1:0", nil)
			require.NoError(t, gone.client.Close())
			var setup, diagnosed, err, goneErr error
			var uid uint32
			done := make(chan struct{})
			go func() {
				defer close(done)
				// The thread ends with the goroutine, since that does not unlock it.
				runtime.LockOSThread()
				if setup = forbidNetlink(errno); setup != nil {
					return
				}
				_, diagnosed = peer.Diagnosed(p.server.LocalAddr(), p.server.RemoteAddr())
				uid, err = peer.UID(p.server.LocalAddr(), p.server.RemoteAddr())
				_, goneErr = peer.UID(gone.server.LocalAddr(), gone.server.RemoteAddr())
			}()
			<-done
			if setup != nil {
				t.Skipf("this machine does not let the tests forbid netlink: %v", setup)
			}
			require.ErrorIs(t, diagnosed, errno)
			require.NoError(t, err)
			assert.EqualValues(t, os.Geteuid(), uid)
			assert.ErrorIs(t, goneErr, peer.ErrNotFound)
			assert.ErrorIs(t, goneErr, errno)
		})
	}
}
