// Package execute is the command awsfed exec: another command with a Google metadata server of its
// own.
package execute

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/child"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/serve"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

// notRun is the exit code of a command that was not started, for want of something other than the
// command, as env and docker have it. One that cannot be run is 126, and one that is not there 127.
const notRun = 125

const help = `Runs a command in whose environment Google's clients, in any language, find a metadata server with
tokens of the AWS identity of this process:

  awsfed exec -- gcloud storage ls
  awsfed exec -isolate -- python3 app.py

The server listens on a free loopback port for as long as the command runs. Terminal, signals and
exit code are the command's. What clients would prefer to the metadata server is taken out of its
environment, and told on standard error; -isolate hides gcloud's own files too.

A first token is fetched before the command starts. Where that fails the reason is told, and the
command runs all the same, unless -require is given.

Exit codes: that of the command; 125 if it was not started, 126 if it cannot be run, 127 if there is
no such command, and 128 and the number of the signal if one ended it.`

type execution struct {
	flags    serve.Flags
	require  bool
	isolate  bool
	firstFor time.Duration
}

// Command is awsfed exec.
func Command() command.Command {
	return command.Command{
		Name: "exec", Arguments: "-- COMMAND [ARGUMENT…]", Misuse: notRun,
		Summary: "run a command with a Google metadata server of its own", Help: help,
		Register: func(flags *flag.FlagSet) command.Runner {
			e := &execution{}
			e.flags.Register(flags)
			flags.BoolVar(&e.require, "require", false, "do not start the command without a token")
			flags.BoolVar(&e.isolate, "isolate", false, "give gcloud a private, empty configuration, which is removed at the end")
			flags.DurationVar(&e.firstFor, "wait", 10*time.Second, "`duration` that the first token may take")
			return e.run
		},
	}
}

func (e *execution) run(ctx context.Context, in *command.Invocation) (code int, err error) {
	if err := e.flags.Resolve(in.LookupEnv); err != nil {
		return notRun, err
	}
	if len(in.Args) == 0 {
		return notRun, errors.New("there is no command: awsfed exec [flags] -- COMMAND")
	}
	say := func(text string) { fmt.Fprintf(in.Stderr, "awsfed exec: %s\n", text) }
	log := newFirstLog(slog.NewTextHandler(in.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	listeners, err := serve.Listen(ctx, 0, false)
	if err != nil {
		return notRun, err
	}
	handler, reloader, err := e.flags.Handler(ctx, nil, slog.New(log))
	if err != nil {
		return notRun, err
	}
	server := serve.Start(handler.NewServer(), listeners...)
	defer server.Stop()
	err = e.warm(ctx, handler)
	if err != nil {
		if e.require {
			return notRun, err
		}
		say(fmt.Sprintf("there is no token yet: %+v", err))
	}
	// At the end of the wait the attempt goes on, and the log tells what came of it.
	log.start(err != nil && !errors.Is(err, context.DeadlineExceeded))
	options := child.EnvironmentOptions{
		Server:   listeners[0].Addr().(*net.TCPAddr).AddrPort(),
		Project:  handler.ProjectID(),
		Accounts: append([]string{handler.Account()}, e.flags.Accounts()...),
	}
	if e.isolate {
		directory, remove, fault := child.Isolate()
		if fault != nil {
			return notRun, fault
		}
		defer func() { err = errors.Join(err, remove()) }()
		options.Config = directory
	}
	// The file that the server has is no loss to the command, and needs no note.
	parent := slices.DeleteFunc(slices.Clone(in.Environ), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		return value != "" && value == e.flags.File() && slices.Contains(settings.FileVariables(), name)
	})
	environ, notes := child.Environment(parent, options)
	for _, note := range notes {
		say(note)
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go reloader.Run(watching, nil)
	return child.Run(ctx, in.Args[0], in.Args[1:], child.RunOptions{Env: environ})
}

// warm fetches the first token.
func (e *execution) warm(ctx context.Context, handler *metadataserver.Handler) error {
	ctx, cancel := context.WithTimeout(ctx, e.firstFor)
	defer cancel()
	err := handler.Warm(ctx)
	if ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("AWS or Google did not answer within the %s of -wait: %w", e.firstFor, context.DeadlineExceeded)
	}
	return err
}
