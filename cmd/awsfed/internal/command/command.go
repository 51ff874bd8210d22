// Package command is what the commands of the program awsfed have in common: how one is described,
// and where the values of its flags come from.
package command

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// The exit codes that all commands share. A command may have others of its own, which its help
// tells.
const (
	Succeeded = 0
	Failed    = 1
	Misused   = 2 // the command line or a variable makes no sense: nothing was done
)

// A Command is one command of the program.
type Command struct {
	Name      string
	Arguments string // as the usage line has them; "" for flags alone
	Summary   string // one line, for the list of commands
	Help      string // what -h says before the flags: short paragraphs
	// Misuse is the exit code for a command line or a variable that makes no sense, where Misused
	// means something else. Optional; the default is Misused.
	Misuse int
	// Register defines the flags, and gives what runs once they are parsed.
	Register func(flags *flag.FlagSet) Runner
}

// A Runner runs a command whose flags were parsed. An error is printed, with the command's name
// before it; a code says how it ended.
type Runner func(ctx context.Context, in *Invocation) (code int, err error)

// An Invocation is what surrounds one run of a command.
type Invocation struct {
	Args  []string // what comes after the flags
	Stdin io.Reader
	// Stdout is for what the command is asked for, Stderr for what it says beside that.
	Stdout, Stderr io.Writer
	Environ        []string // as os.Environ gives it
	LookupEnv      func(name string) (string, bool)
	Given          map[string]bool // the flags of the command line, by name
}

// Run parses the flags and runs the command: Args and Given of in are set here. The overridden ones
// are as in [Parse].
func (c Command) Run(ctx context.Context, args []string, in *Invocation, overridden map[string][]string) (code int) {
	flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what Parse says is printed below, once
	runner := c.Register(flags)
	given, err := Parse(flags, args, in.LookupEnv, overridden)
	if err == nil && c.Arguments == "" && flags.NArg() > 0 {
		err = fmt.Errorf("it takes no arguments, and %q is one", untrusted.Text(flags.Arg(0), maxShown))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		c.Usage(in.Stdout, flags)
		return Succeeded
	case err != nil:
		fmt.Fprintf(in.Stderr, "awsfed %s: %v\nawsfed %s -h lists its flags\n", c.Name, err, c.Name)
		return cmp.Or(c.Misuse, Misused)
	}
	in.Args, in.Given = flags.Args(), given
	code, err = runner(ctx, in)
	if err != nil {
		fmt.Fprintf(in.Stderr, "awsfed %s: %+v\n", c.Name, err)
	}
	return code
}

// Usage is what -h prints.
func (c Command) Usage(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprintf(w, "Usage: awsfed %s [flags]", c.Name)
	if c.Arguments != "" {
		fmt.Fprintf(w, " %s", c.Arguments)
	}
	fmt.Fprintf(w, "\n\n%s\n\nFlags, each of which has a variable too (-allow-hosts is AWSFED_ALLOW_HOSTS):\n", strings.TrimSpace(c.Help))
	previous := flags.Output()
	flags.SetOutput(w)
	flags.PrintDefaults()
	flags.SetOutput(previous)
}
