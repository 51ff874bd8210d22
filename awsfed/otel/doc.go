// Package otel makes OpenTelemetry metrics and spans of what a TokenSource does, from its public
// hooks.
//
//	telemetry, err := otel.New(nil)
//	ts, err := awsfed.NewTokenSource(ctx, telemetry.Config(cfg))
//	telemetry.Observe(ts, nil)
//
// A program that imports go.opentelemetry.io/otel too gives one of the two another name, awsfedotel
// for example.
//
// # Metrics
//
//	awsfed.refresh.duration           histogram        s          attempts to get a token
//	awsfed.refresh.step.duration      histogram        s          their steps
//	awsfed.refresh.waits              counter          {wait}     callers that waited for an attempt
//	awsfed.refresh.repeated_failures  counter          {failure}  attempts without a request
//	awsfed.refresh.dropped_events     counter          {event}    that the metrics above lack
//	awsfed.token.remaining            gauge            s          what is left of the token
//	awsfed.token.waiters              up-down counter  {caller}   callers that wait now
//
// The count of a histogram is the number of attempts or steps. A failure of the federated token
// that the accounts above it share is one attempt of the federated token, and one of the
// repeated_failures of each account. A caller that waited for three attempts waited three times,
// and the attempt of a service account is a caller of the federated token.
//
// Each source that is observed reports what is left of its token, and of the federated token below
// it; of sources with the same attributes the least counts. Without a token it is 0 if the last
// attempt failed. It is not reported if none failed: nobody asks such a source.
//
// # Attributes
//
//	awsfed.kind             federated-token, service-account-token, id-token, delegated-token, or what
//	                        CacheOptions say
//	awsfed.stage            of a step; of an attempt that failed, where it did
//	awsfed.outcome          success or failure
//	error.type              of a failure: the code, else the HTTP status, timeout or _OTHER
//	awsfed.service_account  with Options.ServiceAccounts
//
// dropped_events has none of them, repeated_failures and the metrics of the token have the kind and
// the service account, and waits has the outcome too.
//
// # Spans
//
// An attempt is a span of the name "refresh KIND", and each step of it a child whose name is its
// stage. It is the root of a trace, with a link to the span of the first caller who waited, since
// many callers share it and it may outlive all of them. Beside the attributes above it has
// awsfed.service_account, awsfed.provider, awsfed.target (the audience of an ID token, the user of a
// delegated one), awsfed.attempt (the number since the last success), awsfed.waiting (callers),
// awsfed.background and awsfed.repeated. The text of an error is the
// description of the span's status, and is nowhere else. A repeated failure for which no traced
// caller has waited has no span.
//
// An event tells how long a step took and not when it began. The steps stand one after the other,
// and the last one ends with the attempt; of an attempt that ended outside of any step, the first
// one begins with it.
package otel
