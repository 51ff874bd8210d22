package serve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

// Flags are those of the metadata server, which serve and exec share.
type Flags struct {
	settings settings.Settings
	options  metadataserver.Options
	uids     command.List
}

// Register defines them, and those of who the server is.
func (f *Flags) Register(flags *flag.FlagSet) {
	f.settings.Register(flags)
	flags.Var((*command.List)(&f.options.Accounts), "accounts", "comma-separated `emails` of further service accounts that clients may ask for by name")
	flags.StringVar(&f.options.ProjectID, "project", "", "`ID` of the project that clients are told; default that of the service account")
	flags.StringVar(&f.options.NumericProjectID, "numeric-project", "", "`number` of that project; default that of the pool's")
	flags.StringVar(&f.options.Zone, "zone", "", "`name` of the zone that clients are told, such as europe-west1-b; default none")
	flags.Var(&f.uids, "allow-uid", "comma-separated `UIDs` whose processes are served besides the server's own user, or any (on Linux; other systems serve every user)")
}

// Resolve looks for flags that make no sense, and comes before Handler.
func (f *Flags) Resolve(lookup func(string) (string, bool)) error {
	var faults []error
	for _, s := range f.uids {
		if s == "any" {
			f.options.AllowAnyUID = true
			continue
		}
		uid, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			faults = append(faults, fmt.Errorf("-allow-uid: %q is neither the number of a user nor any", s))
		}
		f.options.AllowUIDs = append(f.options.AllowUIDs, uint32(uid))
	}
	return errors.Join(append(faults, f.settings.Resolve(lookup))...)
}

// File is the credential file, "" for none.
func (f *Flags) File() string { return f.settings.File() }

// Accounts are the service accounts besides the default one.
func (f *Flags) Accounts() []string { return f.options.Accounts }

// Handler makes the metadata server, and what takes its credential file over when that changes.
func (f *Flags) Handler(ctx context.Context, hosts []string, logger *slog.Logger) (*metadataserver.Handler, *Reloader, error) {
	var seen os.FileInfo
	if file := f.settings.File(); file != "" {
		seen, _ = os.Stat(file) // before it is read, so that no change of it is missed
	}
	read := f.settings.Config
	cfg, err := read()
	if err != nil {
		return nil, nil, err
	}
	cfg.Logger = logger
	options := f.options
	options.Hosts = hosts
	handler, err := metadataserver.New(ctx, cfg, &options)
	if err != nil {
		return nil, nil, err
	}
	return handler, &Reloader{file: f.settings.File(), seen: seen, logger: logger, take: func(ctx context.Context) error {
		cfg, err := read()
		if err != nil {
			return err
		}
		cfg.Logger = logger
		return handler.Replace(ctx, cfg)
	}}, nil
}
