// Command oauth2sdk does what command awsfed does with golang.org/x/oauth2 and a supplier that asks
// the AWS SDK's chain for credentials. Without AUDIENCE in its environment it does nothing.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"golang.org/x/oauth2/google/externalaccount"
)

type supplier struct{ cfg aws.Config }

func (s supplier) AwsRegion(context.Context, externalaccount.SupplierOptions) (string, error) {
	return s.cfg.Region, nil
}

func (s supplier) AwsSecurityCredentials(ctx context.Context, _ externalaccount.SupplierOptions) (*externalaccount.AwsSecurityCredentials, error) {
	c, err := s.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
}

func main() {
	audience := os.Getenv("AUDIENCE")
	if audience == "" {
		return
	}
	if err := run(audience); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(audience string) error {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	source, err := externalaccount.NewTokenSource(ctx, externalaccount.Config{
		Audience:                       audience,
		SubjectTokenType:               "urn:ietf:params:aws:token-type:aws4_request",
		ServiceAccountImpersonationURL: os.Getenv("IMPERSONATION_URL"),
		Scopes:                         []string{"https://www.googleapis.com/auth/cloud-platform"},
		AwsSecurityCredentialsSupplier: supplier{cfg},
	})
	if err != nil {
		return err
	}
	token, err := source.Token()
	if err != nil {
		return err
	}
	fmt.Println("a token until", token.Expiry)
	return nil
}
