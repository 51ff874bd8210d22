package awsfed

import (
	"net/url"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// A FileOption changes how a credential file is judged.
type FileOption func(*fileRules)

type fileRules struct {
	allowed []string
}

// AllowHosts lets a credential file name these hosts, "host" or "host:port", next to Google's and AWS's own: an
// emulator, a proxy for EC2 metadata, or the domain of another Google Cloud universe. They may be http if they are
// this machine. Without it such a file is refused, since whoever can write it could have subject tokens sent to himself.
func AllowHosts(names ...string) FileOption {
	return func(rules *fileRules) { rules.allowed = append(rules.allowed, names...) }
}

// permits reports whether a file may name this URL: one of a host that is known, or one that the program allowed.
func (r fileRules) permits(raw string, known func(*url.URL) bool) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Hostname() != "" && u.User == nil && u.Fragment == "" &&
		(known(u) || secure(u) && hosts.Same(u, r.allowed))
}

func (r fileRules) want(example string) string {
	return "a URL like " + example + ", or one of a host that the program allows with AllowHosts"
}
