package cloudauth

import (
	"cmp"
	"context"
	"math"

	"cloud.google.com/go/auth"

	"github.com/awsfed/awsfed-go/awsfed"
)

// Credentials makes credentials of ts, for option.WithAuthCredentials. Their Token gives the valid
// token of ts. It waits only while there is none, and no longer than its ctx lasts, less a fiftieth
// of that time or 50 ms. Its errors have the error of ts in their chain, an [*awsfed.Error], and a
// gRPC status: Unavailable for a failure that can pass, DeadlineExceeded or Canceled for a ctx that
// ended, else Unauthenticated.
//
// Each client needs credentials of its own, since Google's library writes into those that it gets.
// All of them can be made of one ts, and then share its token. Nothing is fetched here.
func Credentials(ts *awsfed.TokenSource, options *Options) *auth.Credentials {
	if options == nil {
		options = &Options{}
	}
	var tokens auth.TokenProvider = provider{ts}
	if !options.GRPC {
		// A client over HTTP puts a cache around any provider that is not a cache already, and
		// serves from it until shortly before the token's end. To this one no token is ever good
		// enough, so it asks ts each time.
		tokens = auth.NewCachedTokenProvider(tokens, &auth.CachedTokenProviderOptions{
			DisableAsyncRefresh: true,
			ExpireEarly:         math.MaxInt64,
		})
	}
	return auth.NewCredentials(&auth.CredentialsOptions{
		TokenProvider:          tokens,
		QuotaProjectIDProvider: property(cmp.Or(options.QuotaProject, ts.QuotaProject())),
		ProjectIDProvider:      property(options.ProjectID),
		UniverseDomainProvider: property(options.UniverseDomain),
	})
}

// property is a value that is known. What "" stands for is up to Google's library.
func property(value string) auth.CredentialsPropertyProvider {
	return auth.CredentialsPropertyFunc(func(context.Context) (string, error) { return value, nil })
}
