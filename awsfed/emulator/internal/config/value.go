package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// The texts that only some values fit.
type (
	AccountID     string // an AWS account's
	ProjectNumber string
	UniqueID      string // a service account's
	ResourceID    string // a pool's or provider's
	Partition     string // of AWS
	State         string // of a pool or provider
	GrantRole     string // of a binding
	Attribute     string // of a mapping
	FaultName     string
)

// rule says which texts fit a type.
type rule struct {
	values  []string // if there are any, all that fit
	pattern string   // a regular expression; "" for any
	form    string   // the pattern in words
	digits  bool     // a number in the file is meant as a text
}

// ruleOf returns the rule of a type of texts.
func ruleOf(t reflect.Type) rule {
	switch t {
	case reflect.TypeFor[AccountID]():
		return rule{pattern: `^[0-9]{12}$`, form: "12 digits", digits: true}
	case reflect.TypeFor[ProjectNumber]():
		return rule{pattern: `^[1-9][0-9]{0,18}$`, form: "the number of a project", digits: true}
	case reflect.TypeFor[UniqueID]():
		return rule{pattern: `^[0-9]{21}$`, form: "21 digits", digits: true}
	case reflect.TypeFor[ResourceID]():
		return rule{pattern: `^[a-z0-9-]{4,32}$`, form: "4 to 32 of a-z, 0-9 and -"}
	case reflect.TypeFor[Attribute]():
		return rule{pattern: `^(google\.(subject|groups)|attribute\.[a-z0-9_]{1,100})$`, form: "google.subject, google.groups or attribute.NAME, with a name of a-z, 0-9 and _"}
	case reflect.TypeFor[time.Duration]():
		return rule{pattern: `^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$`, form: "a duration such as 15m or 1h30m"}
	case reflect.TypeFor[Partition]():
		return rule{values: []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}}
	case reflect.TypeFor[State]():
		return rule{values: []string{string(fakegoogle.StateActive), string(fakegoogle.StateDisabled), string(fakegoogle.StateDeleted)}}
	case reflect.TypeFor[GrantRole]():
		return rule{pattern: `^(projects/[a-z0-9.:-]+/|organizations/[0-9]+/)?roles/[A-Za-z0-9_.]+$`, form: "a role such as roles/iam.workloadIdentityUser"}
	case reflect.TypeFor[FaultName]():
		var r rule
		for _, fault := range awsfedtest.Faults() {
			r.values = append(r.values, fault.Name)
		}
		return r
	case reflect.TypeFor[fakegoogle.Reason]():
		var r rule
		for _, reason := range fakegoogle.Reasons() {
			r.values = append(r.values, string(reason))
		}
		return r
	}
	return rule{}
}

// refuses says what would fit instead of text; "" if it fits.
func (r rule) refuses(text string) (want string) {
	switch {
	case len(r.values) > 0 && !slices.Contains(r.values, text):
		return "one of " + strings.Join(r.values, ", ")
	case r.pattern != "" && !regexp.MustCompile(r.pattern).MatchString(text):
		return r.form
	}
	return ""
}
