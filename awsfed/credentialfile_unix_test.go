//go:build unix

package awsfed_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// An outcome is what ConfigFromFile gave, and when.
type outcome struct {
	cfg  awsfed.Config
	err  error
	took time.Duration
}

// reading calls ConfigFromFile on a goroutine of its own, which a test can wait for without end.
func reading(name string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		start := time.Now()
		cfg, err := awsfed.ConfigFromFile(name, nil)
		done <- outcome{cfg, err, time.Since(start)}
	}()
	return done
}

func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	return name
}

// The shell's <(…) is a pipe whose writer comes when it likes, and Kubernetes mounts secrets as
// links to links.
func TestCredentialFileMayBeAPipeOrALink(t *testing.T) {
	file := changedFile(t, nil)
	want := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}
	check := func(t *testing.T, got outcome) {
		require.NoError(t, got.err)
		assert.Equal(t, want, got.cfg)
	}
	t.Run("a pipe by the number of its descriptor, which a shell puts in place of <(…)", func(t *testing.T) {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		done := reading(fmt.Sprintf("/dev/fd/%d", r.Fd()))
		for _, part := range []string{string(file[:10]), string(file[10:200]), string(file[200:])} {
			_, err = w.WriteString(part)
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		check(t, <-done)
	})
	t.Run("a pipe whose writer has left", func(t *testing.T) {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		_, err = w.Write(file)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		check(t, <-reading(fmt.Sprintf("/dev/fd/%d", r.Fd())))
	})
	t.Run("a named pipe", func(t *testing.T) {
		name := fifo(t)
		done := reading(name)
		require.NoError(t, os.WriteFile(name, file, 0))
		check(t, <-done)
	})
	t.Run("links", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "..2026"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "..2026", "credentials.json"), file, 0o400))
		require.NoError(t, os.Symlink("..2026", filepath.Join(dir, "..data")))
		require.NoError(t, os.Symlink("..data/credentials.json", filepath.Join(dir, "credentials.json")))
		check(t, <-reading(filepath.Join(dir, "credentials.json")))
	})
}

// Whoever starts the program with such a name must not hang it.
func TestCredentialFileThatNobodyWritesIsGivenUp(t *testing.T) {
	t.Parallel() // It takes the whole 5 s, whatever else runs.
	absent, silent := fifo(t), fifo(t)
	absentDone, silentDone := reading(absent), reading(silent)
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
	for name, done := range map[string]<-chan outcome{absent: absentDone, silent: silentDone} {
		select {
		case got := <-done:
			require.Error(t, got.err)
			assert.Equal(t, []string{"the credential file"}, faultyFields(got.err))
			assert.ErrorContains(t, got.err, name)
			assert.ErrorContains(t, got.err, "within 5s")
			assert.GreaterOrEqual(t, got.took, 4*time.Second, "a slow writer has its time")
		case <-time.After(time.Minute):
			t.Fatal("it is still read after a minute")
		}
	}
	var stacks strings.Builder
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&stacks, 1))
	assert.NotContains(t, stacks.String(), "awsfed.readUntil", "nobody goes on reading")
}

func TestCredentialFileThatIsNoFileIsSaidToBeNone(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer listener.Close()
	for name, says := range map[string]string{dir: "not a directory", "/dev/zero": "not a device", "/dev/null": "not a device", socket: ""} {
		got := <-reading(name)
		require.Error(t, got.err, name)
		assert.ErrorContains(t, got.err, name)
		assert.ErrorContains(t, got.err, says)
		assert.Less(t, len(got.err.Error()), 1000)
	}

	endless := fifo(t)
	done := reading(endless)
	writer, err := os.OpenFile(endless, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer writer.Close()
	for err == nil { // until the reader leaves
		_, err = writer.WriteString(strings.Repeat(" ", 4096))
	}
	assert.ErrorIs(t, err, syscall.EPIPE)
	assert.ErrorContains(t, (<-done).err, "64 KiB")
}
