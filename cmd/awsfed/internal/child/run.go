package child

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
)

// Exit codes that a shell gives for a command that it cannot run (POSIX.1-2017 XCU 2.8.2).
const (
	codeCannotRun = 126 // found, but not started
	codeNotFound  = 127
	codeSignal    = 128 // and the signal's number is added
)

// RunOptions are what a command gets. The zero value passes on what this process has.
type RunOptions struct {
	// Env is the environment, as os.Environ returns it. The default, nil, is that of this process.
	Env []string

	// Stdin, Stdout and Stderr are given to the command as they are, without a pipe in between, so
	// that it sees the terminal that they may be. The defaults are those of this process.
	Stdin, Stdout, Stderr *os.File
}

// Run runs a command, waits for its end and returns its exit code: 128+n if signal n ended it, and,
// with an error, 127 if the command was not found and 126 if it could not be started, as shells
// have it. A name without a slash is looked up in this process's PATH; a file found there that may
// not be executed counts as not found. The error is also set, with code 1, if the end of the
// command could not be learned.
//
// ctx bounds the start alone. A command that runs is stopped by the end of no ctx, nor when a
// server that it uses fails: it may be amid work that needs no token, and its own signals end it.
//
// # Signals on Unix
//
// The command stays in this process's group and session, so job control and the keys of the
// terminal work as if it had been started alone. While it runs:
//   - SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 are passed on, and this process survives them.
//   - SIGINT, SIGQUIT and SIGWINCH are survived. They are passed on, unless this process's group is
//     in the foreground of a controlling terminal: the terminal sends them to the whole group, and
//     the command would get each twice. The price is that kill -INT with this process's ID alone
//     does not reach a command in the foreground of a terminal; kill -TERM does.
//   - SIGTSTP, SIGTTIN, SIGTTOU and SIGCONT keep their effect: the terminal stops and continues
//     both.
//   - SIGHUP or SIGINT that was ignored when this process started (nohup) stays ignored for both.
//
// A signal that somebody sends to the whole group, other than the terminal, may reach the command
// twice. Signals that arrive before the command has started are passed on after its start.
//
// A SIGKILL of this process leaves the command running. Linux could end it too (PR_SET_PDEATHSIG),
// but its work may be worth more than the tokens that it then lacks; containers and systemd end all
// processes anyway. As process 1 of a container this process does not reap processes that are
// re-parented to it, as it cannot tell them from children that the AWS SDK waits for
// (credential_process): use the container runtime's init (docker run --init) for commands that
// leave such processes behind.
//
// # Signals on Windows
//
// Ctrl-C, Ctrl-Break and the closing of the console reach the command from the console, and this
// process survives them until the command has ended. Nothing is passed on.
func Run(ctx context.Context, name string, args []string, o RunOptions) (code int, err error) {
	if ctx.Err() != nil {
		return codeCannotRun, fmt.Errorf("start %q: %w", name, context.Cause(ctx))
	}
	cmd := exec.Command(name, args...)
	cmd.Env = o.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = orDefault(o.Stdin, os.Stdin), orDefault(o.Stdout, os.Stdout), orDefault(o.Stderr, os.Stderr)

	// The signals are caught before the command starts, or one could end this process alone.
	signals := catchSignals()
	if err := cmd.Start(); err != nil {
		signals.stop()
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return codeNotFound, fmt.Errorf("start %q: %w", name, err)
		}
		return codeCannotRun, fmt.Errorf("start %q: %w", name, err)
	}
	signals.passTo(cmd.Process)
	err = cmd.Wait()
	signals.stop()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return 1, fmt.Errorf("wait for %q: %w", name, err)
	}
	return exitCode(cmd.ProcessState), nil
}

func orDefault(file, standard *os.File) *os.File {
	if file == nil {
		return standard
	}
	return file
}
