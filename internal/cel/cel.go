// Package cel writes values into CEL, the language of the attribute mappings and conditions of a
// workload identity pool provider.
package cel

import (
	"fmt"
	"strings"
)

// DefaultSubject and DefaultAWSRole are Google's default mapping of an AWS provider (IAM API
// reference, workloadIdentityPools.providers), for google.subject and attribute.aws_role. Who
// changes one of them has to repeat the other, or bindings to it stop working.
const (
	DefaultSubject = `assertion.arn`
	DefaultAWSRole = `assertion.arn.contains("assumed-role") ? assertion.arn.extract("{account_arn}assumed-role/") + "assumed-role/" + assertion.arn.extract("assumed-role/{role_name}/") : assertion.arn`
)

// String is a string literal. The value is printable, so quotes and backslashes are all that needs
// an escape. The filters of gcloud and the Logging query language have the same literals.
func String(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// Clause is a string literal for people to copy without a command around it: whatever a shell gets
// to see of it, with quotes around it or without, runs nothing.
func Clause(value string) string {
	const safe = "@%+=:,./_-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	var b strings.Builder
	for _, r := range value {
		switch {
		case strings.ContainsRune(safe, r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return `"` + b.String() + `"`
}
