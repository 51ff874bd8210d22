// Package awsfed gives Go services on AWS their Google Cloud tokens without a key: workload identity federation as an
// [golang.org/x/oauth2.TokenSource] that any Google client takes.
//
//	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{
//		Audience:       "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/aws-pool/providers/prod",
//		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
//	})
//	client, err := storage.NewClient(ctx, option.WithTokenSource(ts))
//
// [SubjectTokenBuilder] signs a request with the AWS credentials at hand, [Exchanger] takes it to Google's STS (RFC 8693),
// [Impersonator] on to IAM Credentials, and [TokenSource] keeps the result fresh. [ConfigFromEnv] reads the file that
// gcloud writes; [Diagnose] finds what is wrong; package awsfedtest emulates both clouds for tests.
package awsfed

const version = "0.1.0"
