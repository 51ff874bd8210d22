package cloudauth

// Options tell [Credentials] what a TokenSource does not say of itself. Nil and the zero value are
// good.
type Options struct {
	// QuotaProject is the project that pays for the requests, as X-Goog-User-Project on each of them.
	// Optional; the default is the QuotaProject of the source, then the environment variable
	// GOOGLE_CLOUD_QUOTA_PROJECT, and else there is no such header. option.WithQuotaProject of a
	// client goes before it.
	QuotaProject string

	// ProjectID is the project of a client that is told to detect it, as by bigquery.DetectProjectID.
	// Optional; the default is the environment variable GOOGLE_CLOUD_PROJECT, and without it there is
	// none.
	ProjectID string

	// UniverseDomain is the Google Cloud universe of the tokens: that of [awsfed.Config]. A client
	// refuses credentials of another universe than its own, which option.WithUniverseDomain names.
	// Optional; the default is googleapis.com.
	UniverseDomain string

	// GRPC leaves out the cache of cloud.google.com/go/auth, whose lock callers wait for while there is
	// no token. It is for clients over gRPC, and for code that calls Token itself. A client over HTTP
	// puts a cache of its own around such credentials, with the same lock, and serves a token from it
	// after [awsfed.TokenSource.Invalidate].
	GRPC bool
}
