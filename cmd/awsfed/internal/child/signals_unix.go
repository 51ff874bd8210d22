//go:build unix

package child

import (
	"os"
	"os/signal"
	"syscall"
)

// caughtSignals are those that this process survives while a command runs.
type caughtSignals struct {
	arrived chan os.Signal
	quit    chan struct{}
	ended   chan struct{} // nil until passTo
}

// catchSignals begins to collect the signals that [Run] speaks of.
func catchSignals() *caughtSignals {
	s := &caughtSignals{arrived: make(chan os.Signal, 64), quit: make(chan struct{})}
	caught := []os.Signal{syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH}
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		// A signal that is caught is no longer ignored, and the command would not inherit that it
		// is.
		if !signal.Ignored(sig) {
			caught = append(caught, sig)
		}
	}
	signal.Notify(s.arrived, caught...)
	return s
}

// passTo passes the signals on to a process until stop is called.
func (s *caughtSignals) passTo(process *os.Process) {
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		for {
			select {
			case sig := <-s.arrived:
				if !fromTerminal(sig) {
					_ = process.Signal(sig) // a process that has ended needs none
				}
			case <-s.quit:
				return
			}
		}
	}()
}

// stop gives the signals their former effect.
func (s *caughtSignals) stop() {
	signal.Stop(s.arrived)
	close(s.quit)
	if s.ended != nil {
		<-s.ended
	}
}

// fromTerminal tells whether the terminal is taken for the sender, which sends to the whole group.
func fromTerminal(sig os.Signal) bool {
	switch sig {
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH:
		return inForeground()
	}
	return false
}

// exitCode is the code that a shell would give.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return codeSignal + int(status.Signal())
	}
	return state.ExitCode()
}
