package serve

import (
	"errors"
	"flag"
	"fmt"
	"strconv"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
)

// Flags are those of the metadata server, which serve and exec share.
type Flags struct {
	options metadataserver.Options
	uids    command.List
}

// Register defines them.
func (f *Flags) Register(flags *flag.FlagSet) {
	flags.Var((*command.List)(&f.options.Accounts), "accounts", "comma-separated `emails` of further service accounts that clients may ask for by name")
	flags.StringVar(&f.options.ProjectID, "project", "", "`ID` of the project that clients are told; default that of the service account")
	flags.StringVar(&f.options.NumericProjectID, "numeric-project", "", "`number` of that project; default that of the pool's")
	flags.StringVar(&f.options.Zone, "zone", "", "`name` of the zone that clients are told, such as europe-west1-b; default none")
	flags.Var(&f.uids, "allow-uid", "comma-separated `UIDs` whose processes are served besides the server's own user, or any (on Linux; other systems serve every user)")
}

// Options are what they say.
func (f *Flags) Options() (*metadataserver.Options, error) {
	o := f.options
	var faults []error
	for _, s := range f.uids {
		if s == "any" {
			o.AllowAnyUID = true
			continue
		}
		uid, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			faults = append(faults, fmt.Errorf("-allow-uid: %q is neither the number of a user nor any", s))
		}
		o.AllowUIDs = append(o.AllowUIDs, uint32(uid))
	}
	return &o, errors.Join(faults...)
}
