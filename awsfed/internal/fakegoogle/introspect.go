package fakegoogle

import (
	"net/http"
	"strconv"
	"strings"
)

// introspected is what STS says of a token (RFC 7662 §2.2; reference of STS v1, introspect). The
// seconds are strings, as all of Google's integers of 64 bits are in JSON.
type introspected struct {
	Active    bool   `json:"active"`
	Expires   string `json:"exp,omitempty"`
	Issued    string `json:"iat,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	Scope     string `json:"scope,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Principal string `json:"username,omitempty"`
}

// serveIntrospect is /v1/introspect of STS, which knows the tokens that STS gave out and no others.
// What Google makes of a federated identity for sub is not known; here it is the principal.
func (g *Cloud) serveIntrospect(w http.ResponseWriter, r *http.Request, s switches) *judgement {
	if j := s.admitSTS(r); j != nil {
		return j
	}
	p, j := parseParameters(r, "token", "tokenTypeHint")
	if j != nil {
		return j
	}
	if p["token"] == "" {
		return judge(ReasonMalformed, "the parameter \"token\" is missing")
	}
	t, failure := g.holder(p["token"]) // The hint may be ignored, says RFC 7662 §2.1.
	if failure != nil || t.Kind != FederatedToken && len(t.Boundary) == 0 {
		g.write(w, http.StatusOK, introspected{})
		return nil
	}
	answer := introspected{
		Active:    true,
		Expires:   strconv.FormatInt(t.Expires.Unix(), 10),
		Issued:    strconv.FormatInt(t.issuedAt.Unix(), 10),
		Issuer:    "https://sts.googleapis.com/",
		Scope:     strings.Join(t.Scopes, " "),
		Subject:   t.subject(),
		Principal: t.Principal,
	}
	g.write(w, http.StatusOK, answer)
	return nil
}
