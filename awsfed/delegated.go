package awsfed

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

const (
	jwtBearerGrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer" // RFC 7523 §2.1
	assertionLifetime  = time.Hour                                     // the most that Google takes
)

// NewDelegatedTokenSource gives access tokens of a Google Workspace user, whose address subject is,
// by domain-wide delegation: the ServiceAccount of cfg, an email address, signs a claim that it
// acts for the user (signJwt, as [Signer] does), and Google's OAuth 2.0 server gives a token for it
// (RFC 7523). An administrator of the Workspace has to have granted Scopes to the account's client
// ID, which is its unique ID. The tokens are cached and replaced like any other. Lifetime does not
// apply: Google gives one hour.
func NewDelegatedTokenSource(ctx context.Context, cfg Config, subject string) (*TokenSource, error) {
	s, err := resolve(cfg)
	if err = errors.Join(err, cfg.delegationFault(subject)); err != nil {
		return nil, err
	}
	flow, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	return flow.cached(newDelegation(flow, subject), DelegatedToken, subject), nil
}

// delegationFault is what keeps a configuration from tokens of that user.
func (c Config) delegationFault(subject string) error {
	err := c.needsEmail()
	if name, domain, _ := strings.Cut(subject, "@"); name == "" || domain == "" || len(subject) > maxAccount || !untrusted.Visible(subject) {
		err = errors.Join(err, (&FieldError{Field: "the subject", Found: shown(subject), Want: "the email address of a Workspace user"}).cleaned())
	}
	return err
}

// A delegation asks for tokens of one user.
type delegation struct {
	signer   *signer
	client   *call.Client
	url      string
	audience string
	subject  string
	scope    string
	timeout  time.Duration
	hints    *hints
	time     *clock.Clock
}

func newDelegation(flow tokenFlow, subject string) *delegation {
	s := flow.settings
	return &delegation{
		signer:   newSigner(flow),
		client:   s.client,
		url:      s.OAuthTokenURL,
		audience: defaultOAuthTokenURL(cmp.Or(s.UniverseDomain, defaultUniverse)),
		subject:  subject,
		scope:    strings.Join(s.Scopes, " "),
		timeout:  s.Timeout,
		hints:    s.hints.delegating(workspaceUser{subject, strings.Join(s.Scopes, " "), hostOf(s.OAuthTokenURL)}),
		time:     &clock.Clock{},
	}
}

func (d *delegation) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	return layer(ctx, d.timeout, StageDelegation, d.token)
}

func (d *delegation) token(ctx context.Context) (*oauth2.Token, error) {
	AttemptOf(ctx).useClock(d.time)
	token, clockWasWrong, err := d.try(ctx)
	if clockWasWrong {
		token, _, err = d.try(ctx)
	}
	return token, d.hints.explain(err)
}

// try has the claim signed and takes it to Google. It gives up, for another try, where an answer
// has shown the claim's times to be wrong.
func (d *delegation) try(ctx context.Context) (token *oauth2.Token, clockWasWrong bool, err error) {
	offset := d.time.Offset()
	moved := func() bool { return (d.time.Offset() - offset).Abs() > time.Minute }
	claims, err := d.claims()
	if err != nil {
		return nil, false, err
	}
	made, err := d.signer.sign(ctx, signJWT, claims)
	if err != nil || moved() {
		return nil, moved(), err
	}
	step := AttemptOf(ctx).begin(StageDelegation)
	token, err = d.post(ctx, made.jwt)
	if err != nil {
		err = cleanError(err, jwtSecrets(made.jwt)...)
	}
	step.end(err)
	return token, err != nil && moved(), err
}

// claims are those that Google's page on service accounts and OAuth 2.0 asks for.
func (d *delegation) claims() (string, error) {
	now := d.time.Now()
	return jsonBody(struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		IssuedAt int64  `json:"iat"`
		Issuer   string `json:"iss"`
		Scope    string `json:"scope"`
		Subject  string `json:"sub"`
	}{d.audience, now.Add(assertionLifetime).Unix(), now.Unix(), d.signer.account, d.scope, d.subject})
}

func (d *delegation) post(ctx context.Context, assertion string) (*oauth2.Token, error) {
	form := encodeForm(formField{"assertion", assertion}, formField{"grant_type", jwtBearerGrantType})
	header := headerOf("Content-Type", "application/x-www-form-urlencoded", "User-Agent", userAgent)
	answer, err := d.client.Post(ctx, d.url, header, form)
	AttemptOf(ctx).heard(answer)
	switch {
	case err != nil && answer != nil:
		return nil, brokenAnswer(StageDelegation, answer, err)
	case err != nil:
		return nil, networkError(StageDelegation, err)
	}
	if answer.Status != http.StatusOK {
		return nil, answerError(StageDelegation, answer, jwtSecrets(assertion)...)
	}
	fields, err := tokenFields(StageDelegation, answer)
	if err != nil {
		return nil, err
	}
	return parseBearer(StageDelegation, answer, fields)
}
