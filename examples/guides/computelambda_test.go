package guides_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// [lambda]
type function struct{ google *http.Client }

// newFunction is called in main: once for each execution environment, in its init phase.
func newFunction(ctx context.Context) (*function, error) {
	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{
		Audience:       "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod",
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
		Timeout:        5 * time.Second, // less than the 10 of the init phase, and than the function may take
	})
	if err != nil {
		return nil, err
	}
	if _, err := ts.TokenContext(ctx); err != nil {
		slog.Warn("no token yet; invocations try again", "error", err)
	}
	return &function{google: &http.Client{Transport: &awsfed.Transport{Source: ts}}}, nil
}

// handle waits for a token no longer than its invocation lasts.
func (f *function) handle(ctx context.Context, order struct{ Object string }) (string, error) {
	object := "https://storage.googleapis.com/storage/v1/b/acme-orders/o/" + url.PathEscape(order.Object) + "?alt=media"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, object, nil)
	if err != nil {
		return "", err
	}
	resp, err := f.google.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("reading %s: %s", order.Object, resp.Status)
	}
	content, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return string(content), err
}

// [end]

// ordersBucket is Cloud Storage as far as handle needs it.
func ordersBucket(cloud *awsfedtest.Cloud) {
	cloud.Handle("storage.googleapis.com", cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/storage/v1/b/acme-orders/o/2026-11-23.csv" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "an order")
	})))
}

func invoke(t *testing.T, f *function) string {
	t.Helper()
	answer, err := lambda.NewHandler(f.handle).Invoke(t.Context(), []byte(`{"Object": "2026-11-23.csv"}`))
	require.NoError(t, err)
	var text string
	require.NoError(t, json.Unmarshal(answer, &text))
	return text
}

func TestEachExecutionEnvironmentExchangesOnceAndItsInvocationsNever(t *testing.T) {
	cloud := awsfedtest.New(pageWorld())
	onAWS(t, cloud, awsfedtest.SourceEnvironment)
	ordersBucket(cloud)
	const environments, invocations = 20, 50
	for range environments {
		f, err := newFunction(t.Context())
		require.NoError(t, err)
		for range invocations {
			require.Equal(t, "an order", invoke(t, f))
		}
	}
	assert.Equal(t, environments, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, environments, cloud.Count(awsfedtest.IAMCredentials))
}

// inLambda makes this process an execution environment of Lambda, in a bubble.
func inLambda(t *testing.T) *awsfedtest.Cloud {
	t.Helper()
	withoutAWS(t)
	quietLog(t)
	cloud := awsfedtest.New(pageWorld())
	keys, err := cloud.AddSession("app", "resize", 12*time.Hour)
	require.NoError(t, err)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", keys.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", keys.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", keys.SessionToken)
	googleAt(t, cloud.Client().Transport)
	t.Cleanup(synctest.Wait) // before the transport is put back
	ordersBucket(cloud)
	return cloud
}

func TestAnExecutionEnvironmentThatStartsInAnOutageWorksAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := inLambda(t)
		remove := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		start := time.Now()
		f, err := newFunction(t.Context())
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(start), 5*time.Second)
		remove()
		time.Sleep(time.Minute) // a failure stands for some seconds
		assert.Equal(t, "an order", invoke(t, f))
		time.Sleep(3 * time.Hour) // until nobody refreshes: a bubble must not end before
	})
}

func TestAFunctionWithoutAWayOutFailsWithTheHintBeforeItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inLambda(t).Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
		f, err := newFunction(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // as the function may take
		defer cancel()
		_, err = f.handle(ctx, struct{ Object string }{"2026-11-23.csv"})
		require.NoError(t, ctx.Err())
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		recorded(t, "lambda.golden", map[string]string{"no-way-out": fmt.Sprintf("%+v", e)})
		time.Sleep(3 * time.Hour)
	})
}
