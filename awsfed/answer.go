package awsfed

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// maxDescription bounds what an error quotes of a server.
const maxDescription = 1000

// answerError is the error of an answer that is no success, in any of the forms in which Google's services put it:
// flat at STS (RFC 6749 §5.2), google.rpc.Status at IAM Credentials (AIP-193). Secrets that the answer repeats are
// cut out.
func answerError(stage Stage, answer *call.Answer, secrets ...string) *Error {
	e := &Error{
		Stage:      stage,
		StatusCode: answer.Status,
		RequestID:  requestID(answer.Header),
		RetryAfter: answer.RetryAfter(),
		Transient:  transientStatus(answer.Status),
	}
	if answer.Status/100 == 3 {
		e.Code, e.Description = codeRedirect, "redirects are not followed: a subject token or a bearer token would go with them"
		return e
	}
	var flat struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	var status struct {
		Error struct {
			Message string `json:"message"`
			Status  string `json:"status"`
			Details []struct {
				Type     string            `json:"@type"`
				Reason   string            `json:"reason"`
				Domain   string            `json:"domain"`
				Metadata map[string]string `json:"metadata"`
			} `json:"details"`
		} `json:"error"`
	}
	switch {
	case lenientUnmarshal(answer.Body, &flat) && flat.Error != "":
		e.Code, e.Description = flat.Error, flat.Description
	case lenientUnmarshal(answer.Body, &status) && status.Error.Status+status.Error.Message != "":
		e.Code, e.Description = status.Error.Status, status.Error.Message
		for _, detail := range status.Error.Details {
			if strings.HasSuffix(detail.Type, "/google.rpc.ErrorInfo") && e.Reason == "" {
				e.Reason, e.Domain, e.Metadata = detail.Reason, detail.Domain, detail.Metadata
			}
		}
	default:
		e.Description = "the answer is not one of Google's"
	}
	clean := func(s string) string { return redact(s, secrets) }
	e.Code, e.Description, e.Reason, e.Domain = clean(e.Code), clean(e.Description), clean(e.Reason), clean(e.Domain)
	for key, value := range e.Metadata {
		e.Metadata[key] = clean(value)
	}
	return e
}

// lenientUnmarshal takes what fits of a document whose details may be of any type.
func lenientUnmarshal(data []byte, v any) bool {
	var mismatch *json.UnmarshalTypeError
	err := json.Unmarshal(data, v)
	return err == nil || errors.As(err, &mismatch)
}

// invalidAnswer is the error of a success that cannot be used. A proxy in the way, a truncation or a fault of the
// service can cause it, and all of them may pass.
func invalidAnswer(stage Stage, answer *call.Answer, what string) *Error {
	return &Error{
		Stage: stage, StatusCode: answer.Status, Code: codeInvalidAnswer, RequestID: requestID(answer.Header),
		Description: fmt.Sprintf("the answer (%d bytes of %q) %s", len(answer.Body), mediaType(answer.Header), what),
		Transient:   true,
	}
}

// brokenAnswer is the error of an answer that could not be read to its end.
func brokenAnswer(stage Stage, answer *call.Answer, err error) *Error {
	e := invalidAnswer(stage, answer, "broke off")
	e.Transient, e.Err = transientNetwork(err), err
	return e
}

func mediaType(header http.Header) string {
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	return media
}

// requestID is the name of the request in the service's logs: AWS always gives one, Google some services.
func requestID(header http.Header) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Goog-Request-Id", "X-Cloud-Trace-Context"} {
		if id := header.Get(name); id != "" {
			return redact(id, nil)
		}
	}
	return ""
}

// redact makes text of a server fit for an error: without the secrets that it repeats, without control characters, and
// of bounded length.
func redact(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) < 8 {
			continue
		}
		// As it is, and as it stands in a subject token and in the form around that.
		for range 3 {
			s = strings.ReplaceAll(s, secret, "[redacted]")
			secret = url.QueryEscape(secret)
		}
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxDescription {
		s = strings.ToValidUTF8(s[:maxDescription-len("…")], "") + "…"
	}
	return s
}

// asError is err as an *Error: as it is where a layer of awsfed made it, else of the given stage. A foreign source's
// error counts as transient, for nothing is known of it.
func asError(stage Stage, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &Error{Stage: stage, Err: err, Transient: transientNetwork(err)}
}
