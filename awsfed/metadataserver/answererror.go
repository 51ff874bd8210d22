package metadataserver

import (
	"errors"
	"net/http"

	"github.com/awsfed/awsfed-go/awsfed"
)

// An answerError is a request that gets another status than 200.
type answerError struct {
	status int
	text   string // one line, without a secret
}

func (e *answerError) Error() string { return e.text }

func notFound(text string) error    { return &answerError{http.StatusNotFound, text} }
func badRequest(text string) error  { return &answerError{http.StatusBadRequest, text} }
func unavailable(text string) error { return &answerError{http.StatusServiceUnavailable, text} }

// forRoute is what the error of a token source becomes. What can pass is 503, which every client
// tries again, and not 502, which Python's does not. An ID token that cannot be had is a key that
// is not there: gcloud asks for one before each command, and any other status ends the command. An
// access token that is denied is 403, which no client tries again. A source that cannot be made of
// what the request asks for is 400.
func forRoute(r route, err error) error {
	var known *answerError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, new(*awsfed.FieldError)):
		return badRequest(err.Error())
	case errors.Is(err, awsfed.ErrTransient) || !errors.As(err, new(*awsfed.Error)):
		return unavailable(err.Error())
	case r == routeIdentity:
		return notFound(err.Error())
	}
	return &answerError{http.StatusForbidden, err.Error()}
}

func failed(err error) reply {
	var e *answerError
	if !errors.As(err, &e) {
		return reply{status: http.StatusServiceUnavailable, body: "the request failed"}
	}
	return reply{status: e.status, body: e.text}
}
