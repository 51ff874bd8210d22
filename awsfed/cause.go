package awsfed

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

const (
	maxCause      = 1000
	unprintable   = "an error whose text cannot be had: its Error method panicked"
	maxCauseDepth = 8
)

// A cause stands in an [Error] for an error that awsfed did not make. It prints a cleaned text, and
// no more under any verb. [errors.Is] finds what it would find in the original, and so does
// [errors.As]; but of the types of net, of the AWS SDK and the like it gives a copy that is cleaned
// as well.
type cause struct {
	text   string
	hidden secret.Box[origin]
}

// An origin is what a cause must not print.
type origin struct {
	err     error
	secrets []string
}

// networkCause is a cause with a net.Error in its chain, which it stands for.
type networkCause struct {
	*cause
	timeout, temporary bool
}

func (c *networkCause) Timeout() bool   { return c.timeout }
func (c *networkCause) Temporary() bool { return c.temporary }

// newCause is err as the cause of an [Error]. The methods of err may be anybody's code; a panic in
// one of them is as if there were no such method.
func newCause(err error, secrets []string) error {
	switch own := err.(type) {
	case nil:
		return nil
	case *FieldError:
		if own != nil {
			return own.cleaned(secrets...)
		}
	case *cause:
		if own != nil && len(secrets) == 0 {
			return own
		}
	case *networkCause:
		if own != nil && len(secrets) == 0 {
			return own
		}
	}
	if isEnd(err) {
		return err
	}
	c := &cause{cleanText(textOf(err), maxCause, secrets), secret.New(origin{err, secrets})}
	var network net.Error
	if !survives(func() bool { return errors.As(err, &network) }) {
		return c
	}
	n := &networkCause{cause: c}
	n.timeout = survives(network.Timeout)
	if temporary, ok := network.(interface{ Temporary() bool }); ok {
		n.temporary = survives(temporary.Temporary)
	}
	return n
}

// isEnd reports whether err is the end of a ctx, which needs no cover.
func isEnd(err error) bool {
	return survives(func() bool { return err == context.Canceled || err == context.DeadlineExceeded })
}

// textOf is the text of an error, whatever its method does.
func textOf(err error) string {
	text := unprintable
	survives(func() bool { text = err.Error(); return true })
	return text
}

// survives is the answer of a method that may be anybody's code; false if it panics.
func survives(ask func() bool) (answer bool) {
	defer func() {
		if recover() != nil {
			answer = false
		}
	}()
	return ask()
}

func (c *cause) Error() string { return c.text }

// Format prints the text for every verb.
func (c *cause) Format(state fmt.State, verb rune) { formatAs(state, verb, c.text) }

// LogValue is the text, for package slog.
func (c *cause) LogValue() slog.Value { return slog.StringValue(c.text) }

// MarshalText makes the cause a string in JSON.
func (c *cause) MarshalText() ([]byte, error) { return []byte(c.text), nil }

// Is reports what [errors.Is] finds in the original.
func (c *cause) Is(target error) bool {
	original := c.hidden.Reveal().err
	return survives(func() bool { return errors.Is(original, target) })
}

// As finds in the original what [errors.As] would.
func (c *cause) As(target any) bool {
	o := c.hidden.Reveal()
	return survives(func() bool {
		if api, ok := target.(*smithy.APIError); ok {
			return o.api(api)
		}
		to := reflect.ValueOf(target).Elem()
		found := reflect.New(to.Type())
		if !errors.As(o.err, found.Interface()) {
			return false
		}
		to.Set(o.cleaned(found.Elem(), 0))
		return true
	})
}

// api gives what an AWS service said. Its own types hold the text of the service in fields of their
// own.
func (o origin) api(target *smithy.APIError) bool {
	var found smithy.APIError
	if !errors.As(o.err, &found) {
		return false
	}
	*target = &smithy.GenericAPIError{
		Code:    cleanText(found.ErrorCode(), maxWord, o.secrets),
		Message: cleanText(found.ErrorMessage(), maxDescription, o.secrets),
		Fault:   found.ErrorFault(),
	}
	return true
}

// cleaned is v, or a copy of it that holds no text of a server as it came. Errors of types that
// awsfed does not know stay what they are: whoever asks for one of them knows it.
func (o origin) cleaned(v reflect.Value, depth int) reflect.Value {
	value := v
	if value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	switch known := value.Interface().(type) {
	case *Error:
		return reflect.ValueOf(known.clone().cleaned(o.secrets...))
	case *FieldError:
		return reflect.ValueOf(known.cleaned(o.secrets...))
	case *oauth2.RetrieveError, *http.Response:
		return o.copied(value, depth)
	case error:
		text := known.Error()
		dirty := o.text(text) != text
		if _, quotes := known.(x509.UnknownAuthorityError); quotes && dirty {
			return reflect.ValueOf(x509.UnknownAuthorityError{}) // it quotes a name in an unexported field
		}
		if dirty && ofStandardLibrary(value.Type()) || ofAWS(value.Type()) {
			return o.copied(value, depth)
		}
	}
	return v
}

func (o origin) text(s string) string { return cleanText(s, maxCause, o.secrets) }

// ofStandardLibrary and ofAWS tell whose type, or type of a pointer, it is.
func ofStandardLibrary(t reflect.Type) bool {
	first, _, _ := strings.Cut(packageOf(t), "/")
	return first != "" && !strings.Contains(first, ".")
}

func ofAWS(t reflect.Type) bool { return strings.HasPrefix(packageOf(t), "github.com/aws/") }

func packageOf(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath()
}

// copied is a copy of an error of a known library with its exported fields cleaned: texts, causes,
// answers.
func (o origin) copied(value reflect.Value, depth int) reflect.Value {
	if response, ok := value.Interface().(*http.Response); ok {
		return reflect.ValueOf(bareResponse(response))
	}
	isPointer := value.Kind() == reflect.Pointer
	inner := value
	if isPointer {
		inner = value.Elem()
	}
	if depth > maxCauseDepth || inner.Kind() != reflect.Struct {
		return value
	}
	pointer := reflect.New(inner.Type())
	pointer.Elem().Set(inner)
	for i := range inner.NumField() {
		if inner.Type().Field(i).IsExported() {
			o.cleanField(pointer.Elem().Field(i), depth)
		}
	}
	if isPointer {
		return pointer
	}
	return pointer.Elem()
}

func (o origin) cleanField(field reflect.Value, depth int) {
	switch known := field.Interface().(type) {
	case string:
		field.SetString(o.text(known))
	case *string:
		if known != nil {
			text := o.text(*known)
			field.Set(reflect.ValueOf(&text))
		}
	case []byte:
		if known != nil {
			field.SetBytes([]byte(o.text(string(known))))
		}
	case *http.Response:
		field.Set(reflect.ValueOf(bareResponse(known)))
	case *x509.Certificate:
		field.Set(reflect.ValueOf(&x509.Certificate{}))
	case error:
		if field.Type() == reflect.TypeFor[error]() {
			field.Set(reflect.ValueOf(newCause(known, o.secrets)))
		} else if field.Kind() == reflect.Pointer && !field.IsNil() {
			field.Set(o.copied(field, depth+1))
		}
	default:
		if field.Kind() == reflect.Pointer && !field.IsNil() && ofAWS(field.Type()) {
			field.Set(o.copied(field, depth+1))
		}
	}
}

// bareResponse has the status of a response and nothing else.
func bareResponse(response *http.Response) *http.Response {
	if response == nil {
		return nil
	}
	return statusResponse(response.StatusCode)
}

func statusResponse(status int) *http.Response {
	return &http.Response{
		StatusCode: status,
		Status:     fmt.Sprintf("%d %s", status, http.StatusText(status)),
		Header:     http.Header{},
		Body:       http.NoBody,
	}
}
