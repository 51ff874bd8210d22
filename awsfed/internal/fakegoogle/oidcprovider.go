package fakegoogle

import (
	"crypto"
	"fmt"
	"net/url"
	"slices"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// The limits on the audiences of a provider (reference of IAM v1, Oidc).
const (
	maxAudiences = 10
	maxAudience  = 256 // characters
)

// OIDCProvider is an OpenID Connect provider of a workload identity pool.
type OIDCProvider struct {
	principal.Provider // its name; required

	// Issuer is the issuer of the tokens, an https URL. Required.
	Issuer string
	// Audiences are what the tokens may be meant for, 10 at most. Default: the provider's full
	// resource name, with or without "https:" before it.
	Audiences []string
	// Keys returns the issuer's public key of that ID, an [*crypto/rsa.PublicKey] or
	// [*crypto/ecdsa.PublicKey]; nil if there is none. Required. It is called without a lock, by
	// many goroutines.
	Keys func(kid string) crypto.PublicKey
	// Mapping makes attributes of the claims of a token, which are those of [encoding/json]. It is
	// called as Keys is. Default: google.subject is the claim sub.
	Mapping func(claims map[string]any) (principal.Attributes, error)
	// Condition admits or refuses a mapped identity. It is called as Keys is. Default: all are
	// admitted.
	Condition func(claims map[string]any, attributes principal.Attributes) (bool, error)

	State State // default: StateActive
}

// AddOIDCProvider creates a provider, and its pool if there is none yet. It refuses a name that
// cannot be or is taken, also by an AWS provider, and what Google would refuse of the rest. An
// organization policy is enforced as in [Cloud.AddProvider].
func (g *Cloud) AddOIDCProvider(p OIDCProvider) error {
	if err := validName(p.Provider); err != nil {
		return fmt.Errorf("adding a provider: %w", err)
	}
	if err := p.validate(); err != nil {
		return fmt.Errorf("adding provider %s: %w", p.ID, err)
	}
	p.Audiences = slices.Clone(p.Audiences)
	if p.State == "" {
		p.State = StateActive
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hasProvider(p.Provider) {
		return fmt.Errorf("adding a provider: %s exists, or was deleted and keeps its ID", p.Audience())
	}
	if err := g.admitIssuer(p.Provider, p.Issuer); err != nil {
		return fmt.Errorf("adding provider %s: %w", p.ID, err)
	}
	g.putPool(p.Provider)
	g.oidcProviders[p.Provider] = p
	return nil
}

func (p OIDCProvider) validate() error {
	if u, err := url.Parse(p.Issuer); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("issuer %q is not an https URL", p.Issuer)
	}
	if p.Keys == nil {
		return fmt.Errorf("issuer %s has no Keys", p.Issuer)
	}
	if len(p.Audiences) > maxAudiences {
		return fmt.Errorf("%d audiences, more than %d", len(p.Audiences), maxAudiences)
	}
	for _, audience := range p.Audiences {
		if audience == "" || len(audience) > maxAudience {
			return fmt.Errorf("an audience has %d characters, not 1 to %d", len(audience), maxAudience)
		}
	}
	return nil
}

// activeOIDCProvider looks up a provider that exchanges subject tokens.
func (g *Cloud) activeOIDCProvider(name principal.Provider) (OIDCProvider, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, found := g.oidcProviders[name]
	return p, found && p.State == StateActive && g.pools[poolOf(name)] == StateActive
}

// audiences are what a token may be meant for.
func (p OIDCProvider) audiences() []string {
	if len(p.Audiences) > 0 {
		return p.Audiences
	}
	return []string{p.Audience(), "https:" + p.Audience()}
}

// admit maps what a verified token says, and puts it to the condition.
func (p OIDCProvider) admit(claims map[string]any, record *judged.Record) (principal.Attributes, *judgement) {
	attributes := principal.Attributes{}
	var err error
	if p.Mapping != nil {
		attributes, err = p.Mapping(claims)
	} else {
		attributes.Subject, _ = claims["sub"].(string)
	}
	var condition func() (bool, error)
	if p.Condition != nil {
		condition = func() (bool, error) { return p.Condition(claims, attributes) }
	}
	return admit(attributes, err, condition, record)
}
