package setup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// The flags that the faults of a [Wanted] name, without the hyphen.
const (
	FlagProject        = "project"
	FlagNumericProject = "numeric-project"
	FlagPool           = "pool"
	FlagProvider       = "provider"
	FlagServiceAccount = "service-account"
	FlagRoles          = "roles"
	FlagSign           = "sign"
	FlagARN            = "aws-arn"
	FlagAccount        = "aws-account"
	FlagRegion         = "region"
)

// Wanted is what is to be set up.
type Wanted struct {
	ProjectID     string // of the project that has or gets the pool: my-project, or example.com:my-project
	ProjectNumber string // of the same project
	Pool          string // ID of the workload identity pool: 4 to 32 of a-z, 0-9 and "-"
	Provider      string // ID of the provider in the pool, of the same form

	// ServiceAccount is the one to impersonate: its ID, for an account in the project, or its email
	// address. Optional; without one the roles go to the AWS identity itself (direct resource
	// access).
	ServiceAccount string
	// Roles are granted in the project: roles/storage.objectViewer, or a custom one by its full
	// name. Optional.
	Roles []string
	// Sign lets the AWS identity sign as the service account, see [awsfed.Signer].
	Sign bool

	// Identity is the AWS identity, as [Identity] gives it. The ARN is enough; that of a role in
	// IAM will do, too. The account, if there is one, has to be that of the ARN.
	Identity principal.Identity
	// Region is the AWS region of the workload. Optional; the credential file needs no more than
	// its partition, which the ARN has.
	Region string
}

// A FieldError is one fault of a [Wanted].
type FieldError struct {
	Flag  string // the flag that has the value, without the hyphen
	Found string // the value, bounded and cleaned
	Want  string // what it has to be
}

// Error is one line: -pool "x": want ….
func (e *FieldError) Error() string {
	return fmt.Sprintf("-%s %q: want %s", e.Flag, e.Found, e.Want)
}

// serviceAccount is the account of a plan; its zero value is none.
type serviceAccount struct {
	email   string
	id      string // of an account in the plan's project, which the plan creates; "" for one that has to be there
	project string // its ID, without which gcloud takes no account
}

// faults are those of the fields one by one; c and a are of use if there are none.
func (w Wanted) faults() (c caller, a serviceAccount, faults []error) {
	fault := func(flag, found, want string) {
		faults = append(faults, &FieldError{Flag: flag, Found: shown(found), Want: want})
	}
	if !projectID(w.ProjectID) {
		fault(FlagProject, w.ProjectID, "the ID of a project, 6 to 30 of a-z, 0-9 and -, with a letter at the start")
	}
	if !only(w.ProjectNumber, digits, 19) || w.ProjectNumber[0] == '0' {
		fault(FlagNumericProject, w.ProjectNumber, "the number of the project: gcloud projects describe PROJECT_ID --format='value(projectNumber)'")
	}
	for _, id := range []struct{ flag, value string }{{FlagPool, w.Pool}, {FlagProvider, w.Provider}} {
		if want := resourceIDFault(id.value); want != "" {
			fault(id.flag, id.value, want)
		}
	}
	a, want := w.account()
	if want != "" {
		fault(FlagServiceAccount, w.ServiceAccount, want)
	}
	if w.Sign && w.ServiceAccount == "" {
		fault(FlagSign, "true", "a -"+FlagServiceAccount+" to sign as: a federated identity has no key")
	}
	for _, role := range w.Roles {
		if !roleName(role) {
			fault(FlagRoles, role, "roles/SERVICE.NAME, projects/PROJECT_ID/roles/NAME or organizations/NUMBER/roles/NAME")
		}
	}
	c, err := parseCaller(w.Identity.ARN)
	if err != nil {
		fault(FlagARN, w.Identity.ARN, "another ARN: "+err.Error())
	}
	if account := w.Identity.Account; account != "" && (!accountID(account) || err == nil && account != c.account) {
		fault(FlagAccount, account, "the twelve digits of the account in the ARN")
	}
	if !region(w.Region) || w.Region != "" && err == nil && partitionOf(w.Region) != c.partition {
		fault(FlagRegion, w.Region, "an AWS region in the partition of the ARN, such as us-east-1 in aws")
	}
	return c, a, faults
}

// account is the service account, or what is wanted in its place.
func (w Wanted) account() (a serviceAccount, want string) {
	const good = "the ID of a service account, 6 to 30 of a-z, 0-9 and -, with a letter at the start, or its email address"
	name, domain, isEmail := strings.Cut(w.ServiceAccount, "@")
	switch {
	case w.ServiceAccount == "":
		return serviceAccount{}, ""
	case !isEmail && !lowerName(name):
		return serviceAccount{}, good
	case !isEmail:
		return serviceAccount{name + "@" + accountDomain(w.ProjectID), name, w.ProjectID}, ""
	case domain == accountDomain(w.ProjectID) && lowerName(name):
		return serviceAccount{w.ServiceAccount, name, w.ProjectID}, ""
	case !only(name, small+digits+"-", 64) || name[0] == '-' || !strings.HasSuffix(domain, ".gserviceaccount.com") || !host(domain):
		return serviceAccount{}, good
	}
	project := w.ProjectID // that of the accounts that Google makes: their address has a number, or no project
	if of, found := strings.CutSuffix(domain, ".iam.gserviceaccount.com"); found {
		if project = of; strings.Contains(of, ".") {
			id, workspace, _ := strings.Cut(of, ".")
			project = workspace + ":" + id
		}
		if !projectID(project) {
			return serviceAccount{}, good
		}
	}
	return serviceAccount{w.ServiceAccount, "", project}, ""
}

// accountDomain is what follows the at sign in the accounts of a project. That of a project of a
// domain, example.com:app, is app.example.com.iam.gserviceaccount.com.
func accountDomain(project string) string {
	if domain, id, ofDomain := strings.Cut(project, ":"); ofDomain {
		project = id + "." + domain
	}
	return project + ".iam.gserviceaccount.com"
}

// projectID accepts the form that Resource Manager gives new projects (API reference,
// projects.create), with the domain that old ones of a Workspace have in front.
func projectID(s string) bool {
	if domain, id, ofDomain := strings.Cut(s, ":"); ofDomain {
		return strings.Contains(domain, ".") && host(domain) && lowerName(id)
	}
	return lowerName(s)
}

// lowerName is the form of the IDs of projects and service accounts.
func lowerName(s string) bool {
	return len(s) >= 6 && only(s, small+digits+"-", 30) && strings.Contains(small, s[:1]) && s[len(s)-1] != '-'
}

// host accepts names of hosts, without their length.
func host(s string) bool {
	return !slices.ContainsFunc(strings.Split(s, "."), func(label string) bool {
		return !only(label, small+digits+"-", 63) || label[0] == '-' || label[len(label)-1] == '-'
	})
}

// resourceIDFault is what is wanted in the place of the ID of a pool or a provider; "" if nothing
// is. A hyphen at the start would make it an option of gcloud.
func resourceIDFault(s string) string {
	switch {
	case len(s) < 4 || !only(s, small+digits+"-", 32) || s[0] == '-':
		return "4 to 32 of a-z, 0-9 and -, with none of the latter at the start"
	case strings.HasPrefix(s, "gcp-"):
		return "another beginning than gcp-, which Google keeps for itself"
	}
	return ""
}

// roleName accepts predefined roles and custom ones.
func roleName(s string) bool {
	const alphabet = letters + digits + "_."
	switch parts := strings.Split(s, "/"); len(parts) {
	case 2:
		return parts[0] == "roles" && only(parts[1], alphabet, 100)
	case 4:
		return (parts[0] == "projects" && projectID(parts[1]) || parts[0] == "organizations" && only(parts[1], digits, 19)) &&
			parts[2] == "roles" && only(parts[3], alphabet, 64)
	}
	return false
}

func region(s string) bool {
	return s == "" || only(s, small+digits+"-", 64) && strings.Count(s, "-") >= 2 && s[0] != '-'
}
