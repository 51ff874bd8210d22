package awsfed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// A ContextTokenSource gives tokens under the ctx of the caller, as [oauth2.TokenSource] cannot.
// The [Exchanger], the [Impersonator] and the [TokenSource] are such sources. TokenContext has to
// return when ctx ends.
type ContextTokenSource interface {
	TokenContext(ctx context.Context) (*oauth2.Token, error)
}

// An accountClient asks the IAM Credentials API for what a service account can give: tokens and
// signatures.
type accountClient struct {
	bearers   ContextTokenSource // gives the tokens that authorize the requests
	own       bool               // they are the account's own, and not federated ones
	client    *call.Client
	endpoint  string
	delegates []string
	timeout   time.Duration
	hints     *hints // with the account
}

func newAccountClient(s *settings, federated ContextTokenSource) accountClient {
	return accountClient{
		bearers:   federated,
		client:    s.client,
		endpoint:  s.IAMCredentialsEndpoint,
		delegates: s.Delegates,
		timeout:   s.Timeout,
		hints:     s.hints,
	}
}

// An accountRequest is a request for a method of the API on a service account.
type accountRequest[T any] interface {
	method() (name string, stage Stage)
	// body is made anew for each request, one in half an hour, rather than kept for each of many
	// accounts.
	body() (string, error)
	parse(answer *call.Answer) (T, error) // of a success
}

func methodURL(endpoint, account, method string) string {
	return endpoint + "/v1/" + serviceAccountResource(account) + ":" + method
}

// serviceAccountResource names an account without its project: the API refuses anything but "-"
// there.
func serviceAccountResource(account string) string {
	return serviceAccountPrefix + url.PathEscape(account)
}

const serviceAccountPrefix = "projects/-/serviceAccounts/"

// delegation is the chain of delegates as the reference of the API has it.
func (c *accountClient) delegation() []string {
	names := make([]string, len(c.delegates))
	for n, delegate := range c.delegates {
		names[n] = serviceAccountResource(strings.TrimPrefix(delegate, serviceAccountPrefix))
	}
	return names
}

// prepare has the connection opened that a request needs.
func (c *accountClient) prepare() { c.client.Ahead(c.endpoint) }

// ask makes one request, or two if the token of the first was refused.
func ask[T any](ctx context.Context, c *accountClient, r accountRequest[T]) (result T, err error) {
	// Two round trips less for a first token: the connection is there when the federated token
	// comes.
	AttemptOf(ctx).onWait(c)
	token, err := c.bearers.TokenContext(ctx)
	AttemptOf(ctx).onWait(nil)
	switch {
	case err != nil:
		return result, asError(c.bearerStage(), err)
	case token == nil || token.AccessToken == "":
		return result, &Error{Stage: c.bearerStage(), Code: codeInvalidAnswer, Description: "the source of " + c.bearerKind() + " gave none"}
	}
	result, err = step(ctx, c, r, token)
	if err == nil || !c.refused(err) {
		return result, c.hints.explain(err)
	}
	// The token ended before its time: its pool was changed, or the clocks disagree. A new one may
	// do.
	a := AttemptOf(ctx)
	a.refuse(token.AccessToken)
	renewed, renewErr := c.bearers.TokenContext(ctx)
	a.accepted()
	switch {
	case renewErr != nil && transient(renewErr):
		return result, asError(c.bearerStage(), renewErr) // the refusal can wait until there is a new token to refuse
	case renewErr != nil || renewed == nil || renewed.AccessToken == "" || renewed.AccessToken == token.AccessToken:
		return result, c.hints.explain(err)
	}
	result, err = step(ctx, c, r, renewed)
	return result, c.hints.explain(err)
}

// refused reports whether another token may be taken where this one was not. One of a kind that the
// method does not take is no reason for another of the same kind.
func (c *accountClient) refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == http.StatusUnauthorized && (c.own || !kindRefused(err))
}

// kindRefused reports whether a method that signs takes no tokens of that kind.
func kindRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Stage == StageSigning && e.StatusCode == http.StatusUnauthorized && e.Reason == reasonTokenType
}

// bearerKind names the tokens in errors, and bearerStage where they come from.
func (c *accountClient) bearerKind() string {
	if c.own {
		return "service-account tokens"
	}
	return "federated tokens"
}

func (c *accountClient) bearerStage() Stage {
	if c.own {
		return StageImpersonation
	}
	return StageExchange
}

// step is one request as a step of the attempt.
func step[T any](ctx context.Context, c *accountClient, r accountRequest[T], token *oauth2.Token) (result T, err error) {
	if fault := tokenFault(token.AccessToken); fault != "" {
		return result, &Error{Stage: c.bearerStage(), Code: codeInvalidAnswer, Transient: true,
			Description: "the source of " + c.bearerKind() + " gave one that " + fault}
	}
	_, stage := r.method()
	step := AttemptOf(ctx).begin(stage)
	result, err = post(ctx, c, r, token)
	if err != nil {
		err = cleanError(err, token.AccessToken)
	}
	step.end(err)
	return result, err
}

func post[T any](ctx context.Context, c *accountClient, r accountRequest[T], token *oauth2.Token) (result T, err error) {
	name, stage := r.method()
	body, err := r.body()
	if err != nil {
		return result, &Error{Stage: stage, Err: err}
	}
	header := headerOf("Authorization", bearer+token.AccessToken, "Content-Type", "application/json", "User-Agent", userAgent)
	answer, err := c.client.Post(ctx, methodURL(c.endpoint, c.hints.account, name), header, body)
	AttemptOf(ctx).heard(answer)
	switch {
	case err != nil && answer != nil:
		return result, brokenAnswer(stage, answer, err)
	case err != nil:
		return result, networkError(stage, err)
	}
	if answer.Status != http.StatusOK {
		e := answerError(stage, answer, token.AccessToken)
		e.ownToken = c.own
		return result, e
	}
	return r.parse(answer)
}

// jsonBody is a request of the API. It cannot fail with what this package puts into one.
func jsonBody(request any) (string, error) {
	text, err := json.Marshal(request)
	return string(text), err
}
