package awsfed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
)

const (
	exchangeGrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessTokenType   = "urn:ietf:params:oauth:token-type:access_token"
	userAgent         = "awsfed-go/" + version
)

// A SubjectTokenSource makes the proof of identity that an [Exchanger] takes to Google: a [*SubjectTokenBuilder], or
// something else that the provider accepts.
type SubjectTokenSource interface {
	SubjectToken(ctx context.Context) (SubjectToken, error)
}

// An Exchanger gets a federated token for a subject token from Google's Security Token Service (RFC 8693). It keeps
// nothing and makes one request a call, or two when the first was refused for a wrong clock or for AWS credentials that
// have gone bad; put it into [NewCachedTokenSource] for more. It is safe for concurrent use.
type Exchanger struct {
	subject  SubjectTokenSource
	client   *http.Client
	url      string
	audience string
	scope    string
	hints    hints
	time     *clock.Clock
}

// NewExchanger needs Audience of cfg, and heeds TokenURL, UniverseDomain, HTTPClient, ServiceAccount and Scopes. With a
// ServiceAccount the federated token is for impersonation, and its scope is [CloudPlatformScope]; without one it has
// Scopes.
func NewExchanger(cfg Config, subject SubjectTokenSource) (*Exchanger, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if subject == nil {
		return nil, &FieldError{Field: "the source of subject tokens", Want: "a SubjectTokenBuilder, for example"}
	}
	cfg = cfg.withDefaults()
	scope := strings.Join(cfg.Scopes, " ")
	if cfg.ServiceAccount != "" {
		scope = CloudPlatformScope
	}
	return &Exchanger{
		subject:  subject,
		client:   call.Client(cfg.HTTPClient),
		url:      cfg.TokenURL,
		audience: cfg.Audience,
		scope:    scope,
		hints:    newHints(cfg),
		time:     clockOf(subject),
	}, nil
}

// TokenContext exchanges a new subject token. Its errors are of type [*Error].
func (e *Exchanger) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	before := e.time.Offset()
	token, err := e.exchange(ctx)
	if err == nil || !e.worthAnother(ctx, err, before) {
		return token, e.hints.explain(err)
	}
	token, err = e.exchange(ctx)
	return token, e.hints.explain(err)
}

// worthAnother reports whether a refused subject token should be signed anew: because the answer has shown this
// machine's clock to be wrong, or because the AWS credentials were not good and there are others.
func (e *Exchanger) worthAnother(ctx context.Context, err error, offset time.Duration) bool {
	var refused *Error
	if !errors.As(err, &refused) || refused.Stage != StageExchange || refused.StatusCode != http.StatusBadRequest || refused.Transient {
		return false
	}
	if (e.time.Offset() - offset).Abs() > time.Minute {
		return true
	}
	renewable, ok := e.subject.(interface{ renew(context.Context) bool })
	return ok && refused.Code == codeInvalidGrant && renewable.renew(ctx)
}

func (e *Exchanger) exchange(ctx context.Context) (*oauth2.Token, error) {
	subject, err := e.subject.SubjectToken(ctx)
	if err != nil {
		return nil, asError(StageSubjectToken, err)
	}
	done := startHop(ctx, StageExchange)
	token, err := e.post(ctx, subject)
	done(err)
	return token, err
}

func (e *Exchanger) post(ctx context.Context, subject SubjectToken) (*oauth2.Token, error) {
	form := url.Values{
		"grant_type":           {exchangeGrantType},
		"audience":             {e.audience},
		"scope":                {e.scope},
		"requested_token_type": {accessTokenType},
		"subject_token":        {subject.Value},
		"subject_token_type":   {subject.Type},
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {userAgent}}
	answer, err := call.Post(ctx, e.client, e.url, header, []byte(form.Encode()))
	if answer != nil {
		e.time.Learn(answer.Sent, answer.Header)
	}
	switch {
	case err != nil && answer != nil:
		return nil, brokenAnswer(StageExchange, answer, err)
	case err != nil:
		return nil, networkError(StageExchange, err)
	}
	if answer.Status != http.StatusOK {
		e := answerError(StageExchange, answer, subjectSecrets(subject)...)
		if code, _, ok := cutAWSAnswer(e.Description); ok && awsMayRecover(code) {
			e.Transient = true // Google reached AWS in a bad moment.
		}
		return nil, e
	}
	return parseExchange(answer)
}

// parseExchange reads a successful answer (RFC 8693 §2.2.1, and the reference of STS v1 for what Google adds to it).
func parseExchange(answer *call.Answer) (*oauth2.Token, error) {
	var body struct {
		AccessToken     string          `json:"access_token"`
		IssuedTokenType string          `json:"issued_token_type"`
		TokenType       string          `json:"token_type"`
		ExpiresIn       json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		return nil, invalidAnswer(StageExchange, answer, "is not the JSON of a token")
	}
	seconds, err := parseSeconds(body.ExpiresIn)
	switch {
	case body.AccessToken == "":
		return nil, invalidAnswer(StageExchange, answer, "has no access_token")
	case !strings.EqualFold(body.TokenType, "Bearer"):
		return nil, invalidAnswer(StageExchange, answer, "has a token_type other than Bearer")
	case body.IssuedTokenType != accessTokenType:
		return nil, invalidAnswer(StageExchange, answer, "has an issued_token_type other than "+accessTokenType)
	case err != nil:
		return nil, invalidAnswer(StageExchange, answer, "has no usable expires_in: "+err.Error())
	}
	return &oauth2.Token{
		AccessToken: body.AccessToken,
		TokenType:   "Bearer",
		// Counted from before the request: a token may end early here, never late. Without its monotonic reading the
		// time is judged by the wall clock, which goes on while a machine is suspended.
		Expiry: answer.Sent.Round(0).Add(time.Duration(seconds) * time.Second),
	}, nil
}

// parseSeconds reads expires_in, a number in RFC 6749 and a string at some servers.
func parseSeconds(raw json.RawMessage) (int64, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return 0, errors.New("it is missing")
	}
	seconds, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil {
		return 0, errors.New("it is no number")
	}
	if !(seconds >= 1 && seconds <= math.MaxInt32) {
		return 0, fmt.Errorf("%v seconds is not a lifetime", seconds)
	}
	return int64(seconds), nil
}

// subjectSecrets are the parts of a subject token that an answer must not bring into an error: the whole, and the
// values of its headers, of which the signature and the session token are secret.
func subjectSecrets(subject SubjectToken) []string {
	secrets := []string{subject.Value}
	text, err := url.QueryUnescape(subject.Value)
	if err != nil {
		return secrets
	}
	var request struct {
		Headers []struct{ Key, Value string }
	}
	if json.Unmarshal([]byte(text), &request) != nil {
		return secrets
	}
	var authorization, session string
	for _, h := range request.Headers {
		switch http.CanonicalHeaderKey(h.Key) {
		case "X-Amz-Security-Token":
			session = h.Value
		case "Authorization":
			authorization = h.Value
		}
	}
	return append(secrets, headerSecrets(authorization, session)...)
}

// headerSecrets are those of a request that is signed for AWS.
func headerSecrets(authorization, session string) []string {
	_, signature, _ := strings.Cut(authorization, "Signature=")
	return []string{authorization, signature, session}
}

// clockOf is the clock of the layer before, so that all of them learn from every answer; a new one for a source that
// has none.
func clockOf(source any) *clock.Clock {
	if c, ok := source.(interface{ clock() *clock.Clock }); ok {
		return c.clock()
	}
	return &clock.Clock{}
}

// clock is shared with the layers after.
func (e *Exchanger) clock() *clock.Clock { return e.time }
