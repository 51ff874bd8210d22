package awsfed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// A Stage is a step on the road from AWS credentials to a Google token: where an [Error] happened, or what a [Hop]
// spent its time on.
type Stage string

const (
	StageCredentials   Stage = "AWS credentials" // the AWS SDK looks for credentials
	StageRegion        Stage = "AWS region"      // and EC2 metadata is asked for a region, if need be
	StageSubjectToken  Stage = "subject token"   // GetCallerIdentity is signed
	StageExchange      Stage = "token exchange"  // Google's STS is asked for a federated token
	StageImpersonation Stage = "impersonation"   // IAM Credentials is asked for a service-account token
)

// What a program may want to branch on, with [errors.Is].
var (
	// ErrTransient matches an [*Error] that a retry can heal: the network, a limit, a fault of the service.
	ErrTransient = errors.New("transient failure")
	// ErrPermissionDenied matches an [*Error] by which Google says that this identity may not do that: the attribute
	// condition of the provider, or a missing role on the service account.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrMisconfigured matches an [*Error] that will not heal until somebody changes a configuration, here, at AWS or at
	// Google. A denied permission is one.
	ErrMisconfigured = errors.New("misconfigured")
	// ErrNoCredentials matches an [*Error] of a process that has no AWS credentials at all.
	ErrNoCredentials = errors.New("no AWS credentials")
)

// Codes and reasons that awsfed judges by.
const (
	codeInvalidGrant       = "invalid_grant"       // RFC 6749 §5.2
	codeUnauthorizedClient = "unauthorized_client" // the attribute condition said no
	codePermissionDenied   = "PERMISSION_DENIED"   // google.rpc.Code

	reasonServiceDisabled = "SERVICE_DISABLED" // google.api.ErrorReason

	// Codes of awsfed's own, for what no server said.
	codeNoCredentials     = "NoCredentials"
	codeCredentialProcess = "CredentialProcess"
	codeInvalidAnswer     = "InvalidAnswer"
	codeRedirect          = "Redirect"
	codePanic             = "Panic"     // of code that awsfed was given
	codeAbandoned         = "Abandoned" // a call that ignored the end of its ctx
)

// What an [Error] holds at most, in bytes.
const (
	maxWord        = 100
	maxDescription = 1000
	maxHint        = 4000
	maxMetadata    = 16 // entries
	maxKey         = 64
	maxValue       = 200
)

// Error is a failed step. Its fields are a contract; its text is for people and may change. No field holds a secret:
// what servers say is cleared of everything secret that was sent to them, and bodies are not kept. All fields and the
// text of the cause are bounded and free of control characters. Callers who waited for the same refresh share one Error,
// so it is to be read and not to be written.
type Error struct {
	// Stage is the step that failed.
	Stage Stage
	// StatusCode is the HTTP status of the answer; 0 when there was none.
	StatusCode int
	// Code is the service's own: the error of RFC 6749 §5.2 ("invalid_target") at Google's STS, the status of
	// google.rpc.Status ("PERMISSION_DENIED") at IAM Credentials, an AWS code ("ExpiredToken") at AWS. At most 100 bytes.
	Code string
	// Reason, Domain and Metadata are those of google.rpc.ErrorInfo (AIP-193), where the answer has one. At most 100 bytes
	// each, and of the metadata at most 16 entries, with keys of 64 bytes and values of 200.
	Reason   string
	Domain   string
	Metadata map[string]string
	// Description is what the service says, for people. At most 1,000 bytes.
	Description string
	// RequestID names the request to the service's support, where the service gives it a name. At most 100 bytes.
	RequestID string
	// RetryAfter is the pause that the service asks for; zero when it asks for none.
	RetryAfter time.Duration
	// Transient tells whether the same request can succeed later, with nothing changed.
	Transient bool
	// Hint says what the failure means and how to mend it, with commands to paste where there are any.
	Hint string
	// Err is the cause: a network error, a ctx that ended, an error of the AWS SDK. Nil when the answer says it all. It is
	// there for [errors.Is] and [errors.As], and prints a cleaned text of at most 1,000 bytes. What errors.As finds of
	// package net or of the AWS SDK is a copy where the original holds more than that.
	Err error

	reported bool // by a TokenSource, in an event and a log line
}

// Error is one line, and the hint below it: at most 8 KiB.
func (e *Error) Error() string {
	e = e.clone().cleaned()
	var b strings.Builder
	b.WriteString("awsfed: ")
	b.WriteString(e.summary())
	if e.Hint != "" {
		b.WriteString("\n  hint: ")
		b.WriteString(strings.ReplaceAll(e.Hint, "\n", "\n  "))
	}
	return b.String()
}

// summary is the line without its prefix and without the hint.
func (e *Error) summary() string {
	var b strings.Builder
	if e.Stage == "" {
		b.WriteString("no token")
	} else {
		b.WriteString(string(e.Stage))
	}
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.StatusCode)
	}
	cause := ""
	if e.Err != nil {
		cause = e.Err.Error()
	}
	for _, part := range []string{e.Code, e.Reason, e.Description} {
		if part != "" && !strings.Contains(cause, part) {
			b.WriteString(": ")
			b.WriteString(part)
		}
	}
	if cause != "" {
		b.WriteString(": ")
		b.WriteString(cause)
	}
	return b.String()
}

// Unwrap is the cause, so that [errors.Is] finds [context.Canceled] and the errors of package net.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether e is of the kind that target, one of this package's sentinel errors, stands for.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrTransient:
		return e.Transient
	case ErrPermissionDenied:
		return e.Code == codePermissionDenied && e.Reason != reasonServiceDisabled ||
			e.Code == codeUnauthorizedClient
	case ErrNoCredentials:
		return e.Code == codeNoCredentials
	case ErrMisconfigured:
		return !e.Transient && !errors.Is(e.Err, context.Canceled)
	}
	return false
}

// As gives the error as an [*oauth2.RetrieveError] where a server answered, since that is what Google's clients look
// for. Its Response has a status and no body, its Body is the text of this error, and its description ends in the hint,
// which they would lose otherwise.
func (e *Error) As(target any) bool {
	out, ok := target.(**oauth2.RetrieveError)
	if !ok || e.StatusCode == 0 {
		return false
	}
	e = e.clone().cleaned()
	description := e.Description
	if e.Hint != "" {
		description = strings.TrimSpace(description + "\nhint: " + e.Hint)
	}
	*out = &oauth2.RetrieveError{
		Response: statusResponse(e.StatusCode),
		// cloud.google.com/go/auth prints the body and nothing else of an error.
		Body:             []byte(e.Error()),
		ErrorCode:        e.Code,
		ErrorDescription: description,
	}
	return true
}

// LogValue is the error as attributes of a log record.
func (e *Error) LogValue() slog.Value {
	e = e.clone().cleaned()
	attrs := []slog.Attr{slog.String("stage", string(e.Stage)), slog.Bool("transient", e.Transient)}
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	}
	for _, a := range []slog.Attr{
		slog.String("code", e.Code), slog.String("reason", e.Reason), slog.String("description", e.Description),
		slog.String("request_id", e.RequestID), slog.String("hint", e.Hint),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if e.RetryAfter != 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// clone is for a change of one error that others may hold too.
func (e *Error) clone() *Error {
	c := *e
	c.Metadata = maps.Clone(e.Metadata)
	return &c
}

// cleaned makes e, which nobody else has yet, fit to be handed out: every [Error] that holds anything of a server or of
// foreign code goes through here once all that is secret in it is known. Text is cleared of the secrets before it is
// cut, so that no part of one is left.
func (e *Error) cleaned(secrets ...string) *Error {
	word := func(s string) string { return cleanText(s, maxWord, secrets) }
	e.Stage, e.Code, e.Reason = Stage(word(string(e.Stage))), word(e.Code), word(e.Reason)
	e.Domain, e.RequestID = word(e.Domain), word(e.RequestID)
	e.Description = cleanText(e.Description, maxDescription, secrets)
	e.Metadata = cleanMetadata(e.Metadata, secrets)
	e.Hint = cleanHint(e.Hint, secrets)
	e.Err = newCause(e.Err, secrets)
	return e
}

// cleanError cleans an [*Error] of the layer that sent the secrets; any other error it leaves alone.
func cleanError(err error, secrets ...string) error {
	if e, ok := err.(*Error); ok && e != nil {
		return e.clone().cleaned(secrets...)
	}
	return err
}

// cleanMetadata keeps the first entries in the order of their keys.
func cleanMetadata(metadata map[string]string, secrets []string) map[string]string {
	if metadata == nil {
		return nil
	}
	kept := make(map[string]string, min(len(metadata), maxMetadata))
	keys := slices.Sorted(maps.Keys(metadata))
	for _, key := range keys[:min(len(keys), maxMetadata)] {
		kept[cleanText(key, maxKey, secrets)] = cleanText(metadata[key], maxValue, secrets)
	}
	return kept
}

// cleanHint cleans each line of a hint.
func cleanHint(hint string, secrets []string) string {
	const most = 32 // lines
	if hint == "" {
		return ""
	}
	parts := strings.SplitN(hint, "\n", most+1)
	parts = parts[:min(len(parts), most)]
	left := maxHint
	for i, line := range parts {
		parts[i] = cleanText(line, left, secrets)
		left = max(left-len(parts[i])-1, 0)
	}
	return strings.TrimRight(strings.Join(parts, "\n"), "\n")
}

// networkError is the error of a request that got no answer. It is not cleaned yet.
func networkError(stage Stage, err error) *Error {
	return &Error{Stage: stage, Transient: transientNetwork(err), Err: err}
}

// transientNetwork judges an error of package net/http. Only what is certain not to pass is permanent: a caller that
// gave up, and a certificate that is not accepted.
func transientNetwork(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	return !errors.Is(err, context.Canceled) &&
		!errors.As(err, &certificate) && !errors.As(err, &authority) && !errors.As(err, &hostname)
}

// transientStatus judges an HTTP status: RFC 9110's time-outs, limits and faults of the server.
func transientStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// What a [FieldError] holds at most, in bytes.
const (
	maxFound = 200
	maxWant  = 500
)

// FieldError is one fault of a [Config] or of a credential file. Where there are several, the constructors join them
// with [errors.Join].
type FieldError struct {
	Field string // the name in Config, or the path in the file, "credential_source.url"
	Found string // what is there; "" when nothing is
	Want  string // what is expected there
}

// Error names the field, what was found and what was expected.
func (e *FieldError) Error() string {
	e = e.cleaned()
	if e.Found == "" {
		return fmt.Sprintf("awsfed: %s is missing: want %s", e.Field, e.Want)
	}
	return fmt.Sprintf("awsfed: %s is %q: want %s", e.Field, e.Found, e.Want)
}

// cleaned is a copy that is bounded. A line's end or a control character in what was found may be the fault itself, so
// it stays, and is quoted when it is printed.
func (e *FieldError) cleaned(secrets ...string) *FieldError {
	found := e.Found
	if len(found) > maxFound {
		found = strings.ToValidUTF8(found[:maxFound-len("…")], "") + "…"
	}
	if len(secrets) > 0 {
		found = cleanText(e.Found, maxFound, secrets)
	}
	return &FieldError{Field: cleanText(e.Field, maxFound, secrets), Found: found, Want: cleanText(e.Want, maxWant, secrets)}
}

// Is says that a fault of the configuration is [ErrMisconfigured].
func (e *FieldError) Is(target error) bool { return target == ErrMisconfigured }
