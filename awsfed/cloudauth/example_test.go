package cloudauth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/cloudauth"
)

// With an emulator in the place of the clouds; a program in production writes its own Config, and
// no endpoint.
func ExampleCredentials() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	api := httptest.NewServer(cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"items": [{"name": "acme-orders"}]}`)
		fmt.Println("paid by", r.Header.Get("X-Goog-User-Project"))
	})))
	defer api.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cfg := cloud.Config()
	ts, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	// At the start of the program: what is wrong, with a hint, before anybody waits for it.
	if _, err := ts.TokenContext(ctx); err != nil {
		log.Fatal(err)
	}
	client, err := storage.NewClient(ctx,
		option.WithAuthCredentials(cloudauth.Credentials(ts, &cloudauth.Options{QuotaProject: "my-billing"})),
		option.WithEndpoint(api.URL))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	bucket, err := client.Buckets(ctx, "my-project").Next()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bucket.Name)
	// Output:
	// paid by my-billing
	// acme-orders
}

// The error of a call that got no token says what failed on the way to it.
func ExampleCredentials_error() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	missing, _ := awsfedtest.FaultByName("missing-binding")
	missing.Inject(cloud)
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	ctx := context.Background()
	ts, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	client, err := storage.NewClient(ctx, option.WithAuthCredentials(cloudauth.Credentials(ts, nil)))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Buckets(ctx, "my-project").Next()
	var e *awsfed.Error
	if errors.As(err, &e) {
		fmt.Println(e.Stage, e.StatusCode, e.Code, e.Transient)
	}
	// Output: impersonation 403 PERMISSION_DENIED false
}
