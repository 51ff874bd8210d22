// Package awsfed gives Go services on AWS their Google Cloud tokens without a key.
//
//	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{Audience: provider, ServiceAccount: account})
//	client, err := storage.NewClient(ctx, option.WithTokenSource(ts))
//
// [SubjectTokenBuilder], [Exchanger] and [Impersonator] are the steps, [TokenSource] keeps the
// token fresh. [NewIDTokenSource], [Signer] and [NewDelegatedTokenSource] give what else the
// service account can have, [Diagnose] finds what is wrong.
package awsfed

const version = "0.1.0"
