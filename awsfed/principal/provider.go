package principal

import (
	"fmt"
	"strings"
)

const (
	service   = "//iam.googleapis.com/"
	form      = service + "projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"
	minID     = 4
	maxID     = 32
	idLetters = "abcdefghijklmnopqrstuvwxyz0123456789-"
)

// Provider names a workload identity pool provider. It is comparable.
type Provider struct {
	ProjectNumber string // of the project that holds the pool; digits alone, never the project ID
	Pool          string // the pool's ID: 4 to 32 of a-z, 0-9 and "-"
	ID            string // the provider's ID within the pool, of the same form
}

// ParseAudience takes apart the audience of a token exchange, the full resource name of a provider:
//
//	//iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
//
// The error names the part that is wrong. The usual mistakes are a project ID in place of the
// number, and "https:" in front, which a subject token may carry but an audience may not.
func ParseAudience(audience string) (Provider, error) {
	p, err := parseAudience(audience)
	if err != nil {
		return Provider{}, fmt.Errorf("audience %q: %w", shown(audience), err)
	}
	return p, nil
}

func parseAudience(audience string) (Provider, error) {
	if scheme, _, found := strings.Cut(audience, "://"); found && !strings.Contains(scheme, "/") {
		return Provider{}, fmt.Errorf("it must start with %q, without %q", service, shown(scheme)+":")
	}
	name, found := strings.CutPrefix(audience, service)
	if !found {
		return Provider{}, fmt.Errorf("it must start with %q, as in %s", service, form)
	}
	if strings.HasPrefix(name, "locations/global/workforcePools/") {
		return Provider{}, fmt.Errorf("it names a workforce pool; AWS identities come through a workload identity pool, as in %s", form)
	}
	var parts [8]string
	rest, more := name, true
	for i, want := range [...]string{"projects", "", "locations", "global", "workloadIdentityPools", "", "providers", ""} {
		if !more {
			return Provider{}, fmt.Errorf("it ends after %q; the whole form is %s", shown(name), form)
		}
		if parts[i], rest, more = strings.Cut(rest, "/"); want != "" && parts[i] != want {
			return Provider{}, fmt.Errorf("part %q must be %q, as in %s", shown(parts[i]), want, form)
		}
	}
	if more {
		return Provider{}, fmt.Errorf("part %q after the provider is too much; the whole form is %s", shown(rest), form)
	}
	p := Provider{ProjectNumber: parts[1], Pool: parts[5], ID: parts[7]}
	if err := validProjectNumber(p.ProjectNumber); err != nil {
		return Provider{}, err
	}
	if err := validID("pool", p.Pool); err != nil {
		return Provider{}, err
	}
	return p, validID("provider", p.ID)
}

func validProjectNumber(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("the project number is empty")
	case strings.Trim(s, "0123456789") != "":
		return fmt.Errorf("project %q is not a number; a project ID cannot stand in for the project number here", shown(s))
	case len(s) > 19 || s[0] == '0':
		return fmt.Errorf("project %q cannot be a project number", shown(s))
	}
	return nil
}

func validID(what, s string) error {
	switch {
	case len(s) < minID || len(s) > maxID:
		return fmt.Errorf("%s ID %q has %d characters, not %d to %d", what, shown(s), len(s), minID, maxID)
	case strings.Trim(s, idLetters) != "":
		return fmt.Errorf("%s ID %q may hold a-z, 0-9 and - alone", what, shown(s))
	}
	return nil
}

// shown is as much of a value as an error quotes. %q writes out what is invisible in it.
func shown(s string) string {
	const most = 150
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Audience is the provider's full resource name, as [ParseAudience] takes it.
func (p Provider) Audience() string {
	return service + p.pool() + "/providers/" + p.ID
}

// Subject is the member of an IAM policy that names the one identity whose google.subject is
// subject.
func (p Provider) Subject(subject string) string {
	return p.member(KindSubject, "", subject)
}

// Attribute is the member of an IAM policy that names every identity whose attribute.NAME is value.
// The name comes without "attribute.": aws_role, for one.
func (p Provider) Attribute(name, value string) string {
	return p.member(KindAttribute, name, value)
}

// Group is the member of an IAM policy that names every identity with group among its
// google.groups.
func (p Provider) Group(group string) string {
	return p.member(KindGroup, "", group)
}

// Everyone is the member of an IAM policy that names every identity of the pool, whatever provider
// it came through.
func (p Provider) Everyone() string {
	return p.member(KindEveryone, "", "")
}

func (p Provider) member(kind Kind, name, value string) string {
	return Member{Kind: kind, ProjectNumber: p.ProjectNumber, Pool: p.Pool, Name: name, Value: value}.String()
}

func (p Provider) pool() string {
	return "projects/" + p.ProjectNumber + "/locations/global/workloadIdentityPools/" + p.Pool
}
