package awsfed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
)

// networkError is the error of a request that got no answer. It is not cleaned yet.
func networkError(stage Stage, err error) *Error {
	return &Error{Stage: stage, Transient: transientNetwork(err), Err: err}
}

// transientNetwork judges an error of package net/http. Only what is certain not to pass is
// permanent: a caller that gave up, and a certificate that is not accepted.
func transientNetwork(err error) bool {
	return !errors.Is(err, context.Canceled) && !certificateRefused(err)
}

func certificateRefused(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	return errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &hostname)
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

// transient judges any error: one of this package says so itself, and of another's nothing speaks
// against a retry.
func transient(err error) bool {
	var e *Error
	return !errors.As(err, &e) && !errors.Is(err, context.Canceled) || errors.Is(err, ErrTransient)
}
