package principal

import (
	"fmt"
	"slices"
	"strings"
)

// Kind says whom a [Member] names.
type Kind string

// The kinds of members. All but the last are identities of a workload identity pool.
const (
	KindSubject        Kind = "subject"        // principal://…/subject/SUBJECT: one identity
	KindGroup          Kind = "group"          // principalSet://…/group/GROUP: all with that group
	KindAttribute      Kind = "attribute"      // principalSet://…/attribute.NAME/VALUE: all with that attribute
	KindEveryone       Kind = "everyone"       // principalSet://…/*: all of the pool
	KindServiceAccount Kind = "serviceAccount" // serviceAccount:EMAIL
)

const (
	one  = "principal:"
	many = "principalSet:"
)

// Member is one member of a binding in an IAM policy. The provider is no part of it: two providers
// of one pool share their names. It is comparable.
type Member struct {
	Kind          Kind
	ProjectNumber string // of the pool; empty for a service account
	Pool          string // the pool's ID; empty for a service account
	Name          string // of the attribute, without "attribute."; empty for other kinds
	Value         string // the subject, group, attribute's value or service account's email, unescaped; empty for everyone
}

// ParseMember reads a member in the form in which IAM policies hold it. Values stand there
// unescaped and may hold slashes. Users, groups of users, domains and allUsers are not identities
// of a pool, and are errors here.
func ParseMember(s string) (Member, error) {
	m, err := parseMember(s)
	if err != nil {
		return Member{}, fmt.Errorf("member %q: %w", shown(s), err)
	}
	return m, nil
}

func parseMember(s string) (Member, error) {
	if email, found := strings.CutPrefix(s, "serviceAccount:"); found {
		if user, domain, _ := strings.Cut(email, "@"); user == "" || domain == "" {
			return Member{}, fmt.Errorf("%q is not a service account's email", shown(email))
		}
		return Member{Kind: KindServiceAccount, Value: email}, nil
	}
	scheme := many
	name, found := strings.CutPrefix(s, many+service)
	if !found {
		scheme = one
		if name, found = strings.CutPrefix(s, one+service); !found {
			return Member{}, fmt.Errorf("it must start with %q, %q or %q", one+service, many+service, "serviceAccount:")
		}
	}
	parts := strings.SplitN(name, "/", 8)
	if len(parts) < 7 || parts[0] != "projects" || parts[2] != "locations" || parts[3] != "global" || parts[4] != "workloadIdentityPools" {
		return Member{}, fmt.Errorf("%q does not name a pool, projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL, and someone in it", shown(name))
	}
	m := Member{ProjectNumber: parts[1], Pool: parts[5]}
	if err := validProjectNumber(m.ProjectNumber); err != nil {
		return Member{}, err
	}
	if err := validID("pool", m.Pool); err != nil {
		return Member{}, err
	}
	attribute, isAttribute := strings.CutPrefix(parts[6], "attribute.")
	switch {
	case parts[6] == "*" && len(parts) == 7:
		m.Kind = KindEveryone
	case parts[6] == "subject":
		m.Kind = KindSubject
	case parts[6] == "group":
		m.Kind = KindGroup
	case isAttribute:
		m.Kind, m.Name = KindAttribute, attribute
		if err := validName(attribute); err != nil {
			return Member{}, err
		}
	default:
		return Member{}, fmt.Errorf("%q is not subject, group, attribute.NAME or *", shown(parts[6]))
	}
	if m.Kind != KindEveryone {
		if len(parts) < 8 || parts[7] == "" {
			return Member{}, fmt.Errorf("nothing comes after %q", shown(parts[6]))
		}
		m.Value = parts[7]
	}
	if want := m.scheme(); scheme != want {
		return Member{}, fmt.Errorf("%q starts with %s, not %s", shown(parts[6]), want, scheme)
	}
	return m, nil
}

// String is the member as IAM policies hold it.
func (m Member) String() string {
	if m.Kind == KindServiceAccount {
		return "serviceAccount:" + m.Value
	}
	pool := m.scheme() + service + Provider{ProjectNumber: m.ProjectNumber, Pool: m.Pool}.pool()
	switch m.Kind {
	case KindEveryone:
		return pool + "/*"
	case KindAttribute:
		return pool + "/attribute." + m.Name + "/" + m.Value
	default:
		return pool + "/" + string(m.Kind) + "/" + m.Value
	}
}

func (m Member) scheme() string {
	if m.Kind == KindSubject {
		return one
	}
	return many
}

// Matches reports whether the member names the identity that came through provider with these
// attributes.
func (m Member) Matches(provider Provider, attributes Attributes) bool {
	if m.Kind == KindServiceAccount || m.ProjectNumber != provider.ProjectNumber || m.Pool != provider.Pool {
		return false
	}
	switch m.Kind {
	case KindEveryone:
		return true
	case KindSubject:
		return m.Value == attributes.Subject
	case KindGroup:
		return slices.Contains(attributes.Groups, m.Value)
	case KindAttribute:
		value, found := attributes.Custom[m.Name]
		return found && m.Value == value
	}
	return false
}
