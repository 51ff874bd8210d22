package cloudauth

import (
	"context"
	"time"

	"cloud.google.com/go/auth"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A provider is a TokenSource as an [auth.TokenProvider].
type provider struct{ ts *awsfed.TokenSource }

func (p provider) Token(ctx context.Context) (*auth.Token, error) {
	ctx, cancel := beforeTheEnd(ctx)
	defer cancel()
	token, err := p.ts.TokenContext(ctx)
	if err != nil {
		return nil, newTokenError(ctx, err)
	}
	return &auth.Token{Value: token.AccessToken, Type: token.Type(), Expiry: token.Expiry}, nil
}

// beforeTheEnd is a ctx that ends shortly before its parent's deadline. Once the ctx of a request
// has ended, Google's clients over HTTP put its error in the place of the one that they got, and
// nobody learns what the request waited for. In the rest of the time a token is of no use anyway.
func beforeTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx != nil {
		if deadline, ok := ctx.Deadline(); ok {
			rest := min(max(time.Until(deadline), 0)/restShare, mostRest)
			return context.WithDeadline(ctx, deadline.Add(-rest))
		}
	}
	return ctx, func() {}
}

// How long before its deadline a call gives up: this share of the time that it has, and no more
// than that.
const (
	restShare = 50
	mostRest  = 50 * time.Millisecond
)
