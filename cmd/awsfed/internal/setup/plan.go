package setup

import (
	"errors"
	"io"
	"slices"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/cel"
)

const (
	roleUser         = "roles/iam.workloadIdentityUser"
	roleTokenCreator = "roles/iam.serviceAccountTokenCreator"
)

// A Plan is what has to be created. It does not change, and asks nobody.
type Plan struct {
	project  string // its ID
	provider principal.Provider
	account  serviceAccount
	roles    []string
	sign     bool
	caller   caller
	region   string
}

// NewPlan checks what is wanted. The error joins a [*FieldError] for every fault.
func NewPlan(w Wanted) (*Plan, error) {
	c, account, faults := w.faults()
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	roles := slices.Sorted(slices.Values(w.Roles))
	p := &Plan{
		project:  w.ProjectID,
		provider: principal.Provider{ProjectNumber: w.ProjectNumber, Pool: w.Pool, ID: w.Provider},
		account:  account,
		roles:    slices.Compact(roles),
		sign:     w.Sign,
		caller:   c,
		region:   w.Region,
	}
	if p.region == "" {
		p.region = regionOf(c.partition)
	}
	if len(p.Condition()) > maxCondition {
		return nil, &FieldError{Flag: FlagARN, Found: shown(w.Identity.ARN), Want: "an ARN that fits into a condition of 4096 characters"}
	}
	return p, nil
}

// maxCondition bounds an attribute condition, in characters (IAM API reference,
// workloadIdentityPools.providers).
const maxCondition = 4096

// Audience is the full resource name of the provider, as a Config has it.
func (p *Plan) Audience() string { return p.provider.Audience() }

// ServiceAccount is the email address of the service account; "" for direct resource access.
func (p *Plan) ServiceAccount() string { return p.account.email }

// Member is the principal that is granted roles: all sessions of the AWS role, or the AWS user.
func (p *Plan) Member() string { return p.provider.Attribute("aws_role", p.caller.bound) }

// Condition is the attribute condition of the provider: the account, and the role or the user.
func (p *Plan) Condition() string {
	return "assertion.account == " + cel.String(p.caller.account) + " && attribute.aws_role == " + cel.String(p.caller.bound)
}

// grantee is who has the roles in the project.
func (p *Plan) grantee() string {
	if p.account.email == "" {
		return p.Member()
	}
	return "serviceAccount:" + p.account.email
}

// subject is the expression for google.subject: Google's default, unless the ARN is too long for
// that.
func (p *Plan) subject() string {
	if p.longSubject() {
		return "assertion.userid"
	}
	return cel.DefaultSubject
}

func (p *Plan) longSubject() bool { return len(p.caller.arn) > principal.MaxSubject }

// services are the APIs that what is created needs. Granting a role in a project goes through the
// Cloud Resource Manager API.
func (p *Plan) services() []string {
	services := []string{"iam.googleapis.com", "sts.googleapis.com"}
	if p.account.email != "" {
		services = append(services, "iamcredentials.googleapis.com")
	}
	if len(p.roles) > 0 {
		services = append(services, "cloudresourcemanager.googleapis.com")
	}
	return services
}

// providerName and poolName are the names that gcloud takes in the place of an ID and two flags.
func (p *Plan) poolName() string {
	return "projects/" + p.provider.ProjectNumber + "/locations/global/workloadIdentityPools/" + p.provider.Pool
}

func (p *Plan) providerName() string { return p.poolName() + "/providers/" + p.provider.ID }

// WriteCredentialFile writes the credential file of the workload, which awsfed, gcloud and Google's
// libraries read. It holds no secret.
func (p *Plan) WriteCredentialFile(w io.Writer) error {
	cfg := awsfed.Config{Audience: p.Audience(), ServiceAccount: p.account.email, Region: p.region}
	file, err := cfg.CredentialFile()
	if err != nil {
		return err
	}
	_, err = w.Write(append(file, '\n'))
	return err
}
