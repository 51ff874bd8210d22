package otel

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/awsfed/awsfed-go/awsfed"
)

const (
	keyKind           = attribute.Key("awsfed.kind")
	keyStage          = attribute.Key("awsfed.stage")
	keyOutcome        = attribute.Key("awsfed.outcome")
	keyServiceAccount = attribute.Key("awsfed.service_account")

	// These are of spans alone.
	keyProvider   = attribute.Key("awsfed.provider")
	keyTarget     = attribute.Key("awsfed.target")
	keyAttempt    = attribute.Key("awsfed.attempt")
	keyWaiting    = attribute.Key("awsfed.waiting")
	keyBackground = attribute.Key("awsfed.background")
	keyRepeated   = attribute.Key("awsfed.repeated")
)

// identity says which tokens a value is about.
func identity(kind awsfed.TokenKind, account string) []attribute.KeyValue {
	attributes := []attribute.KeyValue{keyKind.String(string(kind))}
	if account != "" {
		attributes = append(attributes, keyServiceAccount.String(account))
	}
	return attributes
}

func outcome(err error) attribute.KeyValue {
	if err != nil {
		return keyOutcome.String("failure")
	}
	return keyOutcome.String("success")
}

// result is the outcome with its error.type.
func result(err error) []attribute.KeyValue {
	if err == nil {
		return []attribute.KeyValue{outcome(err)}
	}
	return []attribute.KeyValue{outcome(err), semconv.ErrorTypeKey.String(errorType(err))}
}

// attempted is the result of an attempt, with the stage that it failed at.
func attempted(err error) []attribute.KeyValue {
	attributes := result(err)
	if e, ok := errors.AsType[*awsfed.Error](err); ok && e.Stage != "" {
		attributes = append(attributes, keyStage.String(string(e.Stage)))
	}
	return attributes
}

// errorType is one of few values: a code is a word of the service's, but for what only looks like
// one.
func errorType(err error) string {
	if e, ok := errors.AsType[*awsfed.Error](err); ok {
		switch {
		case isCode(e.Code):
			return e.Code
		case e.StatusCode != 0:
			return strconv.Itoa(e.StatusCode)
		}
	}
	if timeout, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout() {
		return "timeout"
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// maxCode is longer than any code that Google and AWS document.
const maxCode = 64

func isCode(s string) bool {
	const word = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
	return s != "" && len(s) <= maxCode && strings.Trim(s, word) == ""
}
