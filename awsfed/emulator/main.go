// The emulator program serves AWS and Google Cloud, as far as workload identity federation goes, on
// one port, and tells unmodified clients in any language how to find it:
//
//	go -C awsfed/emulator run . -addr 127.0.0.1:8085 -credential-file "$PWD/cred.json" -env "$PWD/emulator.env"
//	. ./emulator.env
//
// It writes the external_account file that Google's clients read and a file of shell exports,
// prints one line when it is ready, logs one line a request to standard error, and stops on SIGINT
// or SIGTERM. (go run passes no SIGTERM on: build the program, or signal the process group.)
// Package awsfedtest says what it serves; a Go test needs no program and uses that package
// directly.
//
// It is a module of its own, so that its dependencies are not those of the library, and stands
// within awsfed, so that it may use the internal packages of the two clouds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, which is not an error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if s.listFaults {
		for _, fault := range awsfedtest.Faults() {
			fmt.Fprintf(stdout, "%-28s %s\n", fault.Name, fault.Summary)
		}
		return nil
	}
	s.options.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	cloud := awsfedtest.New(s.options)
	for _, fault := range s.faults {
		fault.Inject(cloud)
	}
	server, err := cloud.StartAt(s.addr)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := s.write(server); err != nil {
		return err
	}
	world := &servedWorld{
		World:  &optionsWorld{base: awsfedtest.Options{Logger: s.options.Logger}, cloud: cloud},
		server: server, write: s.write,
	}
	api, err := s.admin.start(world, s.expose, stdout)
	if err != nil {
		return err
	}
	defer api.Close()
	fmt.Fprintf(stdout, "emulator ready at %s\n", server.URL)
	<-ctx.Done()
	return nil
}
