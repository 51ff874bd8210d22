package awsfed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// codeSubjectURL is for an answer of [Subject].URL that is no success.
const codeSubjectURL = "SubjectURL"

// A urlToken is the subject token that a URL answers with.
type urlToken struct {
	client     *call.Client
	url        string
	header     http.Header
	field, typ string
}

func newURLToken(s *settings) *urlToken {
	header := headerOf("User-Agent", userAgent)
	for name, value := range s.Subject.Headers {
		header.Set(name, value)
	}
	return &urlToken{client: directClient(s), url: s.Subject.URL, header: header, field: s.Subject.Field, typ: s.Subject.Type}
}

// directClient is the client of the settings, and for a metadata address one that goes by no proxy:
// that would ask its own machine, and read the token. A transport of the program's own is trusted.
func directClient(s *settings) *call.Client {
	own := s.HTTPClient != nil && s.HTTPClient.Transport != nil
	host, _, err := net.SplitHostPort(hostOf(s.Subject.URL))
	if err != nil {
		host = strings.Trim(hostOf(s.Subject.URL), "[]")
	}
	transport, usual := http.DefaultTransport.(*http.Transport)
	if own || !usual || !awshttp.Nearby(host) {
		return s.client
	}
	direct := http.Client{}
	if s.HTTPClient != nil {
		direct = *s.HTTPClient
	}
	transport = transport.Clone()
	transport.Proxy, transport.MaxResponseHeaderBytes = nil, call.MaxHeader
	direct.Transport = transport
	return call.NewClient(&direct)
}

// SubjectToken asks the URL.
func (u *urlToken) SubjectToken(ctx context.Context) (SubjectToken, error) {
	step := AttemptOf(ctx).begin(StageSubjectToken)
	value, err := u.get(ctx)
	step.end(err)
	if err != nil {
		return SubjectToken{}, err
	}
	tellRenewed(ctx, value)
	return NewSubjectToken(value, u.typ), nil
}

func (u *urlToken) get(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url, nil)
	if err != nil {
		return "", (&Error{Stage: StageSubjectToken, Err: err, Hint: "look at Config.Subject.URL"}).cleaned(u.secrets(nil)...)
	}
	req.Header = maps.Clone(u.header)
	answer, err := u.client.Do(req)
	switch {
	case answer == nil:
		return "", u.unanswered(err).cleaned(u.secrets(nil)...)
	case err != nil && answer.Status == http.StatusOK:
		e := brokenAnswer(StageSubjectToken, answer, err)
		e.Hint = u.host() + " has to answer with the token and no more, 64 KiB at most: look at Config.Subject.URL"
		return "", e.cleaned(u.secrets(answer)...)
	case answer.Status != http.StatusOK:
		return "", u.refused(answer).cleaned(u.secrets(answer)...)
	}
	token, err := tokenIn(answer.Body, u.field)
	if err != nil {
		e := invalidAnswer(StageSubjectToken, answer, err.Error())
		e.Hint = "the whole answer of " + u.host() + " has to be the token, or with Config.Subject.Field a JSON object with a string of that name; a proxy may have answered in its place"
		return "", e.cleaned(u.secrets(answer)...)
	}
	return token, nil
}

func (u *urlToken) host() string { return inText(hostOf(u.url)) }

// secrets are those of the request, and those of the answer, nil for none: its body is a token, and
// its headers may repeat that.
func (u *urlToken) secrets(answer *call.Answer) (secrets []string) {
	for name, values := range u.header {
		for _, value := range values {
			if name != "User-Agent" {
				secrets = append(append(secrets, value), strings.Fields(value)...)
			}
		}
	}
	if answer != nil {
		secrets = append(secrets, string(answer.Body))
		if token, err := tokenInField(answer.Body, u.field); err == nil {
			secrets = append(secrets, token)
		}
	}
	return secrets
}

// refused is the error of an answer that is no success. It is not cleaned yet.
func (u *urlToken) refused(answer *call.Answer) *Error {
	e := &Error{Stage: StageSubjectToken, StatusCode: answer.Status, Code: codeSubjectURL, RequestID: answer.RequestID,
		RetryAfter: answer.Pause(), Transient: transientStatus(answer.Status), Description: u.host() + " gave no subject token"}
	switch {
	case answer.Status/100 == 3:
		e.Code = codeRedirect
		e.Description = "redirects are not followed: Subject.Headers would go with them"
		e.Hint = "set Config.Subject.URL to where the token is: " + u.host() + " sends elsewhere"
	case e.Transient:
		e.Hint = u.host() + " is failing, or has a limit; it is asked again"
	case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusForbidden:
		e.Hint = u.host() + " does not let this program have the token: look at Config.Subject.Headers, and at who may ask it"
	default:
		e.Hint = fmt.Sprintf("a token comes with HTTP 200 alone, and %s answered with %d: look at Config.Subject.URL and at its parameters", u.host(), answer.Status)
	}
	return e
}

// unanswered is the error of a request without an answer. It is not cleaned yet.
func (u *urlToken) unanswered(err error) *Error {
	e := networkError(StageSubjectToken, err)
	var lookup *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		e.Hint = "the caller gave up: its ctx was cancelled before there was a token"
	case errors.As(err, &lookup):
		e.Hint = "the name " + u.host() + " does not resolve here: look at Config.Subject.URL and at the DNS of this network"
	case !e.Transient:
		e.Hint = "the certificate of " + u.host() + " is not accepted: one of an authority of your own belongs into Config.HTTPClient"
	default:
		e.Hint = u.host() + " could not be reached, or did not answer in time; it is asked again. Look at Config.Subject.URL and at the route there"
	}
	return e
}
