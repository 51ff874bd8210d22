package awsfedtest

import (
	"crypto"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// OIDCProvider is an OpenID Connect provider of a workload identity pool, for
// [Cloud.AddOIDCProvider].
type OIDCProvider struct {
	principal.Provider // its name; required

	// Issuer is the issuer of the tokens, an https URL. Required. Nothing is fetched from it.
	Issuer string
	// Audiences are what the tokens may be meant for, 10 at most. Default: the provider's full
	// resource name, with or without "https:" before it.
	Audiences []string
	// Keys returns the issuer's public key of that ID, an [*crypto/rsa.PublicKey] for RS256 or an
	// [*crypto/ecdsa.PublicKey] for ES256 and ES384; nil if there is none. It is called without a
	// lock held, by many goroutines. Required, unless Issuer is that of
	// [Cloud.EnableOutboundIdentity]: its keys are known.
	Keys func(kid string) crypto.PublicKey
	// Mapping makes attributes of the claims of a token, which are those of [encoding/json]. It is
	// called as Keys is. Default: google.subject is the claim sub.
	Mapping func(claims map[string]any) (principal.Attributes, error)
	// Condition admits or refuses a mapped identity. It is called as Keys is. Default: all are
	// admitted.
	Condition func(claims map[string]any, attributes principal.Attributes) (bool, error)
}

// AddOIDCProvider adds a provider, and its pool if there is none yet. It refuses a name that cannot
// be or is taken, also by an AWS provider, an issuer that is no https URL, and audiences that
// Google would refuse. An organization policy is enforced as in [Cloud.AddProvider].
//
// The access tokens that come of it have no AWS identity, and end a second before the subject token
// does.
func (c *Cloud) AddOIDCProvider(p OIDCProvider) error {
	if p.Keys == nil && p.Issuer != "" && p.Issuer == c.aws.OutboundIssuer() {
		p.Keys = c.aws.OutboundKey
	}
	return wrap(c.google.AddOIDCProvider(fakegoogle.OIDCProvider{
		Provider: p.Provider, Issuer: p.Issuer, Audiences: p.Audiences, Keys: p.Keys, Mapping: p.Mapping, Condition: p.Condition,
	}))
}
