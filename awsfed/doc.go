// Package awsfed gives Go services on AWS their Google Cloud tokens without a key: workload identity federation as an
// [golang.org/x/oauth2.TokenSource] that any Google client takes.
//
//	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{
//		Audience:       "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/aws-pool/providers/prod",
//		ServiceAccount: "app@my-project.iam.gserviceaccount.com",
//	})
//	client, err := storage.NewClient(ctx, option.WithTokenSource(ts))
//
// It signs a GetCallerIdentity request with the AWS credentials at hand ([SubjectTokenBuilder]), exchanges it at Google's
// Security Token Service ([Exchanger], RFC 8693), impersonates a service account at IAM Credentials ([Impersonator]) and
// keeps the token fresh ([TokenSource]). [ConfigFromEnv] reads the file that gcloud writes; [Diagnose] finds what is
// wrong; package awsfedtest emulates both clouds for tests.
package awsfed

const version = "0.1.0"
