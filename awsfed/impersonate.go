package awsfed

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

// An Impersonator gets service-account tokens for federated tokens from the IAM Credentials API
// (generateAccessToken). It keeps nothing and makes one request a call, or two when its federated
// token was refused; put it into [NewCachedTokenSource] for more. Any number of them can share one
// source of federated tokens. It is safe for concurrent use.
type Impersonator struct {
	hidden secret.Box[*impersonator] // a source of federated tokens is within reach of it
}

type impersonator struct {
	accountClient
	scopes []string
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
	return &Impersonator{secret.New(&impersonator{newAccountClient(s, federated), s.Scopes})}
}

// impersonationURL is also what a credential file names.
func impersonationURL(endpoint, account string) string {
	return methodURL(endpoint, account, generateAccessToken)
}

const generateAccessToken = "generateAccessToken"

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
	return ask[*oauth2.Token](ctx, &i.accountClient, i)
}

func (i *impersonator) method() (string, Stage) { return generateAccessToken, StageImpersonation }

func (i *impersonator) body() (string, error) {
	return jsonBody(struct {
		Delegates []string `json:"delegates,omitempty"`
		Lifetime  string   `json:"lifetime"`
		Scope     []string `json:"scope"`
	}{i.delegation(), seconds(i.hints.lifetime), i.scopes})
}

// seconds is a google.protobuf.Duration.
func seconds(d time.Duration) string {
	var b [8]byte // of 43200s at most
	return string(append(strconv.AppendInt(b[:0], int64(d/time.Second), 10), 's'))
}

// parse reads a successful answer of generateAccessToken. No token lives longer than it
// was asked to, whatever an answer without a Date, read by a wrong clock, seems to say.
func (i *impersonator) parse(answer *call.Answer) (*oauth2.Token, error) {
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
	expiry := earlier(clock.Local(end, answer.Sent, answer.Date), sent.Add(i.hints.lifetime))
	if !expiry.After(sent) {
		return nil, invalidAnswer(StageImpersonation, answer, "has an expireTime that has passed; the clock of this machine may be wrong")
	}
	return &oauth2.Token{AccessToken: accessToken, TokenType: "Bearer", Expiry: expiry}, nil
}
