// Package cloudauth makes credentials of cloud.google.com/go/auth out of an [awsfed.TokenSource],
// for Google's clients:
//
//	ts, err := awsfed.NewTokenSource(ctx, cfg)
//	client, err := storage.NewClient(ctx, option.WithAuthCredentials(cloudauth.Credentials(ts, nil)))
//
// option.WithTokenSource(ts) works too, without this module. [Credentials] gives more:
//
//   - The ctx of a call bounds its wait for a token. An [golang.org/x/oauth2.TokenSource] gets no
//     ctx: while Google's STS is silent, a call with two seconds then returns after almost 30
//     seconds, the Timeout of the source.
//   - errors.As finds the [*awsfed.Error], with stage, code and hint, in the error of a call, over
//     HTTP and over gRPC. Otherwise a [golang.org/x/oauth2.RetrieveError] is left over HTTP, and a
//     text over gRPC.
//   - Google's clients know whether a failure can pass, over gRPC too, and then try again.
//   - Every call asks the source, so a token that [awsfed.TokenSource.Invalidate] dropped is not
//     sent again. Otherwise clients over HTTP keep a token until shortly before its end.
//   - Credentials have a quota project, a project ID and a universe domain. The client of Cloud
//     Storage needs the quota project there: with option.WithQuotaProject it cannot be made.
//
// # What Google's code does to deadlines and errors
//
// Once the ctx of a call has ended, Google's clients over HTTP replace the error that they got by
// that of the ctx. So the wait for a token ends before the ctx does, by a fiftieth of the time and
// 50 ms at most. Of a call that is canceled nothing else is left, and a call over gRPC that tries
// again when its ctx ends may tell that alone. The Logger of the source gets the whole error.
//
// While there is no token at all, the callers of one client wait in line, as they do with every
// credential of cloud.google.com/go/auth, which holds a lock meanwhile. A call whose ctx ends may
// wait on for one whose ctx lasts longer, up to the Timeout of the source. With GRPC of [Options]
// there is no such lock. Over HTTP an [awsfed.Transport] is, with option.WithHTTPClient. Otherwise give each
// call a deadline, and get the first token when the program starts; here the error is whole, too:
//
//	if _, err := ts.TokenContext(ctx); err != nil {
//		log.Fatal(err)
//	}
package cloudauth
