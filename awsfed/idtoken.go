package awsfed

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/internal/strictjson"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

const maxIDTokenAudience = 2048 // bytes; a URL in most cases

// NewIDTokenSource gives ID tokens of the ServiceAccount of cfg for one audience: what Cloud Run,
// Identity-Aware Proxy and services of one's own verify. The AccessToken of its tokens is the ID
// token, as it is with package google.golang.org/api/idtoken, so that a [Transport], gRPC and an
// oauth2.Client send it as they send any other.
//
// They come from generateIdToken of the IAM Credentials API with the federated token, hold the
// email address of the account, and are cached and replaced like any other token; their Expiry is
// the claim exp by this machine's clock. The identity needs roles/iam.workloadIdentityUser or
// roles/iam.serviceAccountOpenIdTokenCreator on the account. Scopes, Lifetime and QuotaProject do
// not apply. Sources of many audiences share one federated token by [Config].Federated.
func NewIDTokenSource(ctx context.Context, cfg Config, audience string) (*TokenSource, error) {
	s, err := resolve(cfg)
	if err = errors.Join(err, cfg.idTokenFault(audience)); err != nil {
		return nil, err
	}
	flow, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	ts := flow.cached(newIDTokens(s, flow.federated, audience), IDToken, audience)
	ts.quotaProject = ""
	return ts, nil
}

// idTokenFault is what keeps a configuration from ID tokens for that audience.
func (c Config) idTokenFault(audience string) (err error) {
	if c.ServiceAccount == "" {
		err = &FieldError{Field: "ServiceAccount",
			Want: "the account whose ID tokens they are to be: Google issues ID tokens for service accounts alone, and not for a federated identity itself"}
	}
	if audience == "" || len(audience) > maxIDTokenAudience || !untrusted.Visible(audience) {
		err = errors.Join(err, (&FieldError{Field: "the audience", Found: shown(audience),
			Want: "who is to take the ID token, such as the URL of a Cloud Run service, in visible characters, 2,048 at most"}).cleaned())
	}
	return err
}

// idTokens asks for ID tokens of one account for one audience.
type idTokens struct {
	accountClient
	audience string
}

func newIDTokens(s *settings, federated ContextTokenSource, audience string) *idTokens {
	return &idTokens{newAccountClient(s, federated), audience}
}

func (i *idTokens) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	return layer(ctx, i.timeout, StageIDToken, func(ctx context.Context) (*oauth2.Token, error) {
		return ask[*oauth2.Token](ctx, &i.accountClient, i)
	})
}

func (i *idTokens) method() (string, Stage) { return "generateIdToken", StageIDToken }

func (i *idTokens) body() (string, error) {
	return jsonBody(struct {
		Audience     string   `json:"audience"`
		Delegates    []string `json:"delegates,omitempty"`
		IncludeEmail bool     `json:"includeEmail"`
	}{i.audience, i.delegation(), true})
}

// parse reads a successful answer of generateIdToken. The token's signature is for its audience to
// verify; what is looked at here is whether it is the one that was asked for, and how long it
// lives.
func (i *idTokens) parse(answer *call.Answer) (*oauth2.Token, error) {
	fields, err := tokenFields(StageIDToken, answer)
	if err != nil {
		return nil, err
	}
	token, err := tokenField(StageIDToken, answer, fields, "token")
	if err != nil {
		return nil, err
	}
	switch fault := tokenFault(token); {
	case token == "":
		return nil, invalidAnswer(StageIDToken, answer, "has no token")
	case fault != "":
		return nil, invalidAnswer(StageIDToken, answer, "has a token that "+fault)
	}
	claims, err := parseClaims(token)
	switch {
	case err != nil:
		return nil, invalidAnswer(StageIDToken, answer, "has a token that is not a JWT")
	case !claims.isFor(i.audience):
		return nil, invalidAnswer(StageIDToken, answer, "has a token for another audience")
	case claims.expires.IsZero():
		return nil, invalidAnswer(StageIDToken, answer, "has a token without a usable exp")
	}
	sent := answer.Sent.Round(0)
	expiry := clock.Local(claims.expires, answer.Sent, answer.Date)
	if life := claims.expires.Sub(claims.issued); !claims.issued.IsZero() && life > 0 {
		expiry = earlier(expiry, sent.Add(life)) // whatever an answer without a Date seems to say to a wrong clock
	}
	expiry = earlier(expiry, sent.Add(maxLifetime))
	if !expiry.After(sent) {
		return nil, invalidAnswer(StageIDToken, answer, "has a token that has expired; the clock of this machine may be wrong")
	}
	return &oauth2.Token{AccessToken: token, TokenType: "Bearer", Expiry: expiry}, nil
}

// claims are those of a JWT that awsfed reads. They are not verified.
type claims struct {
	issuer, subject string
	audiences       []string
	issued, expires time.Time // zero for none
}

// isFor reports whether the token names that audience (RFC 7519 §4.1.3).
func (c claims) isFor(audience string) bool {
	return slices.Contains(c.audiences, audience)
}

var errNotJWT = errors.New("not a JWT")

// parseClaims reads the payload of a JWT in the compact serialization (RFC 7515 §7.1).
func parseClaims(token string) (claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" { // an unsigned one, for example
		return claims{}, errNotJWT
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, errNotJWT
	}
	fields, err := strictjson.Fields(payload)
	if err != nil {
		return claims{}, errNotJWT
	}
	c := claims{issuer: fitting(fields.Get("iss")), subject: fitting(fields.Get("sub")),
		issued: numericDate(fields.Get("iat")), expires: numericDate(fields.Get("exp"))}
	if one := fitting(fields.Get("aud")); one != "" {
		c.audiences = []string{one}
	} else {
		_ = json.Unmarshal(fields.Get("aud"), &c.audiences) // of another type it names nobody
	}
	return c, nil
}

// numericDate reads the whole seconds of a time in a JWT (RFC 7519 §2); zero for what is none.
func numericDate(raw json.RawMessage) time.Time {
	whole, fraction, _ := strings.Cut(string(raw), ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	const year9999 = 253402300799
	if err != nil || seconds <= 0 || seconds > year9999 || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
