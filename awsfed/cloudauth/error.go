package cloudauth

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A tokenError is an error of a TokenSource, with what Google's clients ask of an error. Without a
// status of its own gRPC keeps the text alone. It is no auth.Error, of which Google's adapters keep
// status and body alone.
type tokenError struct {
	error
	code codes.Code
}

// newTokenError judges an error that TokenContext gave with ctx. A deadline in its chain may be
// that of an attempt, while ctx goes on.
func newTokenError(ctx context.Context, err error) *tokenError {
	code := codes.Unauthenticated // as gRPC itself has it
	switch {
	case ctx != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
		code = status.FromContextError(ctx.Err()).Code()
	case errors.Is(err, awsfed.ErrTransient):
		code = codes.Unavailable
	}
	return &tokenError{err, code}
}

func (e *tokenError) Unwrap() error { return e.error }

// Temporary is what Google's clients over HTTP ask before they try again.
func (e *tokenError) Temporary() bool { return e.code == codes.Unavailable }

// Timeout makes os.IsTimeout true when the ctx of the caller ended, as it is when that happens
// while the API does not answer.
func (e *tokenError) Timeout() bool { return e.code == codes.DeadlineExceeded }

// GRPCStatus is what clients over gRPC ask before they try again.
func (e *tokenError) GRPCStatus() *status.Status { return status.New(e.code, e.Error()) }
