package awsfed

import (
	"fmt"
	"log/slog"

	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

// A SubjectToken is what proves an identity to Google's STS (RFC 8693 §2.1). It prints and encodes
// as its type alone, and gob refuses it, since its value is a secret. By == a token equals its
// copies; tokens that were made apart differ even if their values are the same. The zero value is
// no token.
type SubjectToken struct {
	value *secret.Box[string] // a pointer, so that tokens can be compared; nil in the zero value
	typ   string
}

// NewSubjectToken makes a subject token for a [SubjectTokenSource] of a program's own. The value is
// what stands in the parameter subject_token, and the type is a URN, such as [AWSSubjectTokenType].
func NewSubjectToken(value, typ string) SubjectToken {
	box := secret.New(value)
	return SubjectToken{value: &box, typ: typ}
}

// Value is the secret itself.
func (t SubjectToken) Value() string {
	if t.value == nil {
		return ""
	}
	return t.value.Reveal()
}

// Type is the URN.
func (t SubjectToken) Type() string { return t.typ }

// String is the type of the token and never its value.
func (t SubjectToken) String() string { return "awsfed.SubjectToken(" + t.typ + ")" }

// Format prints String for every verb.
func (t SubjectToken) Format(state fmt.State, verb rune) { formatAs(state, verb, t.String()) }

// LogValue is String, for package slog.
func (t SubjectToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText is String, for JSON, XML and other encoders.
func (t SubjectToken) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
