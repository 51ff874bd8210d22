package fakegoogle

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

// scopeEmail is the scope email in full.
const scopeEmail = "https://www.googleapis.com/auth/userinfo.email"

// serveTokenInfo is /tokeninfo of the OAuth 2.0 server, which says what an access token or an ID
// token of Google's accounts stands for. All values are strings. It does not know the tokens of
// STS, as measured; the other texts are of public reports.
func (g *Cloud) serveTokenInfo(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		g.refuseToken(w, r, bad, invalidRequest, "emulator: the query or the body is not a form")
		return
	}
	access, id := r.Form.Get("access_token"), r.Form.Get("id_token")
	if access == "" && id == "" {
		access = bearerOf(r)
	}
	switch {
	case access != "":
		t, failure := g.holder(access)
		if failure != nil || !t.ofAccount() {
			g.refuseToken(w, r, bad, "invalid_token", "Invalid Value")
			return
		}
		g.write(w, http.StatusOK, t.info(g.now()))
	case id != "":
		claims, err := g.VerifyIDToken(id)
		if err != nil {
			g.refuseToken(w, r, bad, "invalid_token", "Invalid Value")
			return
		}
		g.write(w, http.StatusOK, idTokenInfo(claims, g.key().id))
	default:
		g.refuseToken(w, r, bad, invalidRequest, "either access_token, id_token, or token_handle required")
	}
}

// serveUserInfo is /v1/userinfo of OpenID Connect (OpenID Connect Core §5.3), for service accounts
// and, by their delegated tokens, for users.
func (g *Cloud) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	token := bearerOf(r)
	if token == "" {
		token = r.URL.Query().Get("access_token")
	}
	t, failure := g.holder(token)
	switch {
	case failure != nil || !t.ofAccount():
		g.refuseToken(w, r, http.StatusUnauthorized, invalidRequest, "Invalid Credentials")
	case !t.HasScope("openid", "email", "profile", scopeEmail, "https://www.googleapis.com/auth/userinfo.profile"):
		// That it answers to too few scopes as if there were no token is known from reports.
		judged.From(r.Context()).Reason = "UNAUTHENTICATED: the scopes do not suffice"
		g.fail(w, &APIError{
			Code: http.StatusUnauthorized, Status: "UNAUTHENTICATED",
			Message: "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
		})
	default:
		judged.From(r.Context()).Caller = t.Principal
		info := map[string]any{"sub": t.subject()}
		if t.HasScope("email", scopeEmail) {
			info["email"], info["email_verified"] = t.Principal, true
		}
		g.write(w, http.StatusOK, info)
	}
}

// refuseToken answers with an OAuth error.
func (g *Cloud) refuseToken(w http.ResponseWriter, r *http.Request, status int, code, description string) {
	refusal := refuseGrant(status, code, description)
	judged.From(r.Context()).Reason = refusal.record()
	g.date(w)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer") // required by RFC 9110 §15.5.2
	}
	refusal.ServeHTTP(w, r)
}

// ofAccount reports whether the token is of a service account or a user and not of STS's making.
func (t *issued) ofAccount() bool { return t.Kind != FederatedToken && len(t.Boundary) == 0 }

// subject is whose token it is by an ID that does not change.
func (t *issued) subject() string {
	switch t.Kind {
	case ServiceAccountToken:
		return t.account
	case DelegatedToken:
		return uniqueIDOf(strings.ToLower(t.Principal))
	}
	return t.Principal
}

// info is what the OAuth 2.0 server says of an access token at that time.
func (t *issued) info(now time.Time) map[string]string {
	info := map[string]string{
		"azp":         t.account,
		"aud":         t.account,
		"sub":         t.subject(),
		"scope":       strings.Join(t.Scopes, " "),
		"exp":         strconv.FormatInt(t.Expires.Unix(), 10),
		"expires_in":  strconv.FormatInt(int64(t.Expires.Sub(now)/time.Second), 10),
		"access_type": "online",
	}
	if t.HasScope("email", scopeEmail) {
		info["email"], info["email_verified"] = t.Principal, "true"
	}
	return info
}

// idTokenInfo is the claims of an ID token and its header.
func idTokenInfo(claims map[string]any, keyID string) map[string]any {
	info := map[string]any{"alg": "RS256", "kid": keyID, "typ": "JWT"}
	for name, value := range claims {
		switch value := value.(type) {
		case float64:
			info[name] = strconv.FormatInt(int64(value), 10)
		case bool:
			info[name] = strconv.FormatBool(value)
		default:
			info[name] = value
		}
	}
	return info
}
