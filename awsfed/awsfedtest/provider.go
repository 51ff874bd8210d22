package awsfedtest

import (
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Provider is an AWS provider of a workload identity pool, for [Cloud.AddProvider].
type Provider struct {
	principal.Provider // its name; required

	Account   string              // the AWS account that it trusts, 12 digits; required
	Mapping   principal.Mapping   // default: principal.DefaultMapping
	Condition principal.Condition // default: none, so that everyone of Account is admitted
}

// AddProvider adds a provider, and its pool if there is none yet. It refuses a name that cannot be
// or is taken, and an account that is not 12 digits; and it is here, not at the exchange of tokens,
// that an organization policy is enforced: see the fault organization-policy.
func (c *Cloud) AddProvider(p Provider) error {
	return wrap(c.google.AddProvider(fakegoogle.Provider{
		Provider: p.Provider, Account: p.Account, Mapping: p.Mapping, Condition: p.Condition,
	}))
}
