//go:build unix

package token

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openFile does not wait for the writer of a pipe, should the file have become one.
func openFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// checkOwner refuses the file of another user, and one that others may read or write.
func checkOwner(name string, info fs.FileInfo) error {
	if stat, known := info.Sys().(*syscall.Stat_t); !known || int64(stat.Uid) != int64(os.Geteuid()) {
		return fmt.Errorf("%s belongs to another user", name)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has the mode %#o, so that others have access: delete it, or chmod 600", name, mode)
	}
	return nil
}
