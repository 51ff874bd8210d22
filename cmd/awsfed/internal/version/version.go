// Package version is the command "awsfed version".
package version

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"runtime/debug"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
)

const help = `
Prints which version of awsfed this is, of which commit, and what it was built
with and for:

  awsfed 0.9.0 (0123456789ab, go1.26.0, linux/amd64)

It is what the Go toolchain stamped: the version of "go install …@VERSION" or of
the tag of the clone. A build without either is (devel).

With -format json it is an object: "version", "revision" and "modified" (both
absent where they are not known), "go", "platform".
`

// Command is awsfed version.
func Command() command.Command {
	return command.Command{
		Name:     "version",
		Summary:  "print the version of awsfed",
		Help:     help,
		Register: register,
	}
}

func register(flags *flag.FlagSet) command.Runner {
	format := flags.String("format", "text", "`format` to print: text or json")
	return func(_ context.Context, in *command.Invocation) (int, error) {
		info, found := debug.ReadBuildInfo()
		if !found {
			return command.Failed, errors.New("this program was built without what it would print")
		}
		var err error
		switch *format {
		case "text":
			_, err = fmt.Fprintln(in.Stdout, buildOf(info))
		case "json":
			err = json.NewEncoder(in.Stdout).Encode(buildOf(info))
		default:
			return command.Misused, fmt.Errorf("-format is %q: it is text or json", *format)
		}
		if err != nil {
			return command.Failed, err
		}
		return command.Succeeded, nil
	}
}
