package fakegoogle

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// TokenKind is the kind of an access token.
type TokenKind string

// The kinds of access tokens.
const (
	FederatedToken      TokenKind = "federated"       // from STS: the AWS identity itself
	ServiceAccountToken TokenKind = "service-account" // from generateAccessToken, or by an assertion of its own
	DelegatedToken      TokenKind = "delegated"       // from the OAuth 2.0 server: a user's, by domain-wide delegation
)

// Access is what an access token stands for.
type Access struct {
	Kind TokenKind
	// Principal is whose token it is: principal://… for a federated token, else the email of a
	// service account or, for a delegated token, of a user.
	Principal string
	// Delegation has those through whom the token was got, the first caller first. It is empty for
	// a federated token, and has only the service account for a delegated one: who had the
	// assertion signed is not known.
	Delegation []string
	Scopes     []string
	Expires    time.Time // by the cloud's clock
	// Identity is the AWS identity that the token was got with in the first place; zero for a token
	// that an assertion or an OpenID Connect token gave.
	Identity principal.Identity
	// QuotaProject is the userProject that the exchange asked for; "" for none.
	QuotaProject string
	// Boundary is the token's Credential Access Boundary; nil for a token that is not downscoped.
	Boundary []AccessBoundaryRule
}

// HasScope reports whether the token has one of the scopes.
func (a Access) HasScope(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(a.Scopes, scope) })
}

// issued is an access token as its issuer remembers it. It is never changed once it is issued.
type issued struct {
	Access
	provider   principal.Provider   // of a federated token
	attributes principal.Attributes // of a federated token
	issuedAt   time.Time
	account    string // the unique ID of the service account whose token it is, or who got it
}

// is reports whether a member of an IAM policy names the holder of the token.
func (t *issued) is(member principal.Member) bool {
	switch t.Kind {
	case ServiceAccountToken:
		return member.Kind == principal.KindServiceAccount && member.Value == t.Principal
	case FederatedToken:
		return member.Matches(t.provider, t.attributes)
	}
	return false // policies name no users here
}

// issue makes an access token. Its text is remembered as a hash alone.
func (g *Cloud) issue(t *issued) string {
	var random [96]byte
	rand.Read(random[:])
	// Google's federated tokens begin with ya29.d. and those of service accounts with ya29.c., as
	// far as is known.
	token := "ya29.c." + base64.RawURLEncoding.EncodeToString(random[:])
	if t.Kind == FederatedToken {
		token = "ya29.d." + base64.RawURLEncoding.EncodeToString(random[:])
	}
	t.issuedAt = g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forgetOld()
	g.tokens[sha256.Sum256([]byte(token))] = t
	return token
}

// forgetOld drops tokens that expired long ago, so that a server which runs for months stays small.
// Those that expired within the day are kept, to be told from tokens that never were. g.mu is held.
func (g *Cloud) forgetOld() {
	if len(g.tokens) < 10_000 || len(g.tokens)%1_000 != 0 {
		return
	}
	yesterday := g.now().Add(-24 * time.Hour)
	maps.DeleteFunc(g.tokens, func(_ [sha256.Size]byte, t *issued) bool { return t.Expires.Before(yesterday) })
}

// RevokeTokens makes every access token that was given out invalid.
func (g *Cloud) RevokeTokens() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.tokens)
}

// Check is what a Google API does with a bearer token: it tells whose it is, or refuses it with an
// [*APIError] of status 401, whose Reason is ACCESS_TOKEN_EXPIRED, ACCOUNT_STATE_INVALID,
// CREDENTIALS_MISSING or, for a token that was not issued here, ACCESS_TOKEN_TYPE_UNSUPPORTED. ID
// tokens are not access tokens; a service that takes them verifies them by the keys of Google,
// which the emulator serves.
func (g *Cloud) Check(bearer string) (Access, error) {
	t, failure := g.holder(bearer)
	if failure != nil {
		return Access{}, failure
	}
	return t.access(), nil
}

// access is a copy that the caller may change.
func (t *issued) access() Access {
	access := t.Access
	access.Scopes, access.Delegation = slices.Clone(access.Scopes), slices.Clone(access.Delegation)
	access.Boundary = cloneBoundary(access.Boundary)
	return access
}

func (g *Cloud) holder(bearer string) (*issued, *APIError) {
	if bearer == "" {
		return nil, Unauthenticated("CREDENTIALS_MISSING")
	}
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tokens[sha256.Sum256([]byte(bearer))]
	switch {
	case t == nil:
		return nil, Unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")
	case !now.Before(t.Expires):
		return nil, Unauthenticated("ACCESS_TOKEN_EXPIRED")
	case t.Kind == FederatedToken && g.pools[poolOf(t.provider)] != StateActive:
		return nil, Unauthenticated("ACCOUNT_STATE_INVALID")
	case t.Kind != FederatedToken && (g.accounts[t.account] == nil || g.accounts[t.account].Disabled):
		return nil, Unauthenticated("ACCOUNT_STATE_INVALID")
	}
	return t, nil
}

// Protect makes next a service that takes access tokens of this cloud alone: a request whose bearer
// token [Cloud.Check] refuses gets that error, with status 401. next learns from [AccessFrom] whose
// token it was.
func (g *Cloud) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, failure := g.holder(bearerOf(r))
		if failure != nil {
			g.fail(w, failure)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), accessKeyType{}, t.access())))
	})
}

// AccessFrom returns whose token came with a request that [Cloud.Protect] let through, by the
// request's context.
func AccessFrom(ctx context.Context) (Access, bool) {
	access, ok := ctx.Value(accessKeyType{}).(Access)
	return access, ok
}

type accessKeyType struct{}

// bearerOf returns the bearer token of a request (RFC 6750 §2.1); "" for none, and for more than
// one.
func bearerOf(r *http.Request) string {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
