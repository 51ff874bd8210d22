package awsfed

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/oauth2"
)

// A Stage names a [Step]: where an [Error] happened. The values are fit for metric labels.
type Stage string

const (
	StageCredentials   Stage = "aws-credentials" // the AWS SDK looks for credentials
	StageRegion        Stage = "aws-region"      // EC2 metadata is asked for a region, if need be
	StageSubjectToken  Stage = "subject-token"   // GetCallerIdentity is signed, or another token is had: see Subject
	StageExchange      Stage = "token-exchange"  // Google's STS is asked for a federated token
	StageImpersonation Stage = "impersonation"   // IAM Credentials is asked for a service-account token
	StageIDToken       Stage = "id-token"        // IAM Credentials is asked for an ID token
	StageSigning       Stage = "signing"         // IAM Credentials is asked for a signature
	StageDelegation    Stage = "delegation"      // Google's OAuth 2.0 server is asked for a user's token

	// The stages of a [Report] alone.
	StageConfiguration Stage = "configuration"
	StageIdentity      Stage = "aws-identity"      // AWS STS is asked who the caller is
	StageMapping       Stage = "attribute-mapping" // what the provider makes of the identity
	StageNetwork       Stage = "network"           // names, addresses and proxies
	StageClock         Stage = "clock"             // this machine's against those of the servers
)

// What a program may want to branch on, with [errors.Is].
var (
	// ErrTransient matches an [*Error] that a retry can heal: the network, a limit, a fault of the
	// service.
	ErrTransient = errors.New("transient failure")
	// ErrPermissionDenied matches an [*Error] by which Google says that this identity may not do
	// that: the attribute condition of the provider, or a missing role on the service account.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrMisconfigured matches an [*Error] that lasts until somebody changes a configuration, here,
	// at AWS or at Google: a service refused the request for good (HTTP 4xx), or the configuration
	// has a fault that is known. A denied permission is one. It does not match what is merely not
	// transient.
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
	reasonTokenType       = "ACCESS_TOKEN_TYPE_UNSUPPORTED"

	// Codes of awsfed's own, for what no server said.
	codeNoCredentials     = "NoCredentials"
	codeCredentialProcess = "CredentialProcess"
	codeSSO               = "SSOSession" // there is none, or it has ended
	codeProfile           = "Profile"    // is not in the shared files
	codeTokenFile         = "TokenFile"  // cannot be read
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
	maxLine        = 300 // of Error, and of it for the hint:
	maxHintInLine  = 140
	maxMetadata    = 16 // entries
	maxKey         = 64
	maxValue       = 200
)

// Error is a failed step. Its fields are a contract; its text is for people and may change. No
// field holds a secret: what servers say is cleared of everything secret that was sent to them, and
// bodies are not kept. All fields and the text of the cause are bounded and free of control
// characters. Callers who waited for the same refresh share one Error, so it is to be read and not
// to be written.
type Error struct {
	// Stage is the step that failed.
	Stage Stage
	// StatusCode is the HTTP status of the answer; 0 when there was none.
	StatusCode int
	// Code is the service's own: the error of RFC 6749 §5.2 ("invalid_target") at Google's STS, the
	// status of google.rpc.Status ("PERMISSION_DENIED") at IAM Credentials, an AWS code
	// ("ExpiredToken") at AWS. At most 100 bytes.
	Code string
	// Reason, Domain and Metadata are those of google.rpc.ErrorInfo (AIP-193), where the answer has
	// one. At most 100 bytes each, and of the metadata at most 16 entries, with keys of 64 bytes
	// and values of 200.
	Reason   string
	Domain   string
	Metadata map[string]string
	// Description is what the service says, for people. At most 1,000 bytes.
	Description string
	// RequestID names the request to the service's support, where the service gives it a name. At
	// most 100 bytes.
	RequestID string
	// RetryAfter is the pause that the service asks for; zero when it asks for none.
	RetryAfter time.Duration
	// Transient tells whether the same request can succeed later, with nothing changed.
	Transient bool
	// Hint says what the failure means and what to do about it, with commands to paste where there
	// are any.
	Hint string
	// Err is the cause: a network error, a ctx that ended, an error of the AWS SDK. Nil when the
	// answer says it all. It is there for [errors.Is] and [errors.As], and prints a cleaned text of
	// at most 1,000 bytes. What errors.As finds of package net or of the AWS SDK is a copy where
	// the original holds more than that.
	Err error

	reported bool                   // by a TokenSource, in an event and a log line
	sources  []aws.CredentialSource // that the AWS SDK's chain took; nil for others
	ownToken bool                   // the request had the service account's own token
}

// Error is one line of at most 300 bytes: stage, status, code, description and cause, and the first
// sentence of the hint. The whole of them is in the fields, in LogValue and in what %+v prints.
func (e *Error) Error() string {
	e = e.clone().cleaned()
	hint := firstSentence(e.Hint)
	if hint != "" {
		hint = "; hint: " + cut(hint, maxHintInLine)
	}
	return cut("awsfed: "+e.summary(), maxLine-len(hint)) + hint
}

// detail is the line without a bound, and the hint below it: at most 8 KiB.
func (e *Error) detail() string {
	e = e.clone().cleaned()
	var b strings.Builder
	b.WriteString("awsfed: " + e.summary() + "\n")
	writeHint(&b, e.Hint, "  hint: ", "  ", "  ")
	return strings.TrimSuffix(b.String(), "\n")
}

// Format prints the line of Error, and for %+v all that is known: the whole hint, in lines of at
// most 80 columns, and each of its commands on a line of its own, to be pasted as it is.
func (e *Error) Format(state fmt.State, verb rune) {
	if e != nil && verb == 'v' && state.Flag('+') {
		_, _ = io.WriteString(state, e.detail())
		return
	}
	text := "<nil>"
	if e != nil {
		text = e.Error()
	}
	formatAs(state, verb, text)
}

// firstSentence is a hint up to its first full stop, or else its first line.
func firstSentence(hint string) string {
	line, _, _ := strings.Cut(hint, "\n")
	sentence, _, _ := strings.Cut(line, ". ")
	return strings.TrimRight(sentence, ":. ")
}

// cut is s in at most limit bytes.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
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

// Is reports whether e is of the kind that target, one of this package's sentinel errors, stands
// for.
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
		return !e.Transient && e.refusedForGood()
	}
	return false
}

// refusedForGood reports whether the same request is known to fail until a configuration changes.
func (e *Error) refusedForGood() bool {
	switch e.Code {
	case codeNoCredentials, codeCredentialProcess, codeSSO, codeProfile, codeTokenFile, codeRedirect:
		return true
	}
	var field *FieldError
	return e.StatusCode/100 == 4 || errors.As(e.Err, &field) || certificateRefused(e.Err)
}

// As gives the error as an [*oauth2.RetrieveError] where a server answered, since that is what
// Google's clients look for. Its Response has a status and no body, its Body is the text of this
// error, and its description ends in the hint, which they would lose otherwise.
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
		Body:             []byte(e.detail()),
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
