package awsfed_test

import (
	"context"
	"fmt"
	"log"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A token of a Workspace user, for whom an administrator lets the service account act.
func ExampleNewDelegatedTokenSource() {
	ctx := context.Background()
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	cfg := cloud.Config()
	cfg.Scopes = []string{"https://www.googleapis.com/auth/calendar.readonly"}
	// In production, a binding on the account, and a grant in the admin console of the Workspace.
	for _, err := range []error{
		cloud.Grant(cfg.ServiceAccount, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+cfg.ServiceAccount),
		cloud.AddWorkspaceUser("ada@example.com"),
		cloud.DelegateDomain(cfg.ServiceAccount, cfg.Scopes...),
	} {
		if err != nil {
			log.Fatal(err)
		}
	}

	ts, err := awsfed.NewDelegatedTokenSource(ctx, cfg, "ada@example.com")
	if err != nil {
		log.Fatal(err)
	}
	token, err := ts.TokenContext(ctx)
	if err != nil {
		log.Fatal(err)
	}
	access, err := cloud.Check(token.AccessToken)
	fmt.Println(access.Principal, access.Scopes, err)
	// Output: ada@example.com [https://www.googleapis.com/auth/calendar.readonly] <nil>
}
