package fakegoogle

import (
	"net/http"
	"strings"
	"time"
)

// The lifetimes of the access tokens of service accounts (reference of generateAccessToken).
const (
	defaultTokenTime = time.Hour
	maxTokenTime     = time.Hour
	maxExtendedTime  = 12 * time.Hour
)

// lifetimeOf returns the lifetime that a request asks for, a google.protobuf.Duration in JSON; nil
// for the default.
func lifetimeOf(sa ServiceAccount, asked *string, u Unsettled) (time.Duration, *APIError) {
	if asked == nil {
		return defaultTokenTime, nil
	}
	lifetime, ok := parseProtoDuration(*asked)
	switch {
	case !ok:
		return 0, InvalidArgument().because("the lifetime is not seconds such as 3600s")
	case lifetime == 0:
		return 0, lifetimeZero().because("the lifetime is zero")
	case lifetime < max(0, u.MinLifetime):
		return 0, InvalidArgument().because("the lifetime is too short")
	case lifetime > maxTokenTime && !sa.ExtendedLifetime:
		return 0, LifetimeTooLong(sa.Email).because("the lifetime is more than 1 h")
	case lifetime > maxExtendedTime:
		return 0, InvalidArgument().because("the lifetime is more than 12 h")
	}
	return lifetime, nil
}

// lifetimeZero has the text of a published measurement, its spelling included.
func lifetimeZero() *APIError {
	return &APIError{
		Code: http.StatusBadRequest, Status: "INVALID_ARGUMENT", Message: "Lifetime of access token must be larger then zero.",
	}
}

// LifetimeTooLong is the answer to a lifetime of more than an hour for an account that is not
// allowed more. The text is put together from public reports: one has its beginning, and a
// published measurement the rest.
func LifetimeTooLong(email string) *APIError {
	return &APIError{
		Code: http.StatusBadRequest, Status: "INVALID_ARGUMENT",
		Message: "Access tokens for service account " + email + " can not have lifetimes of more than 1 hour. Use the Org Policy Constraint constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours.",
	}
}

// parseProtoDuration reads a google.protobuf.Duration in JSON: seconds with up to nine digits after
// the point, and "s".
func parseProtoDuration(s string) (time.Duration, bool) {
	number, found := strings.CutSuffix(s, "s")
	whole, fraction, point := strings.Cut(strings.TrimPrefix(number, "-"), ".")
	if !found || !isDigits(whole) || point && (!isDigits(fraction) || len(fraction) > 9) {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	return d, err == nil
}
