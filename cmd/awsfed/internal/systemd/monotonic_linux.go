package systemd

import (
	"syscall"
	"unsafe"
)

// clockMonotonic is CLOCK_MONOTONIC, of the kernel's linux/time.h.
const clockMonotonic = 1

// monotonicMicroseconds is the time that systemd compares with its own. A [time.Time] has it too,
// but does not show it.
func monotonicMicroseconds() (int64, bool) {
	var now syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano() / 1000, errno == 0
}
