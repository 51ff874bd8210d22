package main

import (
	"context"
	"net/http"

	"cloud.google.com/go/auth/credentials/externalaccount"
	"cloud.google.com/go/auth/oauth2adapt"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/oauth2"
	oldaccount "golang.org/x/oauth2/google/externalaccount"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A contender is a library that makes tokens of a service account out of AWS credentials.
type contender struct {
	name string
	// prepare makes what sources share, and gives what makes one. Of the Config it takes Audience,
	// ServiceAccount, Region, Credentials and HTTPClient, which all have to be set.
	prepare func(awsfed.Config) opener
}

// An opener makes a source that has no token yet.
type opener func() (oauth2.TokenSource, error)

// The names of the contenders, and of the floor: what the work costs without a library.
const (
	ours  = "awsfed"
	floor = "floor"
	xo    = "x/oauth2"
	ca    = "auth"
)

func contenders() []contender {
	return []contender{{ours, prepareOurs}, {xo, prepareOAuth2}, {ca, prepareAuth}}
}

func prepareOurs(cfg awsfed.Config) opener {
	return func() (oauth2.TokenSource, error) { return awsfed.NewTokenSource(context.Background(), cfg) }
}

func prepareOAuth2(cfg awsfed.Config) opener {
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, cfg.HTTPClient)
	shared := oldaccount.Config{
		Audience:                       cfg.Audience,
		SubjectTokenType:               awsfed.AWSSubjectTokenType,
		ServiceAccountImpersonationURL: impersonationURL(cfg),
		Scopes:                         []string{awsfed.CloudPlatformScope},
		AwsSecurityCredentialsSupplier: oldSupplier{cfg.Region, cfg.Credentials},
	}
	return func() (oauth2.TokenSource, error) { return oldaccount.NewTokenSource(ctx, shared) }
}

func prepareAuth(cfg awsfed.Config) opener {
	shared := externalaccount.Options{
		Audience:                       cfg.Audience,
		SubjectTokenType:               awsfed.AWSSubjectTokenType,
		ServiceAccountImpersonationURL: impersonationURL(cfg),
		Scopes:                         []string{awsfed.CloudPlatformScope},
		AwsSecurityCredentialsProvider: newSupplier{cfg.Region, cfg.Credentials},
		Client:                         cfg.HTTPClient,
	}
	return func() (oauth2.TokenSource, error) {
		options := shared
		made, err := externalaccount.NewCredentials(&options)
		if err != nil {
			return nil, err
		}
		return oauth2adapt.TokenSourceFromTokenProvider(made), nil
	}
}

// workload is a service whose AWS credentials stand in its environment.
func workload(transport http.RoundTripper) awsfed.Config {
	return awsfed.Config{
		Audience:       "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/aws-pool/providers/prod",
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
		Region:         "us-east-1",
		Credentials:    credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "session"),
		HTTPClient:     &http.Client{Transport: transport},
	}
}

func impersonationURL(cfg awsfed.Config) string {
	return "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + cfg.ServiceAccount + ":generateAccessToken"
}

// The suppliers give Google's libraries the credentials of the AWS SDK: what a user of theirs has
// to write.
type oldSupplier struct {
	region      string
	credentials aws.CredentialsProvider
}

func (s oldSupplier) AwsRegion(context.Context, oldaccount.SupplierOptions) (string, error) {
	return s.region, nil
}

func (s oldSupplier) AwsSecurityCredentials(ctx context.Context, _ oldaccount.SupplierOptions) (*oldaccount.AwsSecurityCredentials, error) {
	c, err := s.credentials.Retrieve(ctx)
	return &oldaccount.AwsSecurityCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
}

type newSupplier struct {
	region      string
	credentials aws.CredentialsProvider
}

func (s newSupplier) AwsRegion(context.Context, *externalaccount.RequestOptions) (string, error) {
	return s.region, nil
}

func (s newSupplier) AwsSecurityCredentials(ctx context.Context, _ *externalaccount.RequestOptions) (*externalaccount.AwsSecurityCredentials, error) {
	c, err := s.credentials.Retrieve(ctx)
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
}
