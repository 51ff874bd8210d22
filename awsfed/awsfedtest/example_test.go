package awsfedtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// report is the service under test: it runs on AWS and reads from a Google API.
func report(ctx context.Context, cfg awsfed.Config, api string) (string, error) {
	source, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, api, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &awsfed.Transport{Source: source}}
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// One's own service is tested against a cloud in which all is well, and then against one in which
// something is not.
func Example() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	api := httptest.NewServer(cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "42 rows")
	})))
	defer api.Close()

	fmt.Println(report(context.Background(), cfg, api.URL))

	// The binding is gone: the service should say so, and ops should understand.
	missing, _ := awsfedtest.FaultByName("missing-binding")
	missing.Inject(cloud)
	_, err := report(context.Background(), cfg, api.URL)
	var fault *awsfed.Error
	fmt.Println(errors.As(err, &fault), fault.Stage, fault.Code)

	for _, r := range cloud.Requests()[3:] { // after those to EC2 metadata
		fmt.Println(r.Endpoint, r.Action, r.Status)
	}
	// Output:
	// 42 rows <nil>
	// true impersonation PERMISSION_DENIED
	// google-sts ExchangeToken 200
	// aws-sts GetCallerIdentity 200
	// iam-credentials generateAccessToken 200
	// google-sts ExchangeToken 200
	// aws-sts GetCallerIdentity 200
	// iam-credentials generateAccessToken 403
}
