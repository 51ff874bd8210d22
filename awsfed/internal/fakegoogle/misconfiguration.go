package fakegoogle

import (
	"slices"
	"strings"
	"sync"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// The methods of this file each bring about one misconfiguration, of the provider and the service
// account of Options. Each returns what undoes it.

// DisablePool disables the pool: STS answers invalid_target, and federated tokens are refused with
// 401.
func (g *Cloud) DisablePool() (undo func()) { return g.poolInState(StateDisabled) }

// DeletePool deletes the pool, which shows as DisablePool does.
func (g *Cloud) DeletePool() (undo func()) { return g.poolInState(StateDeleted) }

func (g *Cloud) poolInState(state State) (undo func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.pools[poolOf(g.home)]
	g.pools[poolOf(g.home)] = state
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.pools[poolOf(g.home)] = before
	}
}

// DisableProvider disables the provider: STS answers invalid_target, and federated tokens stay
// valid.
func (g *Cloud) DisableProvider() (undo func()) { return g.providerInState(StateDisabled) }

// DeleteProvider deletes the provider, which shows as DisableProvider does.
func (g *Cloud) DeleteProvider() (undo func()) { return g.providerInState(StateDeleted) }

func (g *Cloud) providerInState(state State) (undo func()) {
	return g.misconfigure(func(p *Provider) func(*Provider) {
		before := p.State
		p.State = state
		return func(p *Provider) { p.State = before }
	})
}

// TrustAccount makes the provider trust another AWS account in place of the caller's.
func (g *Cloud) TrustAccount(account string) (undo func()) {
	return g.misconfigure(func(p *Provider) func(*Provider) {
		before := p.Account
		p.Account = account
		return func(p *Provider) { p.Account = before }
	})
}

// RejectByCondition gives the provider a condition that admits nobody: STS answers
// unauthorized_client.
func (g *Cloud) RejectByCondition() (undo func()) {
	return g.misconfigure(func(p *Provider) func(*Provider) {
		before := p.Condition
		p.Condition = func(principal.Identity, principal.Attributes) (bool, error) { return false, nil }
		return func(p *Provider) { p.Condition = before }
	})
}

// LongSubject gives the provider a mapping whose google.subject is a byte too long, as the ARN of a
// Lambda function with a long name is.
func (g *Cloud) LongSubject() (undo func()) {
	return g.mapSubject(func(subject string) string {
		return subject + strings.Repeat("x", max(0, principal.MaxSubject+1-len(subject)))
	})
}

// EmptySubject gives the provider a mapping that yields no google.subject.
func (g *Cloud) EmptySubject() (undo func()) {
	return g.mapSubject(func(string) string { return "" })
}

func (g *Cloud) mapSubject(change func(string) string) (undo func()) {
	return g.misconfigure(func(p *Provider) func(*Provider) {
		before := p.Mapping
		p.Mapping = func(id principal.Identity) (principal.Attributes, error) {
			mapping := before
			if mapping == nil {
				mapping = principal.DefaultMapping
			}
			attributes, err := mapping(id)
			attributes.Subject = change(attributes.Subject)
			return attributes, err
		}
		return func(p *Provider) { p.Mapping = before }
	})
}

// misconfigure changes the provider past every organization policy; restore puts back just what
// change changed.
func (g *Cloud) misconfigure(change func(*Provider) (restore func(*Provider))) (undo func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.providers[g.home]
	restore := change(&p)
	g.providers[g.home] = p
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		p := g.providers[g.home]
		restore(&p)
		g.providers[g.home] = p
	}
}

// RemoveBinding empties the IAM policy of the service account, so that nobody may use it.
func (g *Cloud) RemoveBinding() (undo func()) { return g.bind() }

// BindWrongPrincipal makes the IAM policy of the service account name the bare role where the
// provider's mapping yields the role's ARN, or the ARN where it yields the bare role: the mistake
// of taking the default mapping for the documented one.
func (g *Cloud) BindWrongPrincipal() (undo func()) {
	wrong := g.homeMember
	if wrong.Kind, wrong.Name = principal.KindAttribute, "aws_role"; wrong.Value == g.role {
		wrong.Value = g.roleARN
	} else {
		wrong.Value = g.role
	}
	return g.bind(binding{RoleWorkloadIdentityUser, wrong})
}

func (g *Cloud) bind(bindings ...binding) (undo func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.find(g.account)
	if a == nil {
		return func() {}
	}
	before := a.policy
	a.policy = policyOf(bindings...)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		a.policy = before
	}
}

// RemoveServiceAccount deletes the service account.
func (g *Cloud) RemoveServiceAccount() (undo func()) {
	undelete, err := g.DeleteServiceAccount(g.account)
	if err != nil {
		return func() {} // It is gone already.
	}
	return undelete
}

// DisableIAMCredentialsAPI disables the Service Account Credentials API in the project: 403,
// SERVICE_DISABLED.
func (g *Cloud) DisableIAMCredentialsAPI() (undo func()) {
	return g.mark(g.apiDisabled, IAMCredentials)
}

// DenyByVPCServiceControls puts apis, of [STS] and [IAMCredentials], behind a perimeter that keeps
// the caller out; without any it is [IAMCredentials]: 403, SECURITY_POLICY_VIOLATED. What STS
// answers is not known; see [ReasonVPCServiceControls].
func (g *Cloud) DenyByVPCServiceControls(apis ...API) (undo func()) {
	if len(apis) == 0 {
		apis = []API{IAMCredentials}
	}
	return g.mark(g.perimeter, apis...)
}

// DenyByOrganizationPolicy forbids AWS providers. That keeps [Cloud.AddProvider] and
// [Cloud.UpdateProvider] from working, and nothing else: providers that exist go on exchanging
// tokens, as Google's do.
func (g *Cloud) DenyByOrganizationPolicy() (undo func()) {
	g.mu.Lock()
	before := g.policy
	g.mu.Unlock()
	g.SetOrganizationPolicy(OrganizationPolicy{Issuers: []string{}})
	return func() { g.SetOrganizationPolicy(before) }
}

// ExhaustSTSQuota makes STS answer 429, quota_exceeded.
func (g *Cloud) ExhaustSTSQuota() (undo func()) { return g.mark(g.outOfQuota, STS) }

// ExhaustIAMQuota makes the Service Account Credentials API answer 429, RATE_LIMIT_EXCEEDED.
func (g *Cloud) ExhaustIAMQuota() (undo func()) { return g.mark(g.outOfQuota, IAMCredentials) }

// mark adds apis to a set of g's, and undo takes them out. Marks add up: one that is undone takes
// no other away.
func (g *Cloud) mark(set map[API]int, apis ...API) (undo func()) {
	apis = slices.Clone(apis)
	count := func(by int) {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, api := range apis {
			set[api] += by
		}
	}
	count(1)
	return sync.OnceFunc(func() { count(-1) })
}
