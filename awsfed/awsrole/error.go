package awsrole

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// The stages of this package's errors.
const (
	StageIDToken    awsfed.Stage = "google-id-token" // the source is asked for an ID token
	StageAssumeRole awsfed.Stage = "assume-role"     // AWS STS is asked for credentials
)

// Codes of AWS STS.
const (
	codeAccessDenied = "AccessDenied"
	codeExpiredToken = "ExpiredTokenException"
	codeInvalidToken = "InvalidIdentityToken"
	codeIssuerSilent = "IDPCommunicationError"
	codeValidation   = "ValidationError"
)

const (
	googleIssuer = "https://accounts.google.com"

	maxWord        = 100 // bytes, as in awsfed.Error; so is the next
	maxDescription = 1000
	maxClaim       = 300
	maxSearched    = 4 << 10 // of a text, for the token
)

var (
	errNoCredentials = errors.New("the answer holds no credentials")
	errUnreadable    = errors.New("the answer cannot be read")
)

// sourceError is the error of the source of ID tokens. One of awsfed's says all there is to say.
func sourceError(err error) error {
	var own *awsfed.Error
	if errors.As(err, &own) {
		return fmt.Errorf("awsrole: getting an ID token: %w", err)
	}
	return &awsfed.Error{Stage: StageIDToken, Transient: transient(err), Err: err}
}

// assumeError is the error of AWS STS, cleared of the token, which AWS repeats if it does not like
// its form.
func (p *provider) assumeError(err error, token idToken) error {
	value := token.value.Reveal()
	e := &awsfed.Error{Stage: StageAssumeRole, Transient: transient(err)}
	var response *sdkhttp.ResponseError
	if errors.As(err, &response) {
		e.StatusCode, e.RequestID = response.HTTPStatusCode(), clean(response.ServiceRequestID(), maxWord, value)
	}
	var (
		refused    smithy.APIError
		unreadable *smithy.DeserializationError
	)
	switch {
	case errors.Is(err, call.ErrTooLarge):
		e.Err = call.ErrTooLarge
	case errors.As(err, &unreadable): // It quotes the answer, where the keys are.
		e.Err = errUnreadable
	case errors.As(err, &refused):
		e.Code, e.Description = clean(refused.ErrorCode(), maxWord, value), clean(refused.ErrorMessage(), maxDescription, value)
		e.Transient = e.StatusCode >= http.StatusInternalServerError || e.StatusCode == http.StatusTooManyRequests || passes(e.Code)
		e.Hint = p.hint(e, token)
		e.Err = &smithy.GenericAPIError{Code: e.Code, Message: e.Description, Fault: refused.ErrorFault()}
	default:
		e.Err = cleaned(err, value)
	}
	return e
}

// passes reports whether AWS gives that error to requests that succeed later, unchanged.
func passes(code string) bool {
	return code == codeIssuerSilent || strings.Contains(code, "Throttl") || code == "RequestLimitExceeded"
}

// transient judges an error that no server gave. Only what is certain not to pass is permanent.
func transient(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		redirect    *awshttp.RedirectError
	)
	return !errors.Is(err, context.Canceled) && !errors.As(err, &certificate) && !errors.As(err, &redirect)
}

// hint says what the refusal means, by what the token says of itself.
func (p *provider) hint(e *awsfed.Error, token idToken) string {
	switch {
	case (e.Code == codeAccessDenied || e.Code == codeInvalidToken) && token.issuer != googleIssuer:
		return fmt.Sprintf("the issuer of the token is %s, and the ID tokens that AWS knows by itself are those of %s", quoted(token.issuer), googleIssuer)
	case e.Code == codeAccessDenied:
		conditions := []string{"accounts.google.com:sub = " + quoted(token.subject)}
		if token.authorized != "" {
			conditions = append(conditions, "accounts.google.com:aud = "+quoted(token.authorized), "accounts.google.com:oaud = "+quoted(token.audience))
		} else {
			conditions = append(conditions, "accounts.google.com:aud = "+quoted(token.audience))
		}
		return fmt.Sprintf("the trust policy of %s does not let this token in, or there is no such role. "+
			"The policy has to allow sts:AssumeRoleWithWebIdentity to the principal {\"Federated\": \"accounts.google.com\"}, "+
			"and every condition in it has to match the token, which is good for %s", p.options.RoleARN, strings.Join(conditions, ", "))
	case e.Code == codeExpiredToken && !token.expires.IsZero():
		return "the ID token ended at " + token.expires.UTC().Format(time.RFC3339) + ", so its source gives tokens out for too long"
	case e.Code == codeValidation && strings.Contains(e.Description, "MaxSessionDuration"):
		return "the Duration of awsrole.Options is more than the maximum session duration of the role: lower it, or raise that"
	}
	return ""
}

// quoted is a claim, of which only its form is known.
func quoted(claim string) string { return fmt.Sprintf("%q", untrusted.Text(claim, maxClaim)) }

// cleaned is err itself if its text has nothing of the token, and else a text.
func cleaned(err error, token string) error {
	text := err.Error()
	if len(text) <= maxSearched && text == redact(text, token) {
		return err
	}
	return errors.New(clean(text, maxDescription, token))
}

func clean(text string, limit int, token string) string {
	return untrusted.Text(redact(untrusted.Text(text, maxSearched), token), limit)
}

// redact replaces the token in text, and all parts of it that are long. Its letters are the same
// in a URL, in XML and in JSON.
func redact(text, token string) string {
	const least = 24 // bytes of a part: a shorter one may be in innocent text
	if len(token) < least {
		return strings.ReplaceAll(text, token, "[redacted]")
	}
	var b strings.Builder
	for len(text) >= least {
		if !strings.Contains(token, text[:least]) {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		end := least
		for end < len(text) && strings.Contains(token, text[:end+1]) {
			end++
		}
		b.WriteString("[redacted]")
		text = text[end:]
	}
	b.WriteString(text)
	return b.String()
}
