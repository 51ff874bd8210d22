package awsfed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
)

// everyRendering is an error and its causes in every way there is to print them, with what
// errors.As finds in it.
func everyRendering(err error) string {
	var b strings.Builder
	print := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%d", "%x"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		if text, err := json.Marshal(v); err == nil {
			fmt.Fprintf(&b, "%s\n", text)
		}
		for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&b, nil)), slog.New(slog.NewJSONHandler(&b, nil))} {
			logger.Error("failed", "error", v)
		}
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		print(cause)
	}
	var (
		retrieve  *oauth2.RetrieveError
		address   *url.Error
		operation *net.OpError
		lookup    *net.DNSError
		network   net.Error
		api       smithy.APIError
		call      *smithy.OperationError
		answer    *smithyhttp.ResponseError
		decoding  *smithy.DeserializationError
		named     interface{ ServiceRequestID() string }
		field     *awsfed.FieldError
	)
	if errors.As(err, &retrieve) {
		print(retrieve)
		fmt.Fprintf(&b, "%s %+v %s %s %s\n", retrieve.Body, retrieve.Response, retrieve.ErrorCode, retrieve.ErrorDescription, retrieve.ErrorURI)
	}
	if errors.As(err, &api) {
		print(api)
		fmt.Fprintf(&b, "%s %s\n", api.ErrorCode(), api.ErrorMessage())
	}
	if errors.As(err, &named) {
		fmt.Fprintf(&b, "%s\n", named.ServiceRequestID())
	}
	for _, target := range []any{&address, &operation, &lookup, &network, &call, &answer, &decoding, &field} {
		if errors.As(err, target) {
			found := fmt.Sprintf("%v %+v %#v\n", target, target, target)
			b.WriteString(found)
		}
	}
	if address != nil {
		print(address)
		print(address.Err)
	}
	if network != nil {
		print(network)
	}
	if answer != nil {
		print(answer)
	}
	if call != nil {
		print(call)
		print(call.Err)
	}
	if decoding != nil {
		print(decoding)
	}
	return b.String()
}

// fieldErrors are the faults in err, however they are joined and wrapped.
func fieldErrors(err error) []*awsfed.FieldError {
	switch e := err.(type) {
	case *awsfed.FieldError:
		return []*awsfed.FieldError{e}
	case interface{ Unwrap() []error }:
		var all []*awsfed.FieldError
		for _, inner := range e.Unwrap() {
			all = append(all, fieldErrors(inner)...)
		}
		return all
	case interface{ Unwrap() error }:
		return fieldErrors(e.Unwrap())
	}
	return nil
}

// faultyFields are the names in those faults, sorted.
func faultyFields(err error) []string {
	var names []string
	for _, fault := range fieldErrors(err) {
		names = append(names, fault.Field)
	}
	slices.Sort(names)
	return names
}

// A lockedBuffer is a log that many goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// assertFit fails if an error is too long, or holds what a terminal would obey.
func assertFit(t *testing.T, err error) {
	t.Helper()
	assert.LessOrEqual(t, len(err.Error()), 8<<10)
	assert.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{202a}-\x{202e}]`, err.Error())
	first, _, _ := strings.Cut(err.Error(), "\n  ")
	assert.NotContains(t, first, "\n")
	var e *awsfed.Error
	if !errors.As(err, &e) {
		return
	}
	assert.LessOrEqual(t, len(e.Description), 1000)
	for _, short := range []string{e.Code, e.Reason, e.Domain, e.RequestID} {
		assert.LessOrEqual(t, len(short), 100)
	}
	assert.LessOrEqual(t, len(e.Metadata), 16)
	for key, value := range e.Metadata {
		assert.LessOrEqual(t, len(key), 64)
		assert.LessOrEqual(t, len(value), 200)
	}
	if e.Err != nil {
		assert.LessOrEqual(t, len(e.Err.Error()), 1000)
	}
}

// encodings are the ways in which a server may write what it was sent.
var encodings = map[string]func(string) string{
	"as it is":                         func(s string) string { return s },
	"with escapes in lower case":       lowerEscapes,
	"escaped":                          url.QueryEscape,
	"escaped, in lower case":           func(s string) string { return lowerEscapes(url.QueryEscape(s)) },
	"escaped for a path":               url.PathEscape,
	"escaped twice":                    func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"escaped three times, lower case":  func(s string) string { return lowerEscapes(url.QueryEscape(url.QueryEscape(url.QueryEscape(s)))) },
	"in every byte":                    func(s string) string { return everyByte(s, "%%%02x") },
	"in every byte, in words of JSON":  func(s string) string { return everyByte(s, `\u%04X`) },
	"with the slashes of some encoder": func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
}

func lowerEscapes(s string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(s, strings.ToLower)
}

func everyByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

// assertNoSecret fails if a secret is in text, in any of the ways to write one. %q of fmt and JSON
// escape the text once more.
func assertNoSecret(t *testing.T, text string, secrets iter.Seq[string]) {
	t.Helper()
	text = strings.ToLower(text)
	for secret := range secrets {
		for name, encode := range encodings {
			form := strings.ToLower(encode(secret))
			quoted := strings.Trim(strconv.Quote(form), `"`)
			if strings.Contains(text, form) || strings.Contains(text, quoted) || strings.Contains(text, strings.Trim(strconv.Quote(quoted), `"`)) {
				t.Errorf("a secret of %d bytes is printed %s", len(secret), name)
				return
			}
		}
	}
}
