package command_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
)

// detailed has more to say with %+v.
type detailed struct{}

func (detailed) Error() string { return "short" }

func (detailed) Format(state fmt.State, _ rune) {
	text := "short"
	if state.Flag('+') {
		text = "short\n  hint: long"
	}
	_, _ = state.Write([]byte(text))
}

// run runs a command that does what runner says.
func run(c command.Command, runner command.Runner, args ...string) (code int, stdout, stderr string) {
	c.Name, c.Help = "test", "\nHelps.\n"
	c.Register = func(flags *flag.FlagSet) command.Runner {
		flags.String("name", "", "a `name`")
		return runner
	}
	var out, diagnostics bytes.Buffer
	code = c.Run(context.Background(), args, &command.Invocation{Stdout: &out, Stderr: &diagnostics,
		LookupEnv: func(string) (string, bool) { return "", false }}, nil)
	return code, out.String(), diagnostics.String()
}

func TestRunEndsWithTheCodeOfTheCommand(t *testing.T) {
	code, _, stderr := run(command.Command{}, func(context.Context, *command.Invocation) (int, error) { return 42, nil })
	assert.Equal(t, 42, code)
	assert.Empty(t, stderr)
}

func TestRunPrintsTheWholeError(t *testing.T) {
	code, stdout, stderr := run(command.Command{}, func(context.Context, *command.Invocation) (int, error) { return command.Failed, detailed{} })
	assert.Equal(t, command.Failed, code)
	assert.Empty(t, stdout)
	assert.Equal(t, "awsfed test: short\n  hint: long\n", stderr)
}

func TestRunGivesWhatComesAfterTheFlags(t *testing.T) {
	code, _, _ := run(command.Command{Arguments: "-- COMMAND…"}, func(_ context.Context, in *command.Invocation) (int, error) {
		assert.Equal(t, []string{"ls", "-l"}, in.Args)
		assert.Equal(t, map[string]bool{"name": true}, in.Given)
		return command.Succeeded, nil
	}, "-name", "x", "--", "ls", "-l")
	assert.Equal(t, command.Succeeded, code)
}

func TestRunDoesNothingForACommandLineThatMakesNoSense(t *testing.T) {
	never := func(context.Context, *command.Invocation) (int, error) { return 0, errors.New("it ran") }
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a flag that there is not":  {[]string{"-nonsense"}, "awsfed test: flag provided but not defined: -nonsense\n"},
		"a flag without its value":  {[]string{"-name"}, "awsfed test: flag needs an argument: -name\n"},
		"an argument":               {[]string{"word"}, "awsfed test: it takes no arguments, and \"word\" is one\n"},
		"an argument behind a flag": {[]string{"-name", "x", "word", "-name", "y"}, "awsfed test: it takes no arguments, and \"word\" is one\n"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(command.Command{}, never, test.args...)
			assert.Equal(t, command.Misused, code)
			assert.Equal(t, test.want+"awsfed test -h lists its flags\n", stderr)
			assert.Empty(t, stdout)
			code, _, _ = run(command.Command{Misuse: 3}, never, test.args...)
			assert.Equal(t, 3, code, "its own code")
		})
	}
}

func TestRunPrintsHelpWhereItWasAskedFor(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"-help"}, {"--help"}, {"-name", "x", "-h"}} {
		code, stdout, stderr := run(command.Command{Arguments: "-- COMMAND…", Misuse: 3}, nil, args...)
		assert.Equal(t, command.Succeeded, code, args)
		assert.Empty(t, stderr, args)
		assert.Equal(t, "Usage: awsfed test [flags] -- COMMAND…\n\nHelps.\n\n"+
			"Flags, each of which has a variable too (-allow-hosts is AWSFED_ALLOW_HOSTS):\n  -name name\n    \ta name\n", stdout, args)
	}
}
