package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
)

// adminSettings is the part of the command line that is about the admin API.
type adminSettings struct {
	addr      string
	tokenFile string
}

// register adds the flags.
func (s *adminSettings) register(f *flag.FlagSet) {
	f.StringVar(&s.addr, "admin", "", "serve the admin API and its page on this `host:port`; port 0 takes a free one (default: do not)")
	f.StringVar(&s.tokenFile, "admin-token", "", "ask every client of -admin for the token in this `file` (default: for none on loopback, and elsewhere for one that is printed)")
}

// check reports the first mistake.
func (s *adminSettings) check(expose bool) error {
	if s.addr == "" {
		if s.tokenFile != "" {
			return errors.New("-admin-token without -admin")
		}
		return nil
	}
	if err := (admin.Options{Addr: s.addr, Expose: expose}).Check(); err != nil {
		return fmt.Errorf("-admin: %w", err)
	}
	return nil
}

// start serves the admin API for world and prints where. Without -admin it does nothing.
func (s *adminSettings) start(world admin.World, expose bool, stdout io.Writer) (io.Closer, error) {
	if s.addr == "" {
		return io.NopCloser(nil), nil
	}
	options := admin.Options{Addr: s.addr, Expose: expose, World: world}
	if s.tokenFile != "" {
		data, err := os.ReadFile(s.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("-admin-token: %w", err)
		}
		if options.Token = string(bytes.TrimSpace(data)); options.Token == "" {
			return nil, fmt.Errorf("-admin-token: %s is empty", s.tokenFile)
		}
	}
	server, err := admin.Start(options)
	if err != nil {
		return nil, err
	}
	if server.Token != options.Token { // a random one, which nobody knows yet
		fmt.Fprintf(stdout, "admin token %s\n", server.Token)
	}
	fmt.Fprintf(stdout, "admin ready at %s\n", server.URL)
	return server, nil
}
