package fakegoogle

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
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
	if err := validName(p.Provider); err != nil {
		return fmt.Errorf("adding a provider: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hasProvider(p.Provider) {
		return fmt.Errorf("adding a provider: %s exists, or was deleted and keeps its ID", p.Audience())
	}
	if err := g.admitProvider(p); err != nil {
		return fmt.Errorf("adding provider %s: %w", p.ID, err)
	}
	g.putProvider(p)
	return nil
}

// validName checks a provider's name as IAM does.
func validName(name principal.Provider) error {
	if _, err := principal.ParseAudience(name.Audience()); err != nil {
		return err
	}
	if strings.HasPrefix(name.Pool, "gcp-") || strings.HasPrefix(name.ID, "gcp-") {
		return fmt.Errorf("the prefix gcp- of an ID in %s is reserved", name.Audience())
	}
	return nil
}

// hasProvider reports whether a provider of either kind has the name, in whatever state. g.mu is
// held.
func (g *Cloud) hasProvider(name principal.Provider) bool {
	_, aws := g.providers[name]
	_, oidc := g.oidcProviders[name]
	return aws || oidc
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

// SetProviderState sets the state of a provider of either kind. One that is disabled or deleted
// exchanges no more subject tokens; federated tokens that it gave out stay valid.
func (g *Cloud) SetProviderState(name principal.Provider, state State) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p, found := g.providers[name]; found {
		p.State = state
		g.providers[name] = p
		return nil
	}
	if p, found := g.oidcProviders[name]; found {
		p.State = state
		g.oidcProviders[name] = p
		return nil
	}
	return fmt.Errorf("setting the state of a provider: %s does not exist", name.Audience())
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
	if err := g.admitIssuer(p.Provider, awsIssuer); err != nil {
		return err
	}
	if allowed := g.policy.AWSAccounts; allowed != nil && !slices.Contains(allowed, p.Account) {
		return orgPolicyViolated("constraints/iam.workloadIdentityPoolAwsAccounts", p.Provider, p.Account)
	}
	return nil
}

// admitIssuer puts the issuer of a provider to the organization policy. g.mu is held.
func (g *Cloud) admitIssuer(name principal.Provider, issuer string) error {
	if allowed := g.policy.Issuers; allowed != nil && !slices.Contains(allowed, issuer) {
		return orgPolicyViolated("constraints/iam.workloadIdentityPoolProviders", name, issuer)
	}
	return nil
}

// putProvider stores p with its defaults. g.mu is held.
func (g *Cloud) putProvider(p Provider) {
	if p.State == "" {
		p.State = StateActive
	}
	g.putPool(p.Provider)
	g.providers[p.Provider] = p
}

// putPool creates the pool of a provider if there is none yet. g.mu is held.
func (g *Cloud) putPool(of principal.Provider) {
	if _, found := g.pools[poolOf(of)]; !found {
		g.pools[poolOf(of)] = StateActive
	}
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

// whyNoTarget says what Google does not: what it is that keeps a provider from exchanging tokens.
func (g *Cloud) whyNoTarget(name principal.Provider) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	pool, found := g.pools[poolOf(name)]
	if !found {
		return "there is no such pool"
	}
	if pool != StateActive {
		return "the pool is " + string(pool)
	}
	if p, found := g.providers[name]; found {
		return "the provider is " + string(p.State)
	}
	if p, found := g.oidcProviders[name]; found {
		return "the provider is " + string(p.State)
	}
	return "there is no such provider in the pool"
}

// admit maps an identity that AWS has vouched for, and puts it to the condition.
func (p Provider) admit(id principal.Identity, record *judged.Record) (principal.Attributes, *judgement) {
	if id.Account != p.Account {
		j := judge(ReasonAccount, "the AWS account %s is not the provider's", id.Account)
		j.known = j.detail + ", which is " + p.Account
		return principal.Attributes{}, j
	}
	mapping := p.Mapping
	if mapping == nil {
		mapping = principal.DefaultMapping
	}
	attributes, err := mapping(id)
	var condition func() (bool, error)
	if p.Condition != nil {
		condition = func() (bool, error) { return p.Condition(id, attributes) }
	}
	return admit(attributes, err, condition, record)
}

// admit judges what a mapping yields, or its error, and asks the condition; nil for none.
func admit(attributes principal.Attributes, err error, condition func() (bool, error), record *judged.Record) (principal.Attributes, *judgement) {
	if err != nil {
		return principal.Attributes{}, judge(ReasonMapping, "the attribute mapping failed: %v", err).openly()
	}
	record.Attributes = attributesByName(attributes)
	if j := judgeAttributes(attributes); j != nil {
		return principal.Attributes{}, j
	}
	if condition == nil {
		return attributes, nil
	}
	admitted, err := condition()
	record.Condition = strconv.FormatBool(admitted)
	switch {
	case err != nil:
		record.Condition = "error: " + err.Error()
		return principal.Attributes{}, judge(ReasonConditionError, "the attribute condition failed: %v", err).openly()
	case !admitted:
		return principal.Attributes{}, judge(ReasonCondition, "")
	}
	return attributes, nil
}

// attributesByName are the attributes by the names that people give them in Google Cloud.
func attributesByName(a principal.Attributes) map[string]string {
	attributes := map[string]string{"google.subject": a.Subject}
	if len(a.Groups) > 0 {
		attributes["google.groups"] = strings.Join(a.Groups, ", ")
	}
	for name, value := range a.Custom {
		attributes["attribute."+name] = value
	}
	return attributes
}

// awsIssuer stands for AWS in an organization policy on providers.
const awsIssuer = "https://sts.amazonaws.com"

// OrganizationPolicy limits which providers may be created or changed. Those that exist keep
// working, whatever it says: Google does not look at it when tokens are exchanged.
type OrganizationPolicy struct {
	// Issuers are the values that constraints/iam.workloadIdentityPoolProviders allows. AWS
	// providers need "https://sts.amazonaws.com" among them, others their issuer. Nil: no
	// constraint.
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
func orgPolicyViolated(constraint string, provider principal.Provider, value string) *APIError {
	subject := "orgpolicy:" + poolOf(provider).String()
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
