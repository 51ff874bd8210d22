// Package serve is the command awsfed serve: a shell around package metadataserver.
package serve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/systemd"
)

// DefaultPort is where the server listens, and health asks it.
const DefaultPort = 8988

const help = `Answers as the metadata server of Google Compute Engine does, with tokens of the AWS identity of this
process. Clients in any language find it by their environment:

  GCE_METADATA_HOST=127.0.0.1:8988 GCE_METADATA_IP=127.0.0.1:8988 GCE_METADATA_ROOT=127.0.0.1:8988
  METADATA_SERVER_DETECTION=assume-present GCE_METADATA_MTLS_MODE=none

"awsfed exec" sets these for one command, and runs a server for it.

Who reaches the server gets the token: it listens on loopback addresses unless -expose is given, and
on Linux serves its own user alone unless -allow-uid names more. The credential file is taken over
when it changes, and at SIGHUP. SIGTERM and SIGINT stop the server.`

type serving struct {
	flags   Flags
	port    int
	expose  bool
	hosts   command.List
	metrics string
	log     string
}

// Command is awsfed serve.
func Command() command.Command {
	return command.Command{
		Name: "serve", Summary: "serve Google metadata to this host, pod or task", Help: help,
		Register: func(flags *flag.FlagSet) command.Runner {
			s := &serving{}
			s.flags.Register(flags)
			flags.IntVar(&s.port, "port", DefaultPort, "`number` of the port to listen on")
			flags.BoolVar(&s.expose, "expose", false, "listen on all addresses instead of loopback: whoever reaches them gets the token")
			flags.Var(&s.hosts, "hosts", "comma-separated `names` with their port, such as metadata:8988, that clients may call the server by")
			flags.StringVar(&s.metrics, "metrics", "", "`address` with its port, such as 127.0.0.1:9988, for Prometheus metrics; default none")
			flags.StringVar(&s.log, "log", "text", "`format` of the log on standard error: text or json")
			return s.run
		},
	}
}

func (s *serving) run(ctx context.Context, in *command.Invocation) (int, error) {
	logger, err := s.logger(in.Stderr)
	if err = errors.Join(err, s.flags.Resolve(in.LookupEnv)); err != nil {
		return command.Misused, err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Before anybody can know of the server, whom such a signal would end otherwise.
	asked := make(chan os.Signal, 1)
	if signals := hangups(); len(signals) > 0 { // none would be all of them
		signal.Notify(asked, signals...)
		defer signal.Stop(asked)
	}
	listeners, err := Listen(ctx, s.port, s.expose)
	if err != nil {
		return command.Failed, err
	}
	defer closeAll(listeners)
	handler, reloader, err := s.flags.Handler(ctx, s.hosts, logger)
	if err != nil {
		return command.Failed, err
	}
	metrics, err := s.startMetrics(ctx, handler)
	if err != nil {
		return command.Failed, err
	}
	defer metrics.Stop()
	server := Start(handler.NewServer(), listeners...)
	defer server.Stop()
	for _, l := range listeners {
		logger.InfoContext(ctx, "awsfed: the metadata server listens", "address", l.Addr().String())
	}
	tell := func(states ...string) {
		socket, _ := in.LookupEnv("NOTIFY_SOCKET")
		if err := systemd.Notify(socket, states...); err != nil {
			logger.WarnContext(ctx, "awsfed: systemd was not told", "error", err)
		}
	}
	tell(systemd.Ready, systemd.Status("serves tokens of "+handler.Account()))
	defer tell(systemd.Stopping)
	go watchdog(ctx, in.LookupEnv, tell)
	reloader.tell = tell
	go func() { _ = handler.Warm(ctx) }() // the log tells of a failure, and so does each request
	go reloader.Run(ctx, asked)
	select {
	case <-ctx.Done():
		logger.InfoContext(ctx, "awsfed: the metadata server stops")
		return command.Succeeded, nil
	case err := <-server.Failed():
		return command.Failed, err
	}
}

// watchdog tells systemd that the server lives, where the unit has a WatchdogSec.
func watchdog(ctx context.Context, lookup func(string) (string, bool), tell func(...string)) {
	interval, wanted := systemd.WatchdogInterval(func(name string) string {
		value, _ := lookup(name)
		return value
	})
	if !wanted {
		return
	}
	for ticks := time.Tick(interval / 2); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			tell(systemd.Watchdog)
		}
	}
}

func (s *serving) logger(w io.Writer) (*slog.Logger, error) {
	switch s.log {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, fmt.Errorf("-log: %q is neither text nor json", s.log)
}

// startMetrics serves the metrics on a port of their own, to whoever reaches it.
func (s *serving) startMetrics(ctx context.Context, handler *metadataserver.Handler) (*Server, error) {
	const slow = 5 * time.Second
	server := &http.Server{Handler: handler.Metrics(), ReadTimeout: slow, WriteTimeout: slow, MaxHeaderBytes: 4 << 10}
	if s.metrics == "" {
		return Start(server), nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", s.metrics)
	if err != nil {
		return nil, fmt.Errorf("listening for metrics: %w", err)
	}
	return Start(server, l), nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close() // the server may have closed it
	}
}
