package awsfed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
)

// A ContextTokenSource gives tokens under the ctx of the caller, as [oauth2.TokenSource] cannot. The [Exchanger], the
// [Impersonator] and the [TokenSource] are such sources. TokenContext has to return when ctx ends.
type ContextTokenSource interface {
	TokenContext(ctx context.Context) (*oauth2.Token, error)
}

// An Impersonator gets service-account tokens for federated tokens from the IAM Credentials API (generateAccessToken).
// It keeps nothing and makes one request a call, or two when its federated token was refused; put it into
// [NewCachedTokenSource] for more. Any number of them can share one source of federated tokens. It is safe for
// concurrent use.
type Impersonator struct {
	federated ContextTokenSource
	client    *http.Client
	url       string
	body      []byte
	lifetime  time.Duration
	hints     hints
	time      *clock.Clock
}

// NewImpersonator needs Audience and ServiceAccount of cfg, and heeds Delegates, Scopes, Lifetime,
// IAMCredentialsEndpoint, UniverseDomain and HTTPClient.
func NewImpersonator(cfg Config, federated ContextTokenSource) (*Impersonator, error) {
	err := cfg.validate()
	if cfg.ServiceAccount == "" {
		err = errors.Join(err, &FieldError{Field: "ServiceAccount", Want: "the account to impersonate"})
	}
	if federated == nil {
		err = errors.Join(err, &FieldError{Field: "the source of federated tokens", Want: "an Exchanger in a cache, for example"})
	}
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	delegates := make([]string, len(cfg.Delegates))
	for i, delegate := range cfg.Delegates {
		delegates[i] = serviceAccountResource(delegate)
	}
	body, err := json.Marshal(struct {
		Delegates []string `json:"delegates,omitempty"`
		Lifetime  string   `json:"lifetime"`
		Scope     []string `json:"scope"`
	}{delegates, fmt.Sprintf("%ds", cfg.Lifetime/time.Second), cfg.Scopes})
	if err != nil {
		return nil, err
	}
	return &Impersonator{
		federated: federated,
		client:    call.Client(cfg.HTTPClient),
		url:       impersonationURL(cfg.IAMCredentialsEndpoint, cfg.ServiceAccount),
		body:      body,
		lifetime:  cfg.Lifetime,
		hints:     newHints(cfg),
		time:      clockOf(federated),
	}, nil
}

// impersonationURL is also what a credential file names.
func impersonationURL(endpoint, account string) string {
	return endpoint + "/v1/" + serviceAccountResource(account) + ":generateAccessToken"
}

// serviceAccountResource names an account without its project: the API refuses anything but "-" there.
func serviceAccountResource(account string) string {
	return "projects/-/serviceAccounts/" + url.PathEscape(account)
}

// TokenContext gets a new token. Its errors are of type [*Error].
func (i *Impersonator) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	federated, err := i.federated.TokenContext(ctx)
	switch {
	case err != nil:
		return nil, asError(StageExchange, err)
	case federated == nil || federated.AccessToken == "":
		return nil, &Error{Stage: StageExchange, Code: codeInvalidAnswer, Description: "the source of federated tokens gave none"}
	}
	token, err := i.generate(ctx, federated)
	if err == nil || !i.refused(err) {
		return token, i.hints.explain(err)
	}
	// The federated token ended before its time: its pool was changed, or the clocks disagree. A new one may do.
	cache, ok := i.federated.(interface{ Invalidate(*oauth2.Token) })
	if !ok {
		return nil, i.hints.explain(err)
	}
	cache.Invalidate(federated)
	renewed, renewErr := i.federated.TokenContext(ctx)
	switch {
	case renewErr != nil && transient(renewErr):
		return nil, asError(StageExchange, renewErr) // the refusal can wait until there is a new token to refuse
	case renewErr != nil || renewed.AccessToken == federated.AccessToken:
		return nil, i.hints.explain(err)
	}
	token, err = i.generate(ctx, renewed)
	return token, i.hints.explain(err)
}

func (i *Impersonator) refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == http.StatusUnauthorized
}

func (i *Impersonator) generate(ctx context.Context, federated *oauth2.Token) (*oauth2.Token, error) {
	done := startHop(ctx, StageImpersonation)
	token, err := i.post(ctx, federated)
	done(err)
	return token, err
}

func (i *Impersonator) post(ctx context.Context, federated *oauth2.Token) (*oauth2.Token, error) {
	header := http.Header{
		"Authorization": {"Bearer " + federated.AccessToken},
		"Content-Type":  {"application/json"},
		"User-Agent":    {userAgent},
	}
	answer, err := call.Post(ctx, i.client, i.url, header, i.body)
	if answer != nil {
		i.time.Learn(answer.Sent, answer.Header)
	}
	switch {
	case err != nil && answer != nil:
		return nil, brokenAnswer(StageImpersonation, answer, err)
	case err != nil:
		return nil, networkError(StageImpersonation, err)
	}
	if answer.Status != http.StatusOK {
		return nil, answerError(StageImpersonation, answer, federated.AccessToken)
	}
	return parseGenerated(answer, i.lifetime)
}

// parseGenerated reads a successful answer of generateAccessToken. No token lives longer than it was asked to, whatever
// an answer without a Date, read by a wrong clock, seems to say.
func parseGenerated(answer *call.Answer, lifetime time.Duration) (*oauth2.Token, error) {
	var body struct {
		AccessToken string `json:"accessToken"`
		ExpireTime  string `json:"expireTime"` // RFC 3339, with or without fractions of a second
	}
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		return nil, invalidAnswer(StageImpersonation, answer, "is not the JSON of a token")
	}
	if body.AccessToken == "" {
		return nil, invalidAnswer(StageImpersonation, answer, "has no accessToken")
	}
	end, err := time.Parse(time.RFC3339, body.ExpireTime)
	if err != nil {
		return nil, invalidAnswer(StageImpersonation, answer, "has no usable expireTime")
	}
	return &oauth2.Token{
		AccessToken: body.AccessToken,
		TokenType:   "Bearer",
		Expiry:      earlier(clock.Local(end, answer.Sent, answer.Header), answer.Sent.Round(0).Add(lifetime)),
	}, nil
}

// clock is shared with the layers after.
func (i *Impersonator) clock() *clock.Clock { return i.time }
