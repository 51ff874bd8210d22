package awsfed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
	"github.com/awsfed/awsfed-go/internal/strictjson"
)

// answerError is the error of an answer that is no success, in any of the forms in which Google's
// services put it: flat at STS (RFC 6749 §5.2), google.rpc.Status at IAM Credentials (AIP-193).
// Secrets that the answer repeats are cut out.
func answerError(stage Stage, answer *call.Answer, secrets ...string) *Error {
	e := &Error{
		Stage:      stage,
		StatusCode: answer.Status,
		RequestID:  answer.RequestID,
		RetryAfter: answer.Pause(),
		Transient:  transientStatus(answer.Status),
	}
	if answer.Status/100 == 3 {
		e.Code, e.Description = codeRedirect, "redirects are not followed: a subject token or a bearer token would go with them"
		return e.cleaned(secrets...)
	}
	if !e.read(answer.Body) {
		e.Description = "the answer is not one of Google's"
	}
	return e.cleaned(secrets...)
}

// read takes what fits of an error's body, whose details may be of any type. It reports false for
// one that no service of Google sent.
func (e *Error) read(body []byte) bool {
	flat, err := strictjson.Fields(body)
	if err != nil {
		return false
	}
	if code := fitting(flat.Get("error")); code != "" {
		e.Code, e.Description = code, fitting(flat.Get("error_description"))
		return true
	}
	status, err := strictjson.Fields(flat.Get("error"))
	if err != nil {
		return false
	}
	e.Code, e.Description = fitting(status.Get("status")), fitting(status.Get("message"))
	if e.Code+e.Description == "" {
		return false
	}
	var details []json.RawMessage
	if json.Unmarshal(status.Get("details"), &details) != nil {
		return true
	}
	for _, raw := range details {
		detail, err := strictjson.Fields(raw)
		if err != nil || !strings.HasSuffix(fitting(detail.Get("@type")), "/google.rpc.ErrorInfo") {
			continue
		}
		e.Reason, e.Domain, e.Metadata = fitting(detail.Get("reason")), fitting(detail.Get("domain")), nil
		if metadata, err := strictjson.Fields(detail.Get("metadata")); err == nil {
			for key, value := range metadata.All() {
				if e.Metadata == nil {
					e.Metadata = make(map[string]string)
				}
				e.Metadata[key] = fitting(value)
			}
		}
		if e.Reason != "" {
			break
		}
	}
	return true
}

// fitting is the JSON string raw; empty for what is none.
func fitting(raw json.RawMessage) string {
	s, _ := strictjson.String(raw)
	return s
}

// tokenFields reads a success by the exact names of its fields. Where one occurs twice, a proxy
// that reads the other would judge another token.
func tokenFields(stage Stage, answer *call.Answer) (strictjson.Object, error) {
	fields, err := strictjson.Fields(answer.Body)
	if err == nil {
		return fields, nil
	}
	if twice := new(strictjson.DuplicateKeyError); errors.As(err, &twice) {
		// Its name is not quoted: it may repeat a secret that the request held.
		return fields, invalidAnswer(stage, answer, "has a key twice")
	}
	return fields, invalidAnswer(stage, answer, "is not the JSON of a token: "+err.Error())
}

// tokenField is the string of that name in a success.
func tokenField(stage Stage, answer *call.Answer, fields strictjson.Object, name string) (string, error) {
	s, err := strictjson.String(fields.Get(name))
	if err != nil {
		return "", invalidAnswer(stage, answer, "is not the JSON of a token: its "+name+" is not a string")
	}
	return s, nil
}

// invalidAnswer is the error of a success that cannot be used. A proxy in the way, a truncation or
// a fault of the service can cause it, and all of them may pass. It is not cleaned yet.
func invalidAnswer(stage Stage, answer *call.Answer, what string) *Error {
	return &Error{
		Stage: stage, StatusCode: answer.Status, Code: codeInvalidAnswer, RequestID: answer.RequestID,
		Description: fmt.Sprintf("the answer (%d bytes of %q) %s", len(answer.Body), answer.MediaType, what),
		Transient:   true,
	}
}

// brokenAnswer is the error of an answer that could not be read to its end. It is not cleaned yet.
func brokenAnswer(stage Stage, answer *call.Answer, err error) *Error {
	e := invalidAnswer(stage, answer, "broke off")
	e.Transient, e.Err = transientNetwork(err), err
	return e
}

// asError is err as an *Error, cleaned: the one that a layer of awsfed made, else one of the given
// stage. A foreign source's error counts as transient, for nothing is known of it.
func asError(stage Stage, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e.as(err)
	}
	return (&Error{Stage: stage, Err: err, Transient: transientNetwork(err)}).cleaned()
}

// as is a cleaned copy of e, which was found in err. What else is in err stays there for errors.Is
// and errors.As.
func (e *Error) as(err error) *Error {
	own := e.clone().cleaned()
	if err == error(e) {
		return own
	}
	text := ""
	if own.Err != nil {
		text = own.Err.Error()
	}
	own.Err = &cause{text, secret.New(origin{err: err})}
	return own
}
