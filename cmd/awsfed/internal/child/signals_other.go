//go:build !unix

package child

import (
	"os"
	"os/signal"
	"syscall"
)

// caughtSignals are those that this process survives while a command runs.
type caughtSignals struct{ arrived chan os.Signal }

// catchSignals lets this process survive Ctrl-C and Ctrl-Break (os.Interrupt), and the closing of
// the console, a logoff and a shutdown (SIGTERM) for as long as Windows allows.
func catchSignals() *caughtSignals {
	s := &caughtSignals{make(chan os.Signal, 1)}
	signal.Notify(s.arrived, os.Interrupt, syscall.SIGTERM)
	return s
}

// passTo passes nothing on: the console sends its events to all processes.
func (s *caughtSignals) passTo(*os.Process) {}

// stop gives the signals their former effect.
func (s *caughtSignals) stop() { signal.Stop(s.arrived) }

func exitCode(state *os.ProcessState) int { return state.ExitCode() }
