package fakegoogle

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	grantTypeTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	tokenTypeAccessToken   = "urn:ietf:params:oauth:token-type:access_token"
)

// ServeSTS is Google's Security Token Service, /v1/token and /v1/introspect (reference of STS v1;
// RFC 8693; RFC 7662).
func (g *Cloud) ServeSTS(w http.ResponseWriter, r *http.Request) {
	serve := map[string]func(http.ResponseWriter, *http.Request, switches) *judgement{
		"/v1/token": g.serveExchange, "/v1beta/token": g.serveExchange, "/v1/introspect": g.serveIntrospect,
	}[r.URL.Path]
	if serve == nil {
		g.notServed(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		g.write(w, http.StatusMethodNotAllowed, (&APIError{Code: http.StatusMethodNotAllowed, Message: "emulator: " + r.URL.Path + " takes POST"}).body())
		return
	}
	s := g.switches(STS)
	j := serve(w, r, s)
	if j != nil {
		judged.From(r.Context()).Reason = j.record()
	}
	switch {
	case j == nil:
	case j.api != nil:
		g.fail(w, j.api)
	default:
		g.date(w)
		s.unsettled.refusal(j).ServeHTTP(w, r)
	}
}

func (g *Cloud) serveExchange(w http.ResponseWriter, r *http.Request, s switches) *judgement {
	token, j := g.exchange(r, s)
	if j == nil {
		g.write(w, http.StatusOK, token)
	}
	return j
}

// exchanged is the answer to a token exchange.
type exchanged struct {
	AccessToken     string `json:"access_token"`
	IssuedTokenType string `json:"issued_token_type"`
	TokenType       string `json:"token_type"`
	ExpiresIn       *int   `json:"expires_in,omitempty"` // seconds; nil for the end of the subject token
}

// admitSTS judges what does not depend on what is asked of STS.
func (s switches) admitSTS(r *http.Request) *judgement {
	switch {
	case s.outOfQuota:
		return judge(ReasonQuota, "")
	case s.inPerimeter:
		return judge(ReasonVPCServiceControls, "")
	case s.client != client{} && !s.client.admits(r):
		return judge(ReasonClient, "")
	}
	return nil
}

func (g *Cloud) exchange(r *http.Request, s switches) (exchanged, *judgement) {
	if j := s.admitSTS(r); j != nil {
		return exchanged{}, j
	}
	if s.client == (client{}) && r.Header.Get("Authorization") != "" && !s.unsettled.AcceptAuthorizationHeader {
		return exchanged{}, judge(ReasonAuthorizationHeader, "")
	}
	p, j := parseParameters(r, "grantType", "audience", "scope", "requestedTokenType", "subjectToken", "subjectTokenType",
		"options", "actorToken", "actorTokenType")
	if j != nil {
		return exchanged{}, j
	}
	if j := p.judge(); j != nil {
		return exchanged{}, j
	}
	options, j := parseOptions(p["options"])
	if j != nil {
		return exchanged{}, j
	}
	if p["subject_token_type"] == tokenTypeAccessToken {
		return g.downscope(p, options, judged.From(r.Context()))
	}
	name, err := principal.ParseAudience(p["audience"])
	if err != nil {
		return exchanged{}, judge(ReasonAudience, "")
	}
	who, j := g.identify(r.Context(), s, name, p)
	if j != nil {
		return exchanged{}, j
	}
	return exchanged{
		AccessToken: g.issue(&issued{
			Access: Access{
				Kind:         FederatedToken,
				Principal:    name.Subject(who.attributes.Subject),
				Scopes:       strings.Fields(p["scope"]),
				Expires:      g.now().Add(who.lifetime),
				Identity:     who.identity,
				QuotaProject: options.userProject,
				Boundary:     options.boundary,
			},
			provider:   name,
			attributes: who.attributes,
		}),
		IssuedTokenType: p["requested_token_type"],
		TokenType:       "Bearer",
		ExpiresIn:       new(int(who.lifetime / time.Second)),
	}, nil
}

// identified is whom a subject token proves, and how long the federated token for it is to last.
type identified struct {
	identity   principal.Identity // of AWS; zero from an OpenID Connect provider
	attributes principal.Attributes
	lifetime   time.Duration
}

// identify lets the provider of that name say whom the subject token proves.
func (g *Cloud) identify(ctx context.Context, s switches, name principal.Provider, p parameters) (who identified, j *judgement) {
	aws, isAWS := g.activeProvider(name)
	oidc, isOIDC := g.activeOIDCProvider(name)
	kind := p["subject_token_type"]
	token, found := p["subject_token"]
	record := judged.From(ctx)
	switch {
	case !isAWS && !isOIDC:
		return identified{}, &judgement{reason: ReasonTarget, known: g.whyNoTarget(name)}
	case isAWS && kind != tokenTypeAWS:
		return identified{}, judge(ReasonSubjectTokenType, "")
	case isOIDC && kind != tokenTypeJWT && kind != tokenTypeIDToken:
		return identified{}, judge(ReasonSubjectTokenType, "subject_token_type must be %s or %s for an OpenID Connect provider", tokenTypeJWT, tokenTypeIDToken).openly()
	case !found:
		return identified{}, judge(ReasonSubjectTokenMissing, "")
	case isAWS:
		who.lifetime = s.lifetime
		if who.identity, j = g.verifySubjectToken(ctx, s.unsettled, p["audience"], token); j == nil {
			record.Caller = who.identity.ARN
			who.attributes, j = aws.admit(who.identity, record)
		}
		return who, j
	}
	claims, expires, j := g.verifyOIDCToken(s.unsettled, oidc, token)
	if j != nil {
		return identified{}, j
	}
	if subject, ok := claims["sub"].(string); ok {
		record.Caller = subject + " of " + oidc.Issuer
	}
	if who.lifetime, j = g.federatedLifetime(s, expires); j == nil {
		who.attributes, j = oidc.admit(claims, record)
	}
	return who, j
}

// judge checks what does not depend on the provider.
func (p parameters) judge() *judgement {
	if p["grant_type"] != grantTypeTokenExchange {
		return judge(ReasonGrantType, "")
	}
	if p["requested_token_type"] != tokenTypeAccessToken {
		return judge(ReasonRequestedTokenType, "")
	}
	if p["subject_token_type"] != tokenTypeAccessToken && !validScopes(strings.Fields(p["scope"])) {
		return judge(ReasonScope, "")
	}
	_, token := p["actor_token"]
	_, kind := p["actor_token_type"]
	if token || kind {
		return judge(ReasonActorToken, "")
	}
	return nil
}

// validScopes reports whether scopes has at least one, and all look like Google's: a URL of a
// domain of Google's, or one of OpenID Connect.
func validScopes(scopes []string) bool {
	for _, scope := range scopes {
		rest, https := strings.CutPrefix(scope, "https://")
		host, _, _ := strings.Cut(rest, "/")
		switch {
		case https && (strings.HasSuffix(host, ".googleapis.com") || strings.HasSuffix(host, ".google.com")):
		case scope == "openid", scope == "email", scope == "profile":
		default:
			return false
		}
	}
	return len(scopes) > 0
}
