//go:build unix

package awsfed_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	return name
}

// Whoever starts the program with such a name must not hang it.
func TestAFileThatNobodyWritesIsGivenUp(t *testing.T) {
	absent, silent := fifo(t), fifo(t)
	done := make(chan error, 2)
	for _, name := range []string{absent, silent} {
		go func() {
			_, err := awsfed.ConfigFromFile(name)
			done <- err
		}()
	}
	writer, err := os.OpenFile(silent, os.O_RDWR, 0) // which needs no reader
	require.NoError(t, err)
	t.Cleanup(func() {
		writer.Close()
		if w, err := os.OpenFile(absent, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			w.Close() // frees a reader that waits for ever
		}
	})
	_, err = writer.WriteString("{")
	require.NoError(t, err)
	given := time.After(10 * time.Second)
	for range 2 {
		select {
		case err := <-done:
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
		case <-given:
			t.Fatal("it is still read after 10 seconds")
		}
	}
}
