package awsfed_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// The file that GOOGLE_APPLICATION_CREDENTIALS names, as gcloud iam workload-identity-pools
// create-cred-config writes it. What it cannot say, credentials of one's own for example, is set
// afterwards.
func ExampleConfigFromEnv() {
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	file, err := cloud.Config().CredentialFile()
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "awsfed")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "credentials.json")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		log.Fatal(err)
	}
	defer os.Setenv("GOOGLE_APPLICATION_CREDENTIALS", os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"))
	os.Setenv("GOOGLE_APPLICATION_CREDENTIALS", name)

	cfg, err := awsfed.ConfigFromEnv(nil)
	if err != nil {
		log.Fatal(err)
	}
	cfg.Credentials, cfg.Region, cfg.HTTPClient = cloud.Config().Credentials, "us-east-1", cloud.Client() // none of them in production
	ts, err := awsfed.NewTokenSource(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	token, err := ts.Token()
	if err != nil {
		log.Fatal(err)
	}
	access, err := cloud.Check(token.AccessToken)
	fmt.Println(access.Principal, err)
	// Output: aws-app@my-project.iam.gserviceaccount.com <nil>
}
