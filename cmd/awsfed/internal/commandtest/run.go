// Package commandtest runs commands in tests, with the emulator of package awsfedtest for the
// clouds. No program imports it.
package commandtest

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

// A Result is what one run of a command left.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs a command in the environment of the test, as the program does.
func Run(t testing.TB, c command.Command, args ...string) Result {
	t.Helper()
	var stdout, stderr output
	code := c.Run(t.Context(), args, &command.Invocation{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Environ: os.Environ(), LookupEnv: os.LookupEnv,
	}, settings.Overridden())
	return Result{Code: code, Stdout: stdout.String(), Stderr: stderr.String()}
}

// An output is what a command writes to. Its log may go on in other goroutines when it has ended.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
