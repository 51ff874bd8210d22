// Command awsfed gives programs in any language Google credentials on AWS, and finds out what is
// wrong where they do not get them.
//
//	awsfed exec -- gcloud storage ls     # a command, with a Google metadata server of its own
//	awsfed serve                         # a Google metadata server for this host, pod or task
//	awsfed token                         # an access token, for curl and scripts
//	awsfed doctor                        # what is wrong, and what to do about it
//	awsfed setup                         # what has to be created at Google for this AWS identity
//
// "awsfed COMMAND -h" tells the rest.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/doctor"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/execute"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/health"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/serve"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/token"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/version"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], &command.Invocation{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), LookupEnv: os.LookupEnv,
	}))
}

// commands are in the order in which the help lists them.
func commands() []command.Command {
	return []command.Command{execute.Command(), serve.Command(), token.Command(), doctor.Command(), setup.Command(), health.Command(), version.Command()}
}

// run finds the command, parses its flags and runs it.
func run(ctx context.Context, args []string, in *command.Invocation) int {
	if len(args) == 0 {
		overview(in.Stderr)
		return command.Misused
	}
	name, args := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		overview(in.Stdout)
		return command.Succeeded
	}
	for _, c := range commands() {
		if c.Name == name {
			return c.Run(ctx, args, in, settings.Overridden())
		}
	}
	fmt.Fprintf(in.Stderr, "awsfed: there is no command %q; awsfed -h lists them\n", name)
	return command.Misused
}

func overview(w io.Writer) {
	var text strings.Builder
	text.WriteString("Google credentials on AWS, without a key.\n\nUsage: awsfed COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&text, "  %-8s  %s\n", c.Name, c.Summary)
	}
	text.WriteString("\n\"awsfed COMMAND -h\" tells of each. Flags come first, then AWSFED_* variables, then the\ncredential file of GOOGLE_APPLICATION_CREDENTIALS.\n")
	_, _ = io.WriteString(w, text.String())
}
