package awsfed_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// Email and SignBytes are what storage.SignedURLOptions of Cloud Storage asks for; a JWT is for
// services of one's own.
func ExampleSigner() {
	ctx := context.Background()
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	cfg := cloud.Config()
	// In production, gcloud iam service-accounts add-iam-policy-binding: the account may sign as itself.
	if err := cloud.Grant(cfg.ServiceAccount, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+cfg.ServiceAccount); err != nil {
		log.Fatal(err)
	}

	signer, err := awsfed.NewSigner(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	signature, err := signer.SignBytes([]byte("GOOG4-RSA-SHA256\n…"))
	fmt.Println(signer.Email(), len(signature), err)

	token, keyID, err := signer.SignJWT(ctx, map[string]any{"iss": signer.Email(), "aud": "https://api.example.com", "exp": time.Now().Add(time.Hour).Unix()})
	fmt.Println(strings.Count(token, "."), len(keyID), err)
	// Output:
	// aws-app@my-project.iam.gserviceaccount.com 256 <nil>
	// 2 40 <nil>
}
