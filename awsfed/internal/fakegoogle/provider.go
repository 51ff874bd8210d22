package fakegoogle

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// State is the state of a pool or a provider.
type State string

// The states of pools and providers (IAM API reference, workloadIdentityPools). Google keeps what
// was deleted for some 30 days; until then its ID is taken and it can be set back to StateActive,
// as undelete does.
const (
	StateActive   State = "ACTIVE"
	StateDisabled State = "DISABLED"
	StateDeleted  State = "DELETED"
)

// Provider is an AWS provider of a workload identity pool.
type Provider struct {
	principal.Provider // its name; required

	Account   string              // the AWS account that it trusts, 12 digits; required
	Mapping   principal.Mapping   // default: principal.DefaultMapping
	Condition principal.Condition // default: none, so that everyone of Account is admitted
	State     State               // default: StateActive
}

// AddProvider creates a provider, and its pool if there is none yet. It refuses a name that cannot
// be or is taken, and an account that is not 12 digits; and it is here, not at the exchange of
// tokens, that an organization policy is enforced: that error is an [*APIError].
func (g *Cloud) AddProvider(p Provider) error {
	if _, err := principal.ParseAudience(p.Audience()); err != nil {
		return fmt.Errorf("adding a provider: %w", err)
	}
	if strings.HasPrefix(p.Pool, "gcp-") || strings.HasPrefix(p.ID, "gcp-") {
		return fmt.Errorf("adding a provider: the prefix gcp- of an ID in %s is reserved", p.Audience())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, taken := g.providers[p.Provider]; taken {
		return fmt.Errorf("adding a provider: %s exists, or was deleted and keeps its ID", p.Audience())
	}
	if err := g.admitProvider(p); err != nil {
		return fmt.Errorf("adding provider %s: %w", p.ID, err)
	}
	g.putProvider(p)
	return nil
}

// UpdateProvider lets change alter a provider: its account, mapping, condition or state, not its
// name. An organization policy is enforced as in [Cloud.AddProvider]. change is called without a
// lock, so of two updates of one provider at the same time the later one wins.
func (g *Cloud) UpdateProvider(name principal.Provider, change func(*Provider)) error {
	p, found := g.provider(name)
	if !found {
		return fmt.Errorf("updating a provider: %s does not exist", name.Audience())
	}
	change(&p)
	p.Provider = name
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.admitProvider(p); err != nil {
		return fmt.Errorf("updating provider %s: %w", name.ID, err)
	}
	g.putProvider(p)
	return nil
}

// SetProviderState sets the state of a provider. One that is disabled or deleted exchanges no more
// subject tokens; federated tokens that it gave out stay valid.
func (g *Cloud) SetProviderState(name principal.Provider, state State) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, found := g.providers[name]
	if !found {
		return fmt.Errorf("setting the state of a provider: %s does not exist", name.Audience())
	}
	p.State = state
	g.providers[name] = p
	return nil
}

// SetPoolState sets the state of the pool that provider is in. One that is disabled or deleted
// exchanges no more subject tokens, and every federated token of the pool is invalid until it is
// active again.
func (g *Cloud) SetPoolState(provider principal.Provider, state State) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, found := g.pools[poolOf(provider)]; !found {
		return fmt.Errorf("setting the state of a pool: project %s has no pool %s", provider.ProjectNumber, provider.Pool)
	}
	g.pools[poolOf(provider)] = state
	return nil
}

// admitProvider checks what IAM checks of a provider besides its name. g.mu is held.
func (g *Cloud) admitProvider(p Provider) error {
	if len(p.Account) != 12 || !isDigits(p.Account) {
		return fmt.Errorf("AWS account %q is not 12 digits", p.Account)
	}
	subject := "orgpolicy:" + poolOf(p.Provider).String()
	if allowed := g.policy.Issuers; allowed != nil && !slices.Contains(allowed, awsIssuer) {
		return orgPolicyViolated("constraints/iam.workloadIdentityPoolProviders", subject, awsIssuer)
	}
	if allowed := g.policy.AWSAccounts; allowed != nil && !slices.Contains(allowed, p.Account) {
		return orgPolicyViolated("constraints/iam.workloadIdentityPoolAwsAccounts", subject, p.Account)
	}
	return nil
}

// putProvider stores p with its defaults. g.mu is held.
func (g *Cloud) putProvider(p Provider) {
	if p.State == "" {
		p.State = StateActive
	}
	if _, found := g.pools[poolOf(p.Provider)]; !found {
		g.pools[poolOf(p.Provider)] = StateActive
	}
	g.providers[p.Provider] = p
}

// provider looks a provider up, in whatever state.
func (g *Cloud) provider(name principal.Provider) (Provider, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, found := g.providers[name]
	return p, found
}

// activeProvider looks up a provider that exchanges subject tokens.
func (g *Cloud) activeProvider(name principal.Provider) (Provider, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, found := g.providers[name]
	return p, found && p.State == StateActive && g.pools[poolOf(name)] == StateActive
}

// admit maps an identity that AWS has vouched for, and puts it to the condition.
func (p Provider) admit(id principal.Identity) (principal.Attributes, *judgement) {
	if id.Account != p.Account {
		return principal.Attributes{}, judge(ReasonAccount, "the AWS account %s is not the provider's", id.Account)
	}
	mapping := p.Mapping
	if mapping == nil {
		mapping = principal.DefaultMapping
	}
	attributes, err := mapping(id)
	if err != nil {
		return principal.Attributes{}, judge(ReasonMapping, "the attribute mapping failed: %v", err)
	}
	if j := judgeAttributes(attributes); j != nil {
		return principal.Attributes{}, j
	}
	if p.Condition == nil {
		return attributes, nil
	}
	switch admitted, err := p.Condition(id, attributes); {
	case err != nil:
		return principal.Attributes{}, judge(ReasonConditionError, "the attribute condition failed: %v", err)
	case !admitted:
		return principal.Attributes{}, judge(ReasonCondition, "")
	}
	return attributes, nil
}

// awsIssuer stands for AWS in an organization policy on providers.
const awsIssuer = "https://sts.amazonaws.com"

// OrganizationPolicy limits which providers may be created or changed. Those that exist keep
// working, whatever it says: Google does not look at it when tokens are exchanged.
type OrganizationPolicy struct {
	// Issuers are the values that constraints/iam.workloadIdentityPoolProviders allows. AWS
	// providers need "https://sts.amazonaws.com" among them. Nil: no constraint.
	Issuers []string
	// AWSAccounts are the accounts that constraints/iam.workloadIdentityPoolAwsAccounts allows.
	// Nil: no constraint.
	AWSAccounts []string
}

// SetOrganizationPolicy sets the policy that AddProvider and UpdateProvider obey from now on. The
// zero one allows all.
func (g *Cloud) SetOrganizationPolicy(policy OrganizationPolicy) {
	policy.Issuers, policy.AWSAccounts = slices.Clone(policy.Issuers), slices.Clone(policy.AWSAccounts)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.policy = policy
}

// orgPolicyViolated has the text of the troubleshooting page on Workload Identity Federation.
func orgPolicyViolated(constraint, subject, value string) *APIError {
	return &APIError{
		Code: http.StatusBadRequest, Status: "FAILED_PRECONDITION", Message: "Precondition check failed.",
		Violations: []Violation{{
			Type: constraint, Subject: subject, Description: fmt.Sprintf("Org Policy violated for value: '%s'.", value),
		}},
	}
}

// poolName names a workload identity pool.
type poolName struct{ projectNumber, id string }

func poolOf(p principal.Provider) poolName { return poolName{p.ProjectNumber, p.Pool} }

// String is the pool's resource name.
func (p poolName) String() string {
	return "projects/" + p.projectNumber + "/locations/global/workloadIdentityPools/" + p.id
}
