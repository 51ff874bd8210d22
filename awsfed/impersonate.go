package awsfed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

// A ContextTokenSource gives tokens under the ctx of the caller, as [oauth2.TokenSource] cannot.
// The [Exchanger], the [Impersonator] and the [TokenSource] are such sources. TokenContext has to
// return when ctx ends.
type ContextTokenSource interface {
	TokenContext(ctx context.Context) (*oauth2.Token, error)
}

// An Impersonator gets service-account tokens for federated tokens from the IAM Credentials API
// (generateAccessToken). It keeps nothing and makes one request a call, or two when its federated
// token was refused; put it into [NewCachedTokenSource] for more. Any number of them can share one
// source of federated tokens. It is safe for concurrent use.
type Impersonator struct {
	hidden secret.Box[*impersonator] // a source of federated tokens is within reach of it
}

type impersonator struct {
	federated ContextTokenSource
	client    *call.Client
	endpoint  string
	delegates []string
	scopes    []string
	timeout   time.Duration
	hints     *hints // with the account and the lifetime
}

// NewImpersonator needs Audience and ServiceAccount of cfg, and heeds Delegates, Scopes, Lifetime,
// IAMCredentialsEndpoint, UniverseDomain, HTTPClient and Timeout.
func NewImpersonator(cfg Config, federated ContextTokenSource) (*Impersonator, error) {
	s, err := resolve(cfg)
	if cfg.ServiceAccount == "" {
		err = errors.Join(err, &FieldError{Field: "ServiceAccount", Want: "the account to impersonate"})
	}
	if federated == nil {
		err = errors.Join(err, &FieldError{Field: "the source of federated tokens", Want: "an Exchanger in a cache, for example"})
	}
	if err != nil {
		return nil, err
	}
	return newImpersonator(s, federated), nil
}

func newImpersonator(s *settings, federated ContextTokenSource) *Impersonator {
	return &Impersonator{secret.New(&impersonator{
		federated: federated,
		client:    s.client,
		endpoint:  s.IAMCredentialsEndpoint,
		delegates: s.Delegates,
		scopes:    s.Scopes,
		timeout:   s.Timeout,
		hints:     s.hints,
	})}
}

// impersonationURL is also what a credential file names.
func impersonationURL(endpoint, account string) string {
	return endpoint + "/v1/" + serviceAccountResource(account) + ":generateAccessToken"
}

// serviceAccountResource names an account without its project: the API refuses anything but "-"
// there.
func serviceAccountResource(account string) string {
	return "projects/-/serviceAccounts/" + url.PathEscape(account)
}

// TokenContext gets a new token, in no more than the Timeout of the configuration. Its errors are
// of type [*Error].
func (i *Impersonator) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	inner := i.hidden.Reveal()
	if inner == nil {
		return nil, errNotMade
	}
	return layer(ctx, inner.timeout, StageImpersonation, inner.token)
}

// Format prints the service account for every verb, and nothing else.
func (i Impersonator) Format(state fmt.State, verb rune) {
	text := ""
	if inner := i.hidden.Reveal(); inner != nil {
		text = inner.hints.account
	}
	formatAs(state, verb, "awsfed.Impersonator("+text+")")
}

func (i *impersonator) token(ctx context.Context) (*oauth2.Token, error) {
	// Two round trips less for a first token: the connection is there when the federated token comes.
	AttemptOf(ctx).onWait(i)
	federated, err := i.federated.TokenContext(ctx)
	AttemptOf(ctx).onWait(nil)
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
	// The federated token ended before its time: its pool was changed, or the clocks disagree. A
	// new one may do.
	a := AttemptOf(ctx)
	a.refuse(federated.AccessToken)
	renewed, renewErr := i.federated.TokenContext(ctx)
	a.accepted()
	switch {
	case renewErr != nil && transient(renewErr):
		return nil, asError(StageExchange, renewErr) // the refusal can wait until there is a new token to refuse
	case renewErr != nil || renewed == nil || renewed.AccessToken == "" || renewed.AccessToken == federated.AccessToken:
		return nil, i.hints.explain(err)
	}
	token, err = i.generate(ctx, renewed)
	return token, i.hints.explain(err)
}

// body is that of a request (the reference of generateAccessToken). It is made anew for each of them,
// one in half an hour, rather than kept for each of many accounts.
func (i *impersonator) body() (string, error) {
	delegates := make([]string, len(i.delegates))
	for n, delegate := range i.delegates {
		delegates[n] = serviceAccountResource(delegate)
	}
	text, err := json.Marshal(struct {
		Delegates []string `json:"delegates,omitempty"`
		Lifetime  string   `json:"lifetime"`
		Scope     []string `json:"scope"`
	}{delegates, seconds(i.hints.lifetime), i.scopes})
	return string(text), err
}

// seconds is a google.protobuf.Duration.
func seconds(d time.Duration) string {
	var b [8]byte // of 43200s at most
	return string(append(strconv.AppendInt(b[:0], int64(d/time.Second), 10), 's'))
}

// prepare has the connection opened that generate needs.
func (i *impersonator) prepare() { i.client.Ahead(i.endpoint) }

func (i *impersonator) refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == http.StatusUnauthorized
}

func (i *impersonator) generate(ctx context.Context, federated *oauth2.Token) (*oauth2.Token, error) {
	if fault := tokenFault(federated.AccessToken); fault != "" {
		return nil, &Error{Stage: StageExchange, Code: codeInvalidAnswer, Transient: true,
			Description: "the source of federated tokens gave one that " + fault}
	}
	step := AttemptOf(ctx).begin(StageImpersonation)
	token, err := i.post(ctx, federated)
	if err != nil {
		err = cleanError(err, federated.AccessToken)
	}
	step.end(err)
	return token, err
}

func (i *impersonator) post(ctx context.Context, federated *oauth2.Token) (*oauth2.Token, error) {
	body, err := i.body()
	if err != nil {
		return nil, err
	}
	header := headerOf("Authorization", bearer+federated.AccessToken, "Content-Type", "application/json", "User-Agent", userAgent)
	answer, err := i.client.Post(ctx, impersonationURL(i.endpoint, i.hints.account), header, body)
	switch {
	case err != nil && answer != nil:
		return nil, brokenAnswer(StageImpersonation, answer, err)
	case err != nil:
		return nil, networkError(StageImpersonation, err)
	}
	if answer.Status != http.StatusOK {
		return nil, answerError(StageImpersonation, answer, federated.AccessToken)
	}
	return parseGenerated(answer, i.hints.lifetime)
}

// parseGenerated reads a successful answer of generateAccessToken. No token lives longer than it
// was asked to, whatever an answer without a Date, read by a wrong clock, seems to say.
func parseGenerated(answer *call.Answer, lifetime time.Duration) (*oauth2.Token, error) {
	fields, err := tokenFields(StageImpersonation, answer)
	if err != nil {
		return nil, err
	}
	accessToken, err := tokenField(StageImpersonation, answer, fields, "accessToken")
	if err != nil {
		return nil, err
	}
	switch fault := tokenFault(accessToken); {
	case accessToken == "":
		return nil, invalidAnswer(StageImpersonation, answer, "has no accessToken")
	case fault != "":
		return nil, invalidAnswer(StageImpersonation, answer, "has an accessToken that "+fault)
	}
	// RFC 3339, with or without fractions of a second.
	end, err := time.Parse(time.RFC3339, fitting(fields.Get("expireTime")))
	if err != nil {
		return nil, invalidAnswer(StageImpersonation, answer, "has no usable expireTime")
	}
	sent := answer.Sent.Round(0)
	expiry := earlier(clock.Local(end, answer.Sent, answer.Date), sent.Add(lifetime))
	if !expiry.After(sent) {
		return nil, invalidAnswer(StageImpersonation, answer, "has an expireTime that has passed; the clock of this machine may be wrong")
	}
	return &oauth2.Token{AccessToken: accessToken, TokenType: "Bearer", Expiry: expiry}, nil
}
