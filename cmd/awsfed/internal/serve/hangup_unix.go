//go:build unix

package serve

import (
	"os"
	"syscall"
)

// hangups are the signals that make the server read its credential file anew.
func hangups() []os.Signal { return []os.Signal{syscall.SIGHUP} }
