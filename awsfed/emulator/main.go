// The emulator program serves AWS and Google Cloud, as far as workload identity federation goes, on
// one port, and tells unmodified clients in any language how to find it:
//
//	go -C awsfed/emulator run . -addr 127.0.0.1:8085 -credential-file "$PWD/cred.json" -env "$PWD/emulator.env"
//	. ./emulator.env
//
// It writes the external_account file that Google's clients read and a file of shell exports,
// prints one line when it is ready, logs one line a request to standard error, and stops on SIGINT
// or SIGTERM: requests under way have five seconds then. (go run passes no SIGTERM on: build the
// program, or signal the process group.) Package awsfedtest says what it serves; a Go test needs no
// program and uses that package directly.
//
// With -tls all is https, and the exports make clients in Go, Python, Node.js, Java and curl trust
// it. "emulator health" asks a running emulator whether it is there, for images without a shell.
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
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// run runs the subcommand that the first argument names, and without one serves.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "health" {
		return health(ctx, args[1:], stderr)
	}
	return serve(ctx, args, stdout, stderr)
}
