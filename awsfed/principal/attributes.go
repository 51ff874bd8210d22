package principal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// MaxSubject is the largest google.subject that Google takes, in bytes (IAM API reference,
// workloadIdentityPools.providers).
const MaxSubject = 127

// The other limits that Google sets on what a mapping yields (same reference; IAM quotas).
const (
	maxAttributes     = 50   // custom attributes
	maxAttributeName  = 100  // characters of a custom attribute's name, of a-z, 0-9 and "_"
	maxAttributesSize = 8192 // bytes of all mapped values together
)

// Attributes are what a provider's mapping makes of an identity.
type Attributes struct {
	Subject string            // google.subject
	Groups  []string          // google.groups
	Custom  map[string]string // attribute.NAME by NAME, without "attribute."
}

// Validate holds the attributes against Google's limits and joins one error for each that is
// passed. Google does not say whether names count in the size of all; here only values do.
func (a Attributes) Validate() error {
	var errs []error
	if a.Subject == "" {
		errs = append(errs, errors.New("google.subject must not be empty"))
	}
	if len(a.Subject) > MaxSubject {
		errs = append(errs, fmt.Errorf("%d bytes in google.subject, more than %d", len(a.Subject), MaxSubject))
	}
	if len(a.Custom) > maxAttributes {
		errs = append(errs, fmt.Errorf("%d custom attributes, more than %d", len(a.Custom), maxAttributes))
	}
	size := len(a.Subject)
	for _, group := range a.Groups {
		size += len(group)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Custom)) {
		size += len(a.Custom[name])
		if err := validName(name); err != nil {
			errs = append(errs, err)
		}
	}
	if size > maxAttributesSize {
		errs = append(errs, fmt.Errorf("%d bytes in all mapped values, more than %d", size, maxAttributesSize))
	}
	return errors.Join(errs...)
}

func validName(name string) error {
	if name == "" || len(name) > maxAttributeName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return fmt.Errorf("attribute.%s: a name is 1 to %d characters of a-z, 0-9 and _ in the name of a custom attribute", untrusted.Text(name, 150), maxAttributeName)
	}
	return nil
}

// Members lists every principal:// and principalSet:// that names this identity when it comes
// through provider: its subject, its attributes by name, its groups in their order, and everyone.
// Empty values have no member.
func (a Attributes) Members(provider Provider) []string {
	var members []string
	if a.Subject != "" {
		members = append(members, provider.Subject(a.Subject))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Custom)) {
		if value := a.Custom[name]; value != "" {
			members = append(members, provider.Attribute(name, value))
		}
	}
	for _, group := range a.Groups {
		if group != "" {
			members = append(members, provider.Group(group))
		}
	}
	return append(members, provider.Everyone())
}
