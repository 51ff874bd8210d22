package awsfed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
	"github.com/awsfed/awsfed-go/internal/strictjson"
)

const (
	exchangeGrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessTokenType   = "urn:ietf:params:oauth:token-type:access_token"
	userAgent         = "awsfed-go/" + version
)

// A SubjectTokenSource makes the proof of identity that an [Exchanger] takes to Google: a
// [*SubjectTokenBuilder], or something else that the provider accepts.
type SubjectTokenSource interface {
	SubjectToken(ctx context.Context) (SubjectToken, error)
}

// An Exchanger gets a federated token for a subject token from Google's Security Token Service (RFC
// 8693). It keeps nothing and makes one request a call, or two when the first was refused for a
// wrong clock or for AWS credentials that have gone bad; put it into [NewCachedTokenSource] for
// more. It is safe for concurrent use.
type Exchanger struct {
	hidden secret.Box[*exchanger] // a source of subject tokens is within reach of it
}

type exchanger struct {
	subject  SubjectTokenSource
	client   *call.Client
	url      string
	audience string
	scope    string
	options  string // JSON; "" for none
	timeout  time.Duration

	authorization string   // of the client; "" without one
	clientSecrets []string // the parts of it that an error must not have
	hints         *hints
	time          *clock.Clock
}

// NewExchanger needs Audience of cfg, and heeds TokenURL, UniverseDomain, ClientID, ClientSecret,
// UserProject, HTTPClient, Timeout and Scopes. A federated token that is to feed an [Impersonator]
// has to have [CloudPlatformScope], the default.
func NewExchanger(cfg Config, subject SubjectTokenSource) (*Exchanger, error) {
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	if subject == nil {
		return nil, &FieldError{Field: "the source of subject tokens", Want: "a SubjectTokenBuilder, for example"}
	}
	return newExchanger(s, subject, s.Scopes, &clock.Clock{}), nil
}

func newExchanger(s *settings, subject SubjectTokenSource, scopes []string, time *clock.Clock) *Exchanger {
	e := &exchanger{
		subject:  subject,
		client:   s.client,
		url:      s.TokenURL,
		audience: s.Audience,
		scope:    strings.Join(scopes, " "),
		options:  exchangeOptions(s.UserProject),
		timeout:  s.Timeout,
		hints:    s.hints,
		time:     time,
	}
	if s.ClientID != "" {
		e.authorization, e.clientSecrets = basicAuthorization(s.ClientID, s.ClientSecret)
	}
	return &Exchanger{secret.New(e)}
}

// TokenContext exchanges a new subject token, in no more than the Timeout of the configuration. Its
// errors are of type [*Error].
func (e *Exchanger) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	inner := e.hidden.Reveal()
	if inner == nil {
		return nil, errNotMade
	}
	return layer(ctx, inner.timeout, StageExchange, inner.token)
}

// Format prints the audience for every verb, and nothing else.
func (e Exchanger) Format(state fmt.State, verb rune) {
	text := ""
	if inner := e.hidden.Reveal(); inner != nil {
		text = inner.audience
	}
	formatAs(state, verb, "awsfed.Exchanger("+text+")")
}

func (e *exchanger) token(ctx context.Context) (*oauth2.Token, error) {
	a := AttemptOf(ctx)
	a.useClock(e.time)
	offset := e.time.Offset()
	subject, err := e.subject.SubjectToken(ctx)
	if err != nil {
		return nil, e.hints.explain(asError(StageSubjectToken, err))
	}
	token, err := e.exchange(ctx, subject)
	if err == nil {
		return token, nil
	}
	refused := refusal(err)
	if refused == nil {
		return token, e.hints.explain(err)
	}
	// A refused subject token is signed anew if the answer has shown this machine's clock to be
	// wrong, or if the AWS credentials were not good and there are others.
	clockWasWrong := (e.time.Offset() - offset).Abs() > time.Minute
	if !clockWasWrong {
		if refused.Code != codeInvalidGrant {
			return nil, e.hints.explain(err)
		}
		a.refuse(subject.Value())
	}
	another, anotherErr := e.subject.SubjectToken(ctx)
	renewed := a.accepted()
	if anotherErr != nil || !clockWasWrong && !renewed {
		return nil, e.hints.explain(err)
	}
	token, err = e.exchange(ctx, another)
	return token, e.hints.explain(err)
}

// refusal is the error by which Google's STS refuses a subject token, nil for any other.
func refusal(err error) *Error {
	var refused *Error
	if errors.As(err, &refused) && refused.StatusCode == http.StatusBadRequest && !refused.Transient {
		return refused
	}
	return nil
}

func (e *exchanger) exchange(ctx context.Context, subject SubjectToken) (*oauth2.Token, error) {
	step := AttemptOf(ctx).begin(StageExchange)
	token, err := e.post(ctx, subject)
	if err != nil {
		err = cleanError(err, append(subjectSecrets(subject), e.clientSecrets...)...)
	}
	step.end(err)
	return token, err
}

func (e *exchanger) post(ctx context.Context, subject SubjectToken) (*oauth2.Token, error) {
	header := headerOf("Content-Type", "application/x-www-form-urlencoded", "User-Agent", userAgent)
	if e.authorization != "" {
		header["Authorization"] = []string{e.authorization}
	}
	answer, err := e.client.Post(ctx, e.url, header, e.form(subject))
	if answer != nil {
		e.time.Learn(answer.Sent, answer.Date)
	}
	switch {
	case err != nil && answer != nil:
		return nil, brokenAnswer(StageExchange, answer, err)
	case err != nil:
		return nil, networkError(StageExchange, err)
	}
	if answer.Status != http.StatusOK {
		e := answerError(StageExchange, answer, append(subjectSecrets(subject), e.clientSecrets...)...)
		if code, _, ok := cutAWSAnswer(e.Description); ok && awsMayRecover(code) {
			e.Transient = true // Google reached AWS in a bad moment.
		}
		return nil, e
	}
	return parseExchange(answer)
}

// form is the request, in the order of Google's own libraries, which is that of the alphabet.
func (e *exchanger) form(subject SubjectToken) string {
	fields := make([]formField, 0, 7)
	fields = append(fields, formField{"audience", e.audience}, formField{"grant_type", exchangeGrantType})
	if e.options != "" {
		fields = append(fields, formField{"options", e.options})
	}
	return encodeForm(append(fields,
		formField{"requested_token_type", accessTokenType},
		formField{"scope", e.scope},
		formField{"subject_token", subject.Value()},
		formField{"subject_token_type", subject.Type()},
	)...)
}

// parseExchange reads a successful answer (RFC 8693 §2.2.1, and the reference of STS v1 for what
// Google adds to it).
func parseExchange(answer *call.Answer) (*oauth2.Token, error) {
	fields, err := tokenFields(StageExchange, answer)
	if err != nil {
		return nil, err
	}
	issuedType, err := tokenField(StageExchange, answer, fields, "issued_token_type")
	if err != nil {
		return nil, err
	}
	token, err := parseBearer(StageExchange, answer, fields)
	if err == nil && issuedType != accessTokenType {
		return nil, invalidAnswer(StageExchange, answer, "has an issued_token_type other than "+accessTokenType)
	}
	return token, err
}

// parseBearer reads what every OAuth 2.0 token endpoint answers (RFC 6749 §5.1).
func parseBearer(stage Stage, answer *call.Answer, fields strictjson.Object) (*oauth2.Token, error) {
	accessToken, err := tokenField(stage, answer, fields, "access_token")
	if err != nil {
		return nil, err
	}
	tokenType, err := tokenField(stage, answer, fields, "token_type")
	if err != nil {
		return nil, err
	}
	life, err := parseLifetime(fields.Get("expires_in"))
	switch {
	case accessToken == "":
		return nil, invalidAnswer(stage, answer, "has no access_token")
	case tokenFault(accessToken) != "":
		return nil, invalidAnswer(stage, answer, "has an access_token that "+tokenFault(accessToken))
	case !strings.EqualFold(tokenType, "Bearer"):
		return nil, invalidAnswer(stage, answer, "has a token_type other than Bearer")
	case err != nil:
		return nil, invalidAnswer(stage, answer, "has no usable expires_in: "+err.Error())
	}
	return &oauth2.Token{
		AccessToken: accessToken,
		TokenType:   "Bearer",
		// Counted from before the request: a token may end early here, never late. Without its
		// monotonic reading the time is judged by the wall clock, which goes on while a machine is
		// suspended.
		Expiry: answer.Sent.Round(0).Add(life),
	}, nil
}

// parseLifetime reads expires_in: whole seconds, a number in RFC 6749 and a string at some servers.
// No other form counts, since readers differ in what it means. More than Google ever gives is cut
// to what it can give (12 hours).
func parseLifetime(raw json.RawMessage) (time.Duration, error) {
	digits := string(raw)
	if strings.HasPrefix(digits, `"`) {
		digits = fitting(raw)
	}
	switch {
	case len(raw) == 0 || digits == "null":
		return 0, errors.New("it is missing")
	case digits == "" || strings.Trim(digits, "0123456789") != "":
		return 0, errors.New("it is not a whole number of seconds")
	}
	seconds, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || seconds == 0 {
		return 0, errors.New("it is not a lifetime")
	}
	return min(time.Duration(seconds)*time.Second, maxLifetime), nil
}
