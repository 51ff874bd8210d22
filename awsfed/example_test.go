package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// With an emulator in the place of the clouds; a program in production writes its own Config and no
// HTTPClient.
func ExampleNewTokenSource() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts, err := awsfed.NewTokenSource(context.Background(), cloud.Config())
	if err != nil {
		log.Fatal(err)
	}
	token, err := ts.Token() // or storage.NewClient(ctx, option.WithTokenSource(ts))
	if err != nil {
		log.Fatal(err)
	}
	access, err := cloud.Check(token.AccessToken)
	fmt.Println(access.Principal, err)
	// Output: aws-app@my-project.iam.gserviceaccount.com <nil>
}

// A service that calls a Google API whose requests have deadlines.
func ExampleTransport() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	api := httptest.NewServer(cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello")
	})))
	defer api.Close()

	ts, err := awsfed.NewTokenSource(context.Background(), cloud.Config())
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: &awsfed.Transport{Source: ts}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// The fields of an error are for programs, its text and its hint are for people.
func ExampleError() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	missing, _ := awsfedtest.FaultByName("missing-binding")
	missing.Inject(cloud)
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	ts, err := awsfed.NewTokenSource(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	_, err = ts.Token()
	var e *awsfed.Error
	if errors.As(err, &e) {
		fmt.Println(e.Stage, e.StatusCode, e.Code, e.Transient)
	}
	fmt.Println(errors.Is(err, awsfed.ErrPermissionDenied))
	// Output:
	// impersonation 403 PERMISSION_DENIED false
	// true
}

// What is wrong, and what to do about it.
func ExampleDiagnose() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	disabled, _ := awsfedtest.FaultByName("pool-disabled")
	disabled.Inject(cloud)
	report, err := awsfed.Diagnose(context.Background(), cloud.Config(), nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range report.Steps {
		fmt.Println(step.Stage, step.Verdict)
	}
	// Output:
	// configuration passed
	// aws-credentials passed
	// aws-identity passed
	// attribute-mapping passed
	// token-exchange failed
	// impersonation skipped
	// network skipped
	// clock passed
}

// A credential file of an emulator is of a host that the program has to allow.
func ExampleConfigFromJSON() {
	_, err := awsfed.ConfigFromJSON([]byte(`{
		"type": "external_account",
		"audience": "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider",
		"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
		"token_url": "https://sts.example.com/v1/token",
		"credential_source": {"environment_id": "aws1"}
	}`), nil)
	fmt.Println(err)
	// Output: awsfed: token_url is "https://sts.example.com/v1/token": want a URL like https://sts.googleapis.com/v1/token, or one of a host that FileOptions.TokenHosts allows
}
