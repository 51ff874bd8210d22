// Command oauth2 does what golang.org/x/oauth2 can do alone: AWS credentials of the environment and
// of EC2 metadata. Without AUDIENCE in its environment it does nothing.
package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/oauth2/google/externalaccount"
)

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
	source, err := externalaccount.NewTokenSource(context.Background(), externalaccount.Config{
		Audience:                       audience,
		SubjectTokenType:               "urn:ietf:params:aws:token-type:aws4_request",
		ServiceAccountImpersonationURL: os.Getenv("IMPERSONATION_URL"),
		Scopes:                         []string{"https://www.googleapis.com/auth/cloud-platform"},
		CredentialSource: &externalaccount.CredentialSource{
			EnvironmentID:               "aws1",
			RegionURL:                   "http://169.254.169.254/latest/meta-data/placement/availability-zone",
			URL:                         "http://169.254.169.254/latest/meta-data/iam/security-credentials",
			IMDSv2SessionTokenURL:       "http://169.254.169.254/latest/api/token",
			RegionalCredVerificationURL: "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
		},
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
