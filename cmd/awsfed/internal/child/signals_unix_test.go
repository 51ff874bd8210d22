//go:build unix

package child_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/child"
)

// runSignalProgram has the programs of the tests that know Unix's signals.
func runSignalProgram(program string, args []string) int {
	switch program {
	case "die": // by a signal of its own
		number, err := strconv.Atoi(args[0])
		if err != nil {
			panic(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.Signal(number)); err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // until the signal comes
		return 0
	case "report": // a line for each signal, until SIGTERM
		arrived := make(chan os.Signal, 64)
		signal.Notify(arrived, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT,
			syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
		fmt.Println("ready", os.Getpid())
		for sig := range arrived {
			fmt.Println(sig)
			if sig == syscall.SIGTERM {
				return 7
			}
		}
	case "terminal": // whether each of its standard files is one
		for _, file := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
			info, err := file.Stat()
			if err != nil {
				panic(err)
			}
			fmt.Print(info.Mode()&os.ModeCharDevice != 0, " ")
		}
		fmt.Println()
		return 0
	case "ignored":
		fmt.Println(signal.Ignored(syscall.SIGHUP), signal.Ignored(syscall.SIGINT))
		return 0
	case "ignore": // runs another program with SIGHUP and SIGINT ignored, as nohup does
		signal.Ignore(syscall.SIGHUP, syscall.SIGINT)
		if err := os.Setenv(programVariable, args[0]); err != nil {
			panic(err)
		}
		panic(syscall.Exec(os.Args[0], append(os.Args[:1:1], args[1:]...), os.Environ()))
	}
	panic("no program " + program)
}

func TestRunReturnsTheSignalThatEndedTheCommand(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			stdin, _ := pipe(t)
			code, err := child.Run(t.Context(), os.Args[0], []string{strconv.Itoa(int(sig))},
				child.RunOptions{Env: environmentFor("die"), Stdin: stdin})
			require.NoError(t, err)
			assert.Equal(t, 128+int(sig), code)
		})
	}
}

// A wrapped command is the program "report", run by another process through child.Run, in a session
// of its own and so without a terminal.
type wrappedCommand struct {
	t       *testing.T
	wrapper *exec.Cmd
	output  *bufio.Reader
	pid     int // of the command itself
}

func startWrapped(t *testing.T) *wrappedCommand {
	t.Helper()
	read, write := pipe(t)
	wrapper := exec.Command(os.Args[0], "report")
	wrapper.Env = environmentFor("wrap")
	wrapper.Stdout, wrapper.Stderr = write, os.Stderr
	wrapper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	require.NoError(t, wrapper.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-wrapper.Process.Pid, syscall.SIGKILL) // the session, where a test failed before its end
		_ = wrapper.Wait()
	})
	c := &wrappedCommand{t: t, wrapper: wrapper, output: bufio.NewReader(read)}
	_, err := fmt.Sscanf(c.line(), "ready %d", &c.pid)
	require.NoError(t, err)
	return c
}

func (c *wrappedCommand) line() string {
	c.t.Helper()
	line, err := c.output.ReadString('\n')
	require.NoError(c.t, err)
	return line[:len(line)-1]
}

// signal sends to the wrapper alone.
func (c *wrappedCommand) signal(sig syscall.Signal) {
	c.t.Helper()
	require.NoError(c.t, c.wrapper.Process.Signal(sig))
}

func (c *wrappedCommand) code() int {
	_ = c.wrapper.Wait()
	return c.wrapper.ProcessState.ExitCode()
}

func TestRunPassesSignalsOnToTheCommand(t *testing.T) {
	c := startWrapped(t)
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH} {
		c.signal(sig)
		assert.Equal(t, sig.String(), c.line())
	}
	c.signal(syscall.SIGTERM)
	assert.Equal(t, "terminated", c.line())
	assert.Equal(t, 7, c.code())
}

func TestRunPassesEachOfManySignalsOn(t *testing.T) {
	c := startWrapped(t)
	for range 500 {
		c.signal(syscall.SIGUSR1)
		require.Equal(t, syscall.SIGUSR1.String(), c.line())
	}
	c.signal(syscall.SIGTERM)
	require.Equal(t, "terminated", c.line())
	assert.Equal(t, 7, c.code())
}

func TestRunReturnsTheSignalThatSomebodySentToTheCommand(t *testing.T) {
	c := startWrapped(t)
	require.NoError(t, syscall.Kill(c.pid, syscall.SIGKILL))
	assert.Equal(t, 128+int(syscall.SIGKILL), c.code())
}

func TestRunLeavesIgnoredSignalsIgnored(t *testing.T) {
	command := exec.Command(os.Args[0], "wrap", "ignored")
	command.Env = environmentFor("ignore")
	output, err := command.Output()
	require.NoError(t, err)
	assert.Equal(t, "true true\n", string(output))

	command = exec.Command(os.Args[0], "ignored")
	command.Env = environmentFor("wrap")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	output, err = command.Output()
	require.NoError(t, err)
	if !signal.Ignored(syscall.SIGHUP) && !signal.Ignored(syscall.SIGINT) {
		assert.Equal(t, "false false\n", string(output))
	}
}
