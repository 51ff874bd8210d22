package child_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunLetsCtrlCOfATerminalReachTheCommandOnce(t *testing.T) {
	keyboard, terminal := pseudoTerminal(t)
	wrapper := exec.Command(os.Args[0], "report")
	wrapper.Env = environmentFor("wrap")
	wrapper.Stdin, wrapper.Stdout, wrapper.Stderr = terminal, terminal, terminal
	wrapper.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, wrapper.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-wrapper.Process.Pid, syscall.SIGKILL)
		_ = wrapper.Wait()
	})
	screen := bufio.NewReader(keyboard)
	next := func() string {
		line, err := screen.ReadString('\n')
		require.NoError(t, err)
		return strings.TrimSpace(strings.TrimPrefix(line, "^C")) // the terminal's echo
	}
	require.Contains(t, next(), "ready")

	for range 20 {
		_, err := keyboard.WriteString("\x03")
		require.NoError(t, err)
		require.Equal(t, "interrupt", next())
		// A second interrupt would come before this signal, since the wrapper got its own interrupt
		// before this one.
		require.NoError(t, wrapper.Process.Signal(syscall.SIGUSR1))
		require.Equal(t, syscall.SIGUSR1.String(), next())
	}
	require.NoError(t, wrapper.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, "terminated", next())
	_ = wrapper.Wait()
	assert.Equal(t, 7, wrapper.ProcessState.ExitCode())
}

func TestRunGivesTheCommandTheTerminal(t *testing.T) {
	keyboard, terminal := pseudoTerminal(t)
	wrapper := exec.Command(os.Args[0], "terminal")
	wrapper.Env = environmentFor("wrap")
	wrapper.Stdin, wrapper.Stdout, wrapper.Stderr = terminal, terminal, terminal
	wrapper.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, wrapper.Start())
	require.NoError(t, wrapper.Wait())
	line, err := bufio.NewReader(keyboard).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "true true true", strings.TrimSpace(line))
}

// pseudoTerminal opens both ends of a new one. The test is skipped where the machine has none.
func pseudoTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	var number, unlocked uint32
	connection, err := keyboard.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, connection.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlocked)))
		require.Zero(t, errno)
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGPTN, uintptr(unsafe.Pointer(&number)))
		require.Zero(t, errno)
	}))
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	return keyboard, terminal
}
