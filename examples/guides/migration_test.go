package guides_test

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	authaccount "cloud.google.com/go/auth/credentials/externalaccount"
	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/externalaccount"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/cloudauth"
)

// The code of docs/migration.md, before and after. Its tests are in migrated_test.go.

// [names]
const (
	provider         = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod"
	account          = "aws-app@my-project.iam.gserviceaccount.com"
	impersonationURL = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + account + ":generateAccessToken"
)

// [end]

// [key-before]
func storageWithKey(ctx context.Context, options ...option.ClientOption) (*storage.Client, error) {
	return storage.NewClient(ctx, append(options, option.WithAuthCredentialsFile(option.ServiceAccount, "key.json"))...)
}

// [end]

// [key-after]
func storageWithoutKey(ctx context.Context, cfg awsfed.Config, options ...option.ClientOption) (*storage.Client, error) {
	ts, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return storage.NewClient(ctx, append(options, option.WithTokenSource(ts))...)
}

// [end]

// [both]
// credentialsOf takes the file that GOOGLE_APPLICATION_CREDENTIALS names: a key, or the description
// of a provider. So which of the two a process uses is decided by a file, and decided back by it.
func credentialsOf(ctx context.Context, file string, allowed *awsfed.FileOptions) (option.ClientOption, error) {
	cfg, err := awsfed.ConfigFromFile(file, allowed)
	fault, ok := errors.AsType[*awsfed.FieldError](err)
	switch {
	case ok && fault.Field == "type":
		return option.WithAuthCredentialsFile(option.ServiceAccount, file), nil
	case err != nil:
		return nil, err
	}
	ts, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return option.WithTokenSource(ts), nil
}

// [end]

// [supplier]
// supplier gives Google's library what the AWS SDK knows.
type supplier struct{ cfg aws.Config }

func (s supplier) AwsRegion(context.Context, externalaccount.SupplierOptions) (string, error) {
	return s.cfg.Region, nil
}

func (s supplier) AwsSecurityCredentials(ctx context.Context, _ externalaccount.SupplierOptions) (*externalaccount.AwsSecurityCredentials, error) {
	c, err := s.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return &externalaccount.AwsSecurityCredentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}, nil
}

// [end]

// [oauth2-before]
func oauth2Before(ctx context.Context, cfg aws.Config) (oauth2.TokenSource, error) {
	return externalaccount.NewTokenSource(ctx, externalaccount.Config{
		Audience:                       provider,
		SubjectTokenType:               "urn:ietf:params:aws:token-type:aws4_request",
		ServiceAccountImpersonationURL: impersonationURL,
		Scopes:                         []string{"https://www.googleapis.com/auth/cloud-platform"},
		AwsSecurityCredentialsSupplier: supplier{cfg},
	})
}

// [end]

// [oauth2-after]
func oauth2After(ctx context.Context, client *http.Client) (oauth2.TokenSource, error) {
	return awsfed.NewTokenSource(ctx, awsfed.Config{
		Audience:       provider,
		ServiceAccount: account,
		HTTPClient:     client, // nil will do
	})
}

// [end]

// [auth-supplier]
type provision struct{ cfg aws.Config }

func (p provision) AwsRegion(context.Context, *authaccount.RequestOptions) (string, error) {
	return p.cfg.Region, nil
}

func (p provision) AwsSecurityCredentials(ctx context.Context, _ *authaccount.RequestOptions) (*authaccount.AwsSecurityCredentials, error) {
	c, err := p.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return &authaccount.AwsSecurityCredentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}, nil
}

// [end]

// [auth-before]
func authBefore(cfg aws.Config, client *http.Client) (*auth.Credentials, error) {
	return authaccount.NewCredentials(&authaccount.Options{
		Audience:                       provider,
		SubjectTokenType:               "urn:ietf:params:aws:token-type:aws4_request",
		ServiceAccountImpersonationURL: impersonationURL,
		Scopes:                         []string{"https://www.googleapis.com/auth/cloud-platform"},
		AwsSecurityCredentialsProvider: provision{cfg},
		Client:                         client,
	})
}

// [end]

// [auth-after]
func authAfter(ctx context.Context, client *http.Client) (*auth.Credentials, error) {
	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{
		Audience:       provider,
		ServiceAccount: account,
		HTTPClient:     client, // nil will do
	})
	if err != nil {
		return nil, err
	}
	return cloudauth.Credentials(ts, nil), nil // for option.WithAuthCredentials
}

// [end]

// [file-before]
func fileBefore(file string, client *http.Client) (*auth.Credentials, error) {
	return credentials.NewCredentialsFromFile(credentials.ExternalAccount, file, &credentials.DetectOptions{
		Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"},
		Client: client,
	})
}

// [end]

// [file-after]
func fileAfter(ctx context.Context, file string, allowed *awsfed.FileOptions) (*awsfed.TokenSource, error) {
	cfg, err := awsfed.ConfigFromFile(file, allowed) // nil, unless the file names hosts of your own
	if err != nil {
		return nil, err
	}
	return awsfed.NewTokenSource(ctx, cfg)
}

// [end]

// A vault gives keys of AWS that no source of the AWS SDK gives.
type vault interface {
	Keys(ctx context.Context) (keys, error)
}

// [keys]
// withKeysOf is a supplier of keys that the AWS SDK has no source for, as the AWS SDK has them.
func withKeysOf(v vault, cfg awsfed.Config) awsfed.Config {
	cfg.Credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		k, err := v.Keys(ctx)
		return aws.Credentials{
			AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token,
			CanExpire: true, Expires: k.Expires,
		}, err
	}))
	cfg.Region = "eu-central-1"
	return cfg
}

// [end]

// [subject]
// subjectOf is a supplier of OpenID Connect tokens.
type subjectOf struct {
	token func(ctx context.Context) (string, error)
}

func (s subjectOf) SubjectToken(ctx context.Context) (awsfed.SubjectToken, error) {
	token, err := s.token(ctx)
	return awsfed.NewSubjectToken(token, "urn:ietf:params:oauth:token-type:jwt"), err
}

func withSubjectOf(token func(ctx context.Context) (string, error), cfg awsfed.Config) awsfed.Config {
	cfg.Subject = awsfed.Subject{Source: subjectOf{token}}
	return cfg
}

// [end]
