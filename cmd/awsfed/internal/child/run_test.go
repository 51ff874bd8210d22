package child_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/child"
)

func TestRunReturnsTheExitCode(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, code := range []int{0, 1, 3, 126, 255} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			got, err := child.Run(t.Context(), os.Args[0], []string{strconv.Itoa(code)}, child.RunOptions{Env: environmentFor("exit")})
			require.NoError(t, err)
			assert.Equal(t, code, got)
		})
	}
}

func TestRunTellsWhyACommandDidNotStart(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain.txt")
	require.NoError(t, os.WriteFile(plain, []byte("text"), 0o600))
	notAProgram := filepath.Join(dir, "program.exe")
	require.NoError(t, os.WriteFile(notAProgram, []byte("text"), 0o700))
	for name, test := range map[string]struct {
		command string
		code    int
	}{
		"a name that is not in PATH is not found": {"awsfed-no-such-command", 127},
		"a path that does not exist is not found": {filepath.Join(dir, "absent"), 127},
		"a directory cannot be run":               {dir, 126},
		"a file without permission cannot be run": {plain, 126},
		"a file of no known format cannot be run": {notAProgram, 126},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && test.command != notAProgram && test.code == 126 {
				t.Skip("Windows looks for the file with an extension")
			}
			code, err := child.Run(t.Context(), test.command, nil, child.RunOptions{})
			require.ErrorContains(t, err, strconv.Quote(test.command))
			assert.Equal(t, test.code, code)
		})
	}
}

func TestRunDoesNotStartACommandAfterTheEndOfItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	code, err := child.Run(ctx, os.Args[0], []string{"0"}, child.RunOptions{Env: environmentFor("exit")})
	require.ErrorIs(t, err, cause)
	assert.Equal(t, 126, code)
}

func TestRunGivesTheCommandItsFilesUnchanged(t *testing.T) {
	defer goleak.VerifyNone(t)
	// More than the buffers of all pipes together, so that both ends have to work at once.
	input := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	stdin, write := pipe(t)
	read, stdout := pipe(t)
	written := make(chan error, 1)
	go func() {
		_, err := write.Write(input)
		written <- errors.Join(err, write.Close())
	}()
	output := make(chan []byte, 1)
	go func() {
		data, _ := io.ReadAll(read)
		output <- data
	}()
	ctx, cancel := context.WithCancel(t.Context())
	code, err := child.Run(ctx, os.Args[0], nil, child.RunOptions{Env: environmentFor("copy"), Stdin: stdin, Stdout: stdout})
	cancel()
	require.NoError(t, err)
	require.NoError(t, stdout.Close())
	assert.Zero(t, code)
	require.NoError(t, <-written)
	assert.True(t, bytes.Equal(input, <-output), "output differs from input")
}

func TestRunLeavesACommandThatRunsAtTheEndOfItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	stdin, write := pipe(t)
	read, stdout := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	type result struct {
		code int
		err  error
	}
	ended := make(chan result, 1)
	go func() {
		code, err := child.Run(ctx, os.Args[0], nil, child.RunOptions{Env: environmentFor("copy"), Stdin: stdin, Stdout: stdout})
		ended <- result{code, err}
	}()
	echo := func() {
		_, err := write.WriteString("x")
		require.NoError(t, err)
		_, err = io.ReadFull(read, make([]byte, 1))
		require.NoError(t, err)
	}
	echo()
	cancel()
	echo()
	require.NoError(t, write.Close())
	assert.Equal(t, result{}, <-ended)
}

// pipe is os.Pipe, closed at the end of the test.
func pipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = read.Close()
		_ = write.Close()
	})
	return read, write
}
