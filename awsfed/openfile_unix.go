//go:build unix

package awsfed

import (
	"errors"
	"os"
	"syscall"
)

// openFile opens for reading without waiting for the writer of a pipe, and without making a
// terminal that of the process.
func openFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// isAgain reports whether there is nothing to read yet. Where the runtime cannot wait for a pipe it
// says so.
func isAgain(err error) bool { return errors.Is(err, syscall.EAGAIN) }
