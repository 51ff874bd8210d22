package awsfed_test

import (
	"context"
	"fmt"
	"log"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// Two service accounts from one federated token: the exchange is made once for both, and each has
// tokens that are refreshed on their own.
func ExampleConfig_federated() {
	ctx := context.Background()
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	accounts := []string{"reader@my-project.iam.gserviceaccount.com", "writer@my-project.iam.gserviceaccount.com"}
	for _, account := range accounts { // in production, gcloud iam service-accounts create and add-iam-policy-binding
		if err := cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: account}); err != nil {
			log.Fatal(err)
		}
		if err := cloud.Grant(account, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()); err != nil {
			log.Fatal(err)
		}
	}

	cfg := cloud.Config()
	cfg.ServiceAccount = ""
	federated, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	cfg.Federated = federated
	for _, account := range accounts {
		cfg.ServiceAccount = account
		ts, err := awsfed.NewTokenSource(ctx, cfg)
		if err != nil {
			log.Fatal(err)
		}
		token, err := ts.Token()
		if err != nil {
			log.Fatal(err)
		}
		access, err := cloud.Check(token.AccessToken)
		fmt.Println(access.Principal, err)
	}
	fmt.Println(cloud.Count(awsfedtest.GoogleSTS), "exchange,", cloud.Count(awsfedtest.IAMCredentials), "impersonations")
	// Output:
	// reader@my-project.iam.gserviceaccount.com <nil>
	// writer@my-project.iam.gserviceaccount.com <nil>
	// 1 exchange, 2 impersonations
}
