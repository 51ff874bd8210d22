// Package commandtest runs commands in tests, with the emulator of package awsfedtest for the
// clouds. No program imports it.
package commandtest

import (
	"bytes"
	"os"
	"strings"
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
	var stdout, stderr bytes.Buffer
	code := c.Run(t.Context(), args, &command.Invocation{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Environ: os.Environ(), LookupEnv: os.LookupEnv,
	}, settings.Overridden())
	return Result{Code: code, Stdout: stdout.String(), Stderr: stderr.String()}
}
