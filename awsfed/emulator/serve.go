package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/authority"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

const (
	// maxConnections is more than one machine's clients have, and few enough for the usual limit of
	// 1024 open files.
	maxConnections = 512
	// stopTimeout is half of what Docker gives a container to stop.
	stopTimeout = 5 * time.Second
)

// serve serves until ctx ends, which is not an error.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
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
	clouds, err := s.world()
	if err != nil {
		return err
	}
	cloud := clouds.Cloud()
	for _, fault := range s.faults {
		fault.Inject(cloud)
	}
	files := clientFiles{settings: s, stderr: stderr}
	if s.tls {
		ca, err := authority.New(s.hosts(), playedDomains(cloud.Options().Universe), time.Now())
		if err != nil {
			return err
		}
		s.server.TLS, files.authority = ca.Config(), ca.PEM()
	}
	server, err := cloud.StartServer(s.server)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := files.write(ctx, server); err != nil {
		return err
	}
	world := &servedWorld{
		World: clouds, server: server, write: func(server *awsfedtest.Server) error { return files.write(ctx, server) },
	}
	api, err := s.admin.start(world, s.expose, stdout)
	if err != nil {
		return err
	}
	defer api.Close()
	ready := server.URL
	if s.server.PublicURL != "" {
		ready += " (" + server.Addr + ")"
	}
	fmt.Fprintf(stdout, "emulator ready at %s\n", ready)
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		fmt.Fprintf(stderr, "emulator: requests that had no answer after %v are broken off\n", stopTimeout)
	}
	return nil
}

// playedDomains are those of the services that the emulator plays.
func playedDomains(universe string) []string {
	domains := append([]string{"googleapis.com"}, fakeaws.DNSSuffixes()...)
	if !slices.Contains(domains, universe) {
		domains = append(domains, universe)
	}
	return domains
}
