package fakegoogle

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	maxBody = 16 << 20 // bytes of a request; options alone may have 4 MiB of percent-encoded characters

	grantTypeTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	tokenTypeAccessToken   = "urn:ietf:params:oauth:token-type:access_token"
)

// ServeSTS is Google's Security Token Service, /v1/token (reference of STS v1; RFC 8693).
func (g *Cloud) ServeSTS(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/token" && r.URL.Path != "/v1beta/token" {
		g.notServed(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		g.write(w, http.StatusMethodNotAllowed, (&APIError{Code: http.StatusMethodNotAllowed, Message: "emulator: /v1/token takes POST"}).body())
		return
	}
	s := g.switches(STS)
	token, j := g.exchange(r, s)
	if j != nil && j.api != nil {
		g.fail(w, j.api)
		return
	}
	if j != nil {
		g.date(w)
		s.unsettled.refusal(j).ServeHTTP(w, r)
		return
	}
	g.write(w, http.StatusOK, token)
}

// exchanged is the answer to a token exchange.
type exchanged struct {
	AccessToken     string `json:"access_token"`
	IssuedTokenType string `json:"issued_token_type"`
	TokenType       string `json:"token_type"`
	ExpiresIn       *int   `json:"expires_in,omitempty"` // seconds; nil for the end of the subject token
}

func (g *Cloud) exchange(r *http.Request, s switches) (exchanged, *judgement) {
	switch {
	case s.outOfQuota:
		return exchanged{}, judge(ReasonQuota, "")
	case s.inPerimeter:
		return exchanged{}, judge(ReasonVPCServiceControls, "")
	case s.client != client{} && !s.client.admits(r):
		return exchanged{}, judge(ReasonClient, "")
	case s.client == client{} && r.Header.Get("Authorization") != "" && !s.unsettled.AcceptAuthorizationHeader:
		return exchanged{}, judge(ReasonAuthorizationHeader, "")
	}
	p, j := parseExchange(r)
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
		return g.downscope(p, options)
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
func (g *Cloud) identify(ctx context.Context, s switches, name principal.Provider, p exchangeParameters) (who identified, j *judgement) {
	aws, isAWS := g.activeProvider(name)
	oidc, isOIDC := g.activeOIDCProvider(name)
	kind := p["subject_token_type"]
	token, found := p["subject_token"]
	switch {
	case !isAWS && !isOIDC:
		return identified{}, judge(ReasonTarget, "")
	case isAWS && kind != tokenTypeAWS:
		return identified{}, judge(ReasonSubjectTokenType, "")
	case isOIDC && kind != tokenTypeJWT && kind != tokenTypeIDToken:
		return identified{}, judge(ReasonSubjectTokenType, "subject_token_type must be %s or %s for an OpenID Connect provider", tokenTypeJWT, tokenTypeIDToken)
	case !found:
		return identified{}, judge(ReasonSubjectTokenMissing, "")
	case isAWS:
		who.lifetime = s.lifetime
		if who.identity, j = g.verifySubjectToken(ctx, s.unsettled, p["audience"], token); j == nil {
			who.attributes, j = aws.admit(who.identity)
		}
		return who, j
	}
	claims, expires, j := g.verifyOIDCToken(s.unsettled, oidc, token)
	if j != nil {
		return identified{}, j
	}
	if who.lifetime, j = g.federatedLifetime(s, expires); j == nil {
		who.attributes, j = oidc.admit(claims)
	}
	return who, j
}

// exchangeParameters are the parameters of a token exchange by their names in a form.
type exchangeParameters map[string]string

// parseExchange reads the parameters from a form, where their names are in snake_case, or from
// JSON, where they are in camelCase or in snake_case.
func parseExchange(r *http.Request) (exchangeParameters, *judgement) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, judge(ReasonMalformed, "the body cannot be read, or is larger than %d bytes", maxBody)
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == "application/x-www-form-urlencoded":
		return parseExchangeForm(string(body))
	case err == nil && (media == "application/json" || media == "text/json"):
		return parseExchangeJSON(body)
	}
	return nil, judge(ReasonMalformed, "Content-Type must be application/x-www-form-urlencoded or application/json")
}

func parseExchangeForm(body string) (exchangeParameters, *judgement) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, judge(ReasonMalformed, "the body is not a form")
	}
	p := make(exchangeParameters)
	for name, values := range form {
		if len(values) > 1 { // RFC 6749 §3.2
			return nil, judge(ReasonMalformed, "the parameter %q is there %d times", name, len(values))
		}
		p[name] = values[0]
	}
	return p, nil
}

func parseExchangeJSON(body []byte) (exchangeParameters, *judgement) {
	names := [...]string{
		"grantType", "audience", "scope", "requestedTokenType", "subjectToken", "subjectTokenType", "options",
		"actorToken", "actorTokenType",
	}
	var values [len(names)]*string
	fields := make(protoFields)
	for i, name := range names {
		fields[name] = &values[i]
	}
	err := fields.unmarshal(body)
	if unknown, found := errors.AsType[unknownNames](err); found {
		return nil, &judgement{reason: ReasonMalformed, api: unknown.apiError()}
	}
	if err != nil {
		return nil, judge(ReasonMalformed, "%v", err)
	}
	p := make(exchangeParameters)
	for i, name := range names {
		if values[i] != nil {
			p[snakeCase(name)] = *values[i]
		}
	}
	return p, nil
}

// judge checks what does not depend on the provider.
func (p exchangeParameters) judge() *judgement {
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
