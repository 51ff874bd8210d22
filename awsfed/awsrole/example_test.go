package awsrole_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/awsrole"
)

// A service account of Google Cloud assumes a role of AWS. On Google Cloud the source is
// [NewMetadataTokenSource], and Options have no Client.
func ExampleNewCredentials() {
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	const account, uniqueID = "to-aws@my-project.iam.gserviceaccount.com", "107517467455664443765"
	if err := cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: account, UniqueID: uniqueID}); err != nil {
		log.Fatal(err)
	}
	if err := cloud.Grant(account, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()); err != nil {
		log.Fatal(err)
	}
	role, err := cloud.AddRole(awsfedtest.Role{Name: "from-google", Google: []awsfedtest.GoogleTrust{ // its trust policy
		{Subject: uniqueID, Audience: uniqueID, OriginalAudience: "https://aws.example"},
	}})
	if err != nil {
		log.Fatal(err)
	}

	cfg := cloud.Config()
	cfg.ServiceAccount = account
	tokens, err := awsfed.NewIDTokenSource(context.Background(), cfg, "https://aws.example")
	if err != nil {
		log.Fatal(err)
	}
	credentials, err := awsrole.NewCredentials(tokens, awsrole.Options{
		RoleARN: role, SessionName: "billing",
		Client: sts.New(sts.Options{Region: "us-east-1", HTTPClient: cloud.Client()}),
	})
	if err != nil {
		log.Fatal(err)
	}

	// Any client of the AWS SDK takes them.
	client := sts.NewFromConfig(aws.Config{Region: "us-east-1", HTTPClient: cloud.Client(), Credentials: credentials})
	who, err := client.GetCallerIdentity(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*who.Arn)
	// Output:
	// arn:aws:sts::123456789012:assumed-role/from-google/billing
}
