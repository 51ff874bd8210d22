//go:build darwin || freebsd || linux || netbsd

package child

import (
	"syscall"
	"unsafe"
)

// inForeground tells whether this process's group is the one that its controlling terminal, if
// there is one, sends its signals to.
func inForeground() bool {
	// O_NONBLOCK, since a serial line may wait for its carrier.
	terminal, err := syscall.Open("/dev/tty", syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer func() { _ = syscall.Close(terminal) }()
	var group int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(terminal), syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&group)))
	return errno == 0 && int(group) == syscall.Getpgrp()
}
