// Package syntax reads what commands and resources name: members of IAM policies, roles, audiences,
// and expressions in CEL.
package syntax

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Member reads a member of an IAM policy.
func Member(member string) error {
	kind, name, _ := strings.Cut(member, ":")
	var form string
	switch kind {
	case "principal", "principalSet":
		if strings.HasPrefix(member, "principalSet://cloudresourcemanager.googleapis.com/") {
			form = `^//cloudresourcemanager\.googleapis\.com/(projects|folders|organizations)/[0-9]+$`
			break
		}
		parsed, err := principal.ParseMember(member)
		if err == nil && parsed.String() != member {
			err = fmt.Errorf("the member %q is written %q", member, parsed)
		}
		return err
	case "serviceAccount":
		form = `^` + account + `$`
	case "user", "group":
		form = `^[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+$`
	case "domain":
		form = `^[a-z0-9-]+(\.[a-z0-9-]+)+$`
	case "projectOwner", "projectEditor", "projectViewer":
		form = `^[a-z][a-z0-9-]{4,28}[a-z0-9]$`
	case "allUsers", "allAuthenticatedUsers":
		form = `^$`
	default:
		return fmt.Errorf("the member %q is of no kind that IAM has", member)
	}
	return match("the member", member, form, name)
}

const account = `([a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9-]{4,28}[a-z0-9]\.iam|[0-9]+-compute@developer|[a-z0-9-]+@gcp-sa-[a-z-]+\.iam)\.gserviceaccount\.com`

func match(what, whole, form, text string) error {
	if !regexp.MustCompile(form).MatchString(text) {
		return fmt.Errorf("%s %q does not fit %s", what, whole, form)
	}
	return nil
}

// Account reads the email of a service account.
func Account(email string) error { return match("the service account", email, `^`+account+`$`, email) }

// Role reads the name of a role.
func Role(role string) error {
	return match("the role", role, `^(roles/[a-zA-Z]+(\.[A-Za-z]+)*|(projects|organizations)/[a-z0-9-]+/roles/[A-Za-z0-9_.]+)$`, role)
}

// Project reads the ID or the number of a project.
func Project(id string) error {
	return match("the project", id, `^([a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]+)$`, id)
}

// Pool reads the ID, or the whole name, of a pool.
func Pool(name string) error {
	return match("the pool", name, `^((projects/[a-z0-9-]+/)?locations/global/workloadIdentityPools/)?[a-z0-9-]{4,32}$`, name)
}

// Provider reads the ID, or the whole name, of a provider.
func Provider(name string) error {
	if strings.HasPrefix(name, "projects/") {
		_, err := principal.ParseAudience("//iam.googleapis.com/" + name)
		return err
	}
	return match("the provider", name, `^[a-z0-9-]{4,32}$`, name)
}

// Audience reads the name of a provider as a Config has it.
func Audience(audience string) error {
	_, err := principal.ParseAudience(audience)
	return err
}

// Constraint reads the name of a constraint of an organization policy.
func Constraint(name string) error {
	return match("the constraint", name, `^(constraints/)?(custom\.)?[a-z]+[A-Za-z]*(\.managed)?\.[a-zA-Z]+$`, name)
}
