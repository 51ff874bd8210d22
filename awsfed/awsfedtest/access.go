package awsfedtest

import (
	"context"
	"net/http"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Access is what an access token stands for.
type Access struct {
	// Kind tells federated tokens, those of service accounts and delegated ones apart.
	Kind awsfed.TokenKind
	// Principal is whose token it is: principal://… for a federated token, else the email of a
	// service account or, for a delegated token, of a user.
	Principal string
	// Delegation has those through whom the token was got, the first caller first. It is empty for
	// a federated token, and has only the service account for a delegated one: who had the
	// assertion signed is not known.
	Delegation []string
	// Scopes are the token's OAuth scopes.
	Scopes []string
	// Expires is the token's end by the cloud's clock.
	Expires time.Time
	// Identity is the AWS identity that the token was got with in the first place; zero for a token
	// that an assertion or an OpenID Connect token gave.
	Identity principal.Identity
	// QuotaProject is the userProject that the exchange asked for; "" for none.
	QuotaProject string
	// Boundary is the token's Credential Access Boundary; nil for a token that is not downscoped.
	// See [Access.MayUse].
	Boundary []AccessBoundaryRule
}

// Check is what a Google API does with a bearer token: it tells whose it is, or refuses it. The
// text of the error has the reason that Google gives: ACCESS_TOKEN_EXPIRED, ACCOUNT_STATE_INVALID,
// CREDENTIALS_MISSING or, for a token that was not issued here, ACCESS_TOKEN_TYPE_UNSUPPORTED. ID
// tokens are not access tokens; a service that takes them verifies them by the keys of Google,
// which the emulator serves.
func (c *Cloud) Check(bearer string) (Access, error) {
	access, err := c.google.Check(bearer)
	if err != nil {
		return Access{}, wrap(err)
	}
	return accessOf(access), nil
}

// Protect makes next a service that takes access tokens of this cloud alone: a request whose bearer
// token [Cloud.Check] refuses gets that error in Google's form, with status 401. next learns from
// [AccessFrom] whose token it was.
func (c *Cloud) Protect(next http.Handler) http.Handler { return c.google.Protect(next) }

// AccessFrom returns whose token came with a request that [Cloud.Protect] let through, by the
// request's context.
func AccessFrom(ctx context.Context) (Access, bool) {
	access, ok := fakegoogle.AccessFrom(ctx)
	return accessOf(access), ok
}

func accessOf(a fakegoogle.Access) Access {
	var kind awsfed.TokenKind
	switch a.Kind {
	case fakegoogle.FederatedToken:
		kind = awsfed.FederatedToken
	case fakegoogle.ServiceAccountToken:
		kind = awsfed.ServiceAccountToken
	case fakegoogle.DelegatedToken:
		kind = awsfed.DelegatedToken
	}
	var boundary []AccessBoundaryRule
	for _, rule := range a.Boundary {
		boundary = append(boundary, AccessBoundaryRule(rule))
	}
	return Access{
		Kind: kind, Principal: a.Principal, Delegation: a.Delegation, Scopes: a.Scopes,
		Expires: a.Expires, Identity: a.Identity, QuotaProject: a.QuotaProject,
		Boundary: boundary,
	}
}
