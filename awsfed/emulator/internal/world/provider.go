package world

import (
	"crypto"
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/cel"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// ownIssuer is what the file calls the emulator's issuer of AWS.
const ownIssuer = "aws"

// provider is a provider of the file with its expressions.
type provider struct {
	config.Provider
	pool config.ResourceID

	// Of an AWS provider; nil for Google's default.
	mapping   principal.Mapping
	condition principal.Condition
	// Of an OpenID Connect provider.
	mapClaims    func(map[string]any) (principal.Attributes, error)
	admitsClaims func(map[string]any, principal.Attributes) (bool, error)
}

// provider compiles the expressions of a provider.
func (b *builder) provider(pool config.ResourceID, p config.Provider, at string) provider {
	compiled := provider{Provider: p, pool: pool}
	kind := cel.OIDCAssertion
	if p.AWS != nil {
		kind = cel.AWSAssertion
	}
	if len(p.AttributeMapping) > 0 || p.AWS == nil {
		expressions := make(map[string]string)
		for attribute, expression := range p.AttributeMapping {
			expressions[string(attribute)] = expression
		}
		mapping, faults := cel.NewMapping(kind, expressions)
		for _, fault := range faults {
			path := at + ".attribute_mapping"
			if fault.Attribute != "" {
				path = config.Join(path, fault.Attribute)
			}
			b.faults.Add(path, fault.Err)
		}
		compiled.mapping, compiled.mapClaims = mapping.MapIdentity, mapping.MapClaims
	}
	if p.AttributeCondition != "" {
		condition, err := cel.NewCondition(kind, p.AttributeCondition)
		if err != nil {
			b.faults.Add(at+".attribute_condition", err)
			return compiled
		}
		compiled.condition, compiled.admitsClaims = condition.AdmitIdentity, condition.AdmitClaims
	}
	return compiled
}

// addPools puts the pools of the file in the place of the default one. The home provider is there.
func (b *builder) addPools(home provider) {
	pools := b.file.Google.Pools
	if pools == nil {
		return
	}
	if home.AWS == nil { // Google says the same of what was deleted as of what never was.
		_ = b.clouds.Google.SetProviderState(b.home, fakegoogle.StateDeleted) // which is there, and its pool
		_ = b.clouds.Google.SetPoolState(b.home, fakegoogle.StateDeleted)
	}
	seen := make(map[config.ResourceID]bool)
	homeIsDue := home.AWS != nil
	for i, pool := range pools {
		at := fmt.Sprintf("google.pools[%d]", i)
		b.checkID(pool.ID, at+".id")
		if seen[pool.ID] {
			b.faults.Addf(at+".id", "pool %s is there twice", pool.ID)
		}
		seen[pool.ID] = true
		for j, p := range pool.Providers {
			at := fmt.Sprintf("%s.providers[%d]", at, j)
			b.checkID(p.ID, at+".id")
			name := principal.Provider{ProjectNumber: b.home.ProjectNumber, Pool: string(pool.ID), ID: string(p.ID)}
			switch {
			case (p.AWS == nil) == (p.OIDC == nil):
				b.faults.Addf(at, "want one of aws and oidc")
			case p.AWS != nil && homeIsDue:
				homeIsDue = false
				b.updateHome(p, at)
			default:
				b.addProvider(name, b.provider(pool.ID, p, at), at)
			}
		}
		if pool.State != "" {
			name := principal.Provider{ProjectNumber: b.home.ProjectNumber, Pool: string(pool.ID)}
			_ = b.clouds.Google.SetPoolState(name, fakegoogle.State(pool.State)) // a pool without providers is not there
		}
	}
}

// checkID checks what the form of an ID does not say.
func (b *builder) checkID(id config.ResourceID, at string) {
	if strings.HasPrefix(string(id), "gcp-") {
		b.faults.Addf(at, "the prefix gcp- of %s is reserved", id)
	}
}

// updateHome has the home provider trust the account that the file names.
func (b *builder) updateHome(p config.Provider, at string) {
	err := b.clouds.Google.UpdateProvider(b.home, func(home *fakegoogle.Provider) {
		home.Account = string(p.AWS.Account)
		home.State = fakegoogle.State(p.State)
	})
	if err != nil {
		b.faults.Add(at, err)
	}
}

// addProvider adds a provider of either kind.
func (b *builder) addProvider(name principal.Provider, p provider, at string) {
	var err error
	if p.AWS != nil {
		err = b.clouds.Google.AddProvider(fakegoogle.Provider{
			Provider: name, Account: string(p.AWS.Account), Mapping: p.mapping, Condition: p.condition, State: fakegoogle.State(p.State),
		})
	} else if issuer, keys := b.issuer(*p.OIDC, at+".oidc"); keys != nil {
		err = b.clouds.Google.AddOIDCProvider(fakegoogle.OIDCProvider{
			Provider: name, Issuer: issuer, Audiences: p.OIDC.Audiences, Keys: keys,
			Mapping: p.mapClaims, Condition: p.admitsClaims, State: fakegoogle.State(p.State),
		})
	}
	if err != nil {
		b.faults.Add(at, err)
	}
}

// issuer returns the issuer of an OpenID Connect provider and its keys; nil where nobody can know
// them.
func (b *builder) issuer(p config.OIDCProvider, at string) (url string, keys func(string) crypto.PublicKey) {
	switch own := b.clouds.AWS.OutboundIssuer(); {
	case p.Issuer == ownIssuer && own == "":
		b.faults.Addf(at+".issuer", "the issuer aws needs aws.outbound_identity")
		return "", nil
	case p.Issuer == ownIssuer:
		if p.JWKS != nil {
			b.faults.Addf(at+".jwks", "the keys of the issuer aws are known")
		}
		return own, b.clouds.AWS.OutboundKey
	case p.JWKS == nil:
		b.faults.Addf(at+".jwks", "it is missing")
		return p.Issuer, func(string) crypto.PublicKey { return nil }
	}
	known, err := p.JWKS.PublicKeys()
	if err != nil {
		b.faults.Add(at+".jwks.keys", err)
	}
	return p.Issuer, func(kid string) crypto.PublicKey { return known[kid] }
}

// organizationPolicy is the policy of the file in its form for fakegoogle.
func organizationPolicy(p config.OrganizationPolicy) fakegoogle.OrganizationPolicy {
	policy := fakegoogle.OrganizationPolicy{Issuers: p.Issuers}
	if p.AWSAccounts != nil {
		policy.AWSAccounts = []string{}
	}
	for _, account := range p.AWSAccounts {
		policy.AWSAccounts = append(policy.AWSAccounts, string(account))
	}
	return policy
}
