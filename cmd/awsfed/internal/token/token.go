// Package token is the command "awsfed token".
package token

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

const help = `
Prints one token: an access token, or with -id-token an ID token of the service
account for that audience, as Cloud Run and Identity-Aware Proxy want it.

  awsfed token -format header | curl -H @- https://storage.googleapis.com/…
  awsfed token -format json

A token is a secret. On a command line, as in curl -H "$(awsfed token -format
header)", other users of the machine see it in the list of processes; curl -H @-
reads it from standard input instead.

Formats:
  token   the token alone
  json    {"access_token" or "id_token", "token_type", "expires_in", "expiry"}:
          seconds, and the time of the end as in RFC 3339
  header  Authorization: Bearer TOKEN

Each run gets a new token, unless -cache names a file to keep one in. That file
is for its owner alone (mode 0600; one that others may read, a link and another
user's are not used; on Windows the permissions of its directory count). It holds
one token, so give each use a file of its own. It is used again only for the same
provider, account, scopes, audience, hosts, lifetime and region, on the same
host, with the same home directory and the same AWS_* variables (profile, role,
access key ID, container). What awsfed cannot see without asking AWS it does not
see there either: after a change of the profile's role, of the SSO user or of the
machine's role, delete the file. A cache that cannot be used is a warning, never
a failure.

Exit codes: 0 for a token, 1 for none, 2 for flags that make no sense.
`

// Command is awsfed token.
func Command() command.Command {
	return command.Command{
		Name:     "token",
		Summary:  "print a token, for curl and scripts",
		Help:     help,
		Register: register,
	}
}

type printer struct {
	settings settings.Settings
	audience string // of an ID token; "" for an access token
	format   Format
	cache    string        // "" for none
	minLeft  time.Duration // of the life of a token of the cache
}

func register(flags *flag.FlagSet) command.Runner {
	p := &printer{format: FormatToken}
	p.settings.Register(flags)
	flags.StringVar(&p.audience, "id-token", "", "print an ID token for this `audience`, such as https://service.example, instead of an access token")
	flags.Var(&p.format, "format", "`format` to print: token, json or header")
	flags.StringVar(&p.cache, "cache", "", "`file` to keep the token in from run to run; default none")
	flags.DurationVar(&p.minLeft, "min-left", 5*time.Minute, "`duration` that a token of the -cache has to be good for")
	return p.run
}

func (p *printer) run(ctx context.Context, in *command.Invocation) (code int, err error) {
	err = p.settings.Resolve(in.LookupEnv)
	if p.minLeft < 0 {
		err = errors.Join(err, fmt.Errorf("-min-left is %s: it is 0 or more", p.minLeft))
	}
	if err != nil {
		return command.Misused, err
	}
	cfg, err := p.settings.Config()
	if err != nil {
		return command.Failed, err
	}
	cfg.Logger = slog.New(slog.DiscardHandler) // the error says it all
	token, err := p.token(ctx, cfg, in)
	if err != nil {
		return command.Failed, err
	}
	if err := p.format.write(in.Stdout, token, p.audience != ""); err != nil {
		return command.Failed, err
	}
	return command.Succeeded, nil
}

// token is that of the cache, or a new one.
func (p *printer) token(ctx context.Context, cfg awsfed.Config, in *command.Invocation) (*oauth2.Token, error) {
	if p.cache == "" {
		return p.fetch(ctx, cfg)
	}
	key, err := cacheKey(cfg, p.audience, in.Environ)
	var cached *oauth2.Token
	if err == nil {
		cached, err = readCache(p.cache, key)
	}
	if err != nil {
		fmt.Fprintf(in.Stderr, "awsfed token: the cache is not used: %v\n", err)
		return p.fetch(ctx, cfg)
	}
	if cached != nil && time.Until(cached.Expiry) > p.minLeft {
		return cached, nil
	}
	token, err := p.fetch(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := writeCache(p.cache, key, token); err != nil {
		fmt.Fprintf(in.Stderr, "awsfed token: the token is not kept: %v\n", err)
	}
	return token, nil
}

func (p *printer) fetch(ctx context.Context, cfg awsfed.Config) (*oauth2.Token, error) {
	var source *awsfed.TokenSource
	var err error
	if p.audience == "" {
		source, err = awsfed.NewTokenSource(ctx, cfg)
	} else {
		source, err = awsfed.NewIDTokenSource(ctx, cfg, p.audience)
	}
	if err != nil {
		return nil, err
	}
	return source.TokenContext(ctx)
}
