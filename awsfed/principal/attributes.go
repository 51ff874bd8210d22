package principal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The limits that Google sets on what a mapping yields (IAM API reference, workloadIdentityPools.providers; IAM
// quotas).
const (
	MaxSubject        = 127  // bytes of google.subject
	MaxAttributes     = 50   // custom attributes
	MaxAttributeName  = 100  // characters of a custom attribute's name, of a-z, 0-9 and "_"
	MaxAttributesSize = 8192 // bytes of all mapped values together
)

// Attributes are what a provider's mapping makes of an identity.
type Attributes struct {
	Subject string            // google.subject
	Groups  []string          // google.groups
	Custom  map[string]string // attribute.NAME by NAME, without "attribute."
}

// Limit says what a [LimitError] is about.
type Limit string

// The limits of [Attributes.Validate].
const (
	LimitSubjectEmpty  Limit = "google.subject must not be empty"
	LimitSubjectSize   Limit = "bytes in google.subject"
	LimitAttributes    Limit = "custom attributes"
	LimitAttributeName Limit = "characters of a-z, 0-9 and _ in the name of a custom attribute"
	LimitSize          Limit = "bytes in all mapped values"
)

// LimitError is the error for attributes that Google does not take.
type LimitError struct {
	Limit Limit
	Name  string // the custom attribute at fault; set for LimitAttributeName alone
	Size  int    // what was found, in the unit of Limit
	Max   int    // what is allowed; zero for LimitSubjectEmpty
}

// Error says which limit was passed, and by how much.
func (e *LimitError) Error() string {
	switch e.Limit {
	case LimitSubjectEmpty:
		return string(e.Limit)
	case LimitAttributeName:
		return fmt.Sprintf("attribute.%s: a name is 1 to %d %s", e.Name, e.Max, e.Limit)
	}
	return fmt.Sprintf("%d %s, more than %d", e.Size, e.Limit, e.Max)
}

// Validate holds the attributes against Google's limits and reports every one that is passed: a [*LimitError] each,
// joined, for [errors.As]. Google does not say whether names count in the size of all; here only values do.
func (a Attributes) Validate() error {
	var errs []error
	if a.Subject == "" {
		errs = append(errs, &LimitError{Limit: LimitSubjectEmpty})
	}
	if len(a.Subject) > MaxSubject {
		errs = append(errs, &LimitError{Limit: LimitSubjectSize, Size: len(a.Subject), Max: MaxSubject})
	}
	if len(a.Custom) > MaxAttributes {
		errs = append(errs, &LimitError{Limit: LimitAttributes, Size: len(a.Custom), Max: MaxAttributes})
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
	if size > MaxAttributesSize {
		errs = append(errs, &LimitError{Limit: LimitSize, Size: size, Max: MaxAttributesSize})
	}
	return errors.Join(errs...)
}

// validName returns an error, not a *LimitError, so that a nil one compares equal to nil.
func validName(name string) error {
	if name == "" || len(name) > MaxAttributeName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return &LimitError{Limit: LimitAttributeName, Name: name, Size: len(name), Max: MaxAttributeName}
	}
	return nil
}

// Members lists every principal:// and principalSet:// that names this identity when it comes through provider: its
// subject, its attributes by name, its groups in their order, and everyone. Empty values have no member.
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
