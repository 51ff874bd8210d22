// Package health is the command "awsfed health".
package health

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/serve"
)

const help = `
Asks the "awsfed serve" of this host, pod or task whether it has a token. It is
for probes that run a command in the container, which has no curl and whose
loopback the kubelet cannot reach:

  exec: {command: [/awsfed, health]}        # Kubernetes
  HEALTHCHECK CMD ["/awsfed", "health"]     # Docker

It asks http://127.0.0.1:PORT/healthz, and http://[::1]:PORT/healthz where
nothing listens at the former; never through a proxy, and it follows no redirect.

Exit codes: 0 for a token at hand, 1 for everything else, with a line of why on
standard error.
`

// Command is awsfed health.
func Command() command.Command {
	return command.Command{
		Name:    "health",
		Summary: "ask awsfed serve whether it has a token, for probes",
		Help:    help,
		// Docker reserves 2.
		Misuse:   command.Failed,
		Register: register,
	}
}

func register(flags *flag.FlagSet) command.Runner {
	port := flags.Uint("port", serve.DefaultPort, "`port` of awsfed serve on loopback")
	timeout := flags.Duration("timeout", 2*time.Second, "`duration` that the answer may take")
	return func(ctx context.Context, in *command.Invocation) (int, error) {
		var faults []error
		if *port < 1 || *port > 65535 {
			faults = append(faults, fmt.Errorf("-port is %d: it is from 1 to 65535", *port))
		}
		if *timeout <= 0 {
			faults = append(faults, fmt.Errorf("-timeout is %s: it is more than 0", *timeout))
		}
		if len(faults) > 0 {
			return command.Failed, errors.Join(faults...)
		}
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		if err := probe(ctx, *port); err != nil {
			return command.Failed, err
		}
		return command.Succeeded, nil
	}
}
