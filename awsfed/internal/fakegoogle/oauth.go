package fakegoogle

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

const (
	grantTypeJWT     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	oauthLifetime    = 3599 * time.Second
	maxAssertionTime = time.Hour
	maxOAuthBody     = 1 << 20 // bytes
)

// ServeOAuth is Google's OAuth 2.0 server: /token, for what a service account asserts (RFC 7523
// §2.1; Google's page on OAuth 2.0 for server-to-server applications), /tokeninfo and /v1/userinfo,
// and the latter two as /oauth2/v3/tokeninfo and /oauth2/v3/userinfo. The texts that do not begin
// with "emulator:" are recalled from public reports of its answers, and none was measured.
func (g *Cloud) ServeOAuth(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/token":
		g.serveGrant(w, r)
	case "/tokeninfo", "/oauth2/v3/tokeninfo":
		g.serveTokenInfo(w, r)
	case "/v1/userinfo", "/oauth2/v3/userinfo":
		g.serveUserInfo(w, r)
	default:
		g.notServed(w, r)
	}
}

func (g *Cloud) serveGrant(w http.ResponseWriter, r *http.Request) {
	token, refusal := g.grant(r)
	if refusal != nil {
		judged.From(r.Context()).Reason = refusal.record()
		g.date(w)
		refusal.ServeHTTP(w, r)
		return
	}
	g.write(w, http.StatusOK, token)
}

// granted is the answer to an assertion.
type granted struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	TokenType   string `json:"token_type"`
}

func (g *Cloud) grant(r *http.Request) (granted, *Refusal) {
	p, refusal := parseGrant(r)
	if refusal != nil {
		return granted{}, refusal
	}
	if p["grant_type"] != grantTypeJWT {
		return granted{}, refuseGrant(bad, "unsupported_grant_type", "Invalid grant_type: "+p["grant_type"]).secretly()
	}
	sa, assertion, refusal := g.verifyAssertion(p["assertion"], r.Host)
	if refusal != nil {
		return granted{}, refusal
	}
	judged.From(r.Context()).Caller = sa.Email
	scopes := strings.Fields(assertion.text("scope"))
	if !validScopes(scopes) {
		return granted{}, refuseGrant(bad, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
	}
	t := &issued{
		Access:  Access{Kind: ServiceAccountToken, Principal: sa.Email, Scopes: scopes, Expires: g.now().Add(oauthLifetime)},
		account: sa.UniqueID,
	}
	if _, found := assertion.claims["sub"]; found {
		if t.Principal, refusal = g.delegate(sa, assertion.text("sub"), scopes); refusal != nil {
			return granted{}, refusal
		}
		t.Kind, t.Delegation = DelegatedToken, []string{sa.Email}
	}
	return granted{AccessToken: g.issue(t), ExpiresIn: int(oauthLifetime / time.Second), TokenType: "Bearer"}, nil
}

func parseGrant(r *http.Request) (parameters, *Refusal) {
	if r.Method != http.MethodPost {
		return nil, refuseGrant(http.StatusMethodNotAllowed, invalidRequest, "emulator: /token takes POST")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, refuseGrant(bad, invalidRequest, "emulator: Content-Type must be application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxOAuthBody+1))
	if err != nil || len(body) > maxOAuthBody {
		return nil, refuseGrant(bad, invalidRequest, "emulator: the body cannot be read, or is too large")
	}
	p, j := parseForm(string(body))
	if j != nil {
		return nil, refuseGrant(bad, invalidRequest, "emulator: "+j.detail).secretly()
	}
	return p, nil
}

// verifyAssertion returns the assertion of a service account and whose it is. host is that of the
// request.
func (g *Cloud) verifyAssertion(text, host string) (ServiceAccount, jwt, *Refusal) {
	refuse := func(description string) (ServiceAccount, jwt, *Refusal) {
		return ServiceAccount{}, jwt{}, refuseGrant(bad, invalidGrant, description)
	}
	assertion, ok := parseJWT(text)
	if !ok {
		return refuse("emulator: the assertion is not a JWT")
	}
	sa, key, found := g.signer(assertion.text("iss"))
	if !found {
		return refuse("Invalid grant: account not found")
	}
	if assertion.algorithm != "RS256" || !assertion.verify(&key().private.PublicKey) {
		return refuse("Invalid JWT Signature.")
	}
	if sa.Disabled {
		return refuse("emulator: service account " + sa.Email + " is disabled")
	}
	now := g.now()
	issuedAt, ok1 := assertion.time("iat")
	expires, ok2 := assertion.time("exp")
	if !ok1 || !ok2 || !assertion.isInteger("iat") || !assertion.isInteger("exp") || expires.Sub(issuedAt) > maxAssertionTime ||
		!now.Before(expires) || issuedAt.After(now.Add(clockTolerance)) {
		return refuse("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
	}
	if !g.isOAuthAudience(assertion.text("aud"), host) {
		return refuse("Invalid JWT: Failed audience check.")
	}
	return sa, assertion, nil
}

// signer returns the service account of that email, and its key. A unique ID is no issuer.
func (g *Cloud) signer(email string) (sa ServiceAccount, key func() *signingKey, found bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.find(email)
	if a == nil || a.Email != email {
		return ServiceAccount{}, nil, false
	}
	return a.ServiceAccount, a.key, true
}

// isOAuthAudience reports whether aud is the token endpoint: that of Google, that of the cloud's
// universe, or the one that was asked if it is the emulator's own.
func (g *Cloud) isOAuthAudience(aud, host string) bool {
	u, err := url.Parse(aud)
	if err != nil || u.Path != "/token" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" && (u.Host == "oauth2.googleapis.com" || u.Host == "oauth2."+g.universe) ||
		u.Host == host && g.ownHost(host)
}

// delegate returns the user in whose name the service account may act.
func (g *Cloud) delegate(sa ServiceAccount, user string, scopes []string) (email string, refusal *Refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.workspace.delegates(sa.UniqueID, scopes) {
		return "", refuseGrant(http.StatusUnauthorized, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.")
	}
	email, found := g.workspace.users[strings.ToLower(user)]
	if !found {
		return "", refuseGrant(bad, invalidGrant, "Invalid email or User ID")
	}
	return email, nil
}

func refuseGrant(status int, code, description string) *Refusal {
	return &Refusal{Answer: Answer{Status: status, Code: code, Description: description}}
}

// secretly keeps the description out of records: it quotes the request.
func (r *Refusal) secretly() *Refusal {
	r.secret = true
	return r
}

// record is what a record says of the refusal.
func (r *Refusal) record() string {
	if r.secret {
		return r.Code
	}
	return r.Code + ": " + strings.TrimPrefix(r.Description, "emulator: ")
}
