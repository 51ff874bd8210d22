package awsfed_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A program that has an aws.Config already, of a profile or of a role that it assumes, gives its
// credentials and its region.
func ExampleConfig_ofAnAWSConfig() {
	ctx := context.Background()
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	// In production with config.WithSharedConfigProfile("prod"), for example.
	own, err := config.LoadDefaultConfig(ctx, config.WithRegion("eu-west-1"), config.WithCredentialsProvider(cloud.Config().Credentials))
	if err != nil {
		log.Fatal(err)
	}
	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{
		Audience:       cloud.Provider().Audience(),
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
		Credentials:    own.Credentials,
		Region:         own.Region,
		HTTPClient:     cloud.Client(), // none in production
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := ts.Token()
	if err != nil {
		log.Fatal(err)
	}
	access, err := cloud.Check(token.AccessToken)
	fmt.Println(access.Principal, err)
	fmt.Println("for", access.Identity.ARN)
	// Output:
	// aws-app@my-project.iam.gserviceaccount.com <nil>
	// for arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0
}
