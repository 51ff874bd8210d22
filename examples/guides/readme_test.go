//lint:file-ignore SA4006 the page leaves out what follows an error

package guides_test

// [first]
import (
	"cloud.google.com/go/storage"
	"github.com/awsfed/awsfed-go/awsfed"
	"google.golang.org/api/option"
)

// [end]

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/cloudauth"
)

// It is compiled and not run: it reaches for the real clouds.
func Example_readmeFirst() {
	ctx := context.Background()
	// [first]
	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{
		Audience:       "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/aws-pool/providers/prod",
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ts.TokenContext(ctx); err != nil {
		log.Fatal(err) // at start-up: the real error, with its hint
	}
	client, err := storage.NewClient(ctx, option.WithTokenSource(ts))
	// [end]
	_ = client
}

func TestReadmeTakesEverythingFromOneConfig(t *testing.T) {
	ctx := t.Context()
	clouds := awsfedtest.New(awsfedtest.Options{})
	cfg := clouds.Config()
	require.NoError(t, clouds.Grant(cfg.ServiceAccount, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+cfg.ServiceAccount))
	// [identity]
	idTokens, err := awsfed.NewIDTokenSource(ctx, cfg, "https://reports-x.a.run.app") // Cloud Run, IAP; a *TokenSource like any other

	signer, err := awsfed.NewSigner(ctx, cfg) // signed URLs, policies, JWTs
	url, err := storage.SignedURL("bucket", "object", &storage.SignedURLOptions{
		GoogleAccessID: signer.Email(), SignBytes: signer.SignBytes,
		Scheme: storage.SigningSchemeV4, Method: "GET", Expires: time.Now().Add(time.Hour),
	})

	calendar, err := awsfed.NewDelegatedTokenSource(ctx, cfg, "ada@example.com") // a Workspace user, by domain-wide delegation
	// [end]
	require.NoError(t, err)
	token, err := idTokens.TokenContext(ctx)
	require.NoError(t, err)
	assert.NotEmpty(t, token.AccessToken)
	assert.Contains(t, url, "X-Goog-Signature=")
	assert.NotNil(t, calendar)
}

func TestReadmePassesTheContextToGooglesClients(t *testing.T) {
	ctx := t.Context()
	ts, err := awsfed.NewTokenSource(ctx, awsfedtest.New(awsfedtest.Options{}).Config())
	require.NoError(t, err)
	// [clients]
	// go get github.com/awsfed/awsfed-go/awsfed/cloudauth
	client, err := storage.NewClient(ctx, option.WithAuthCredentials(
		cloudauth.Credentials(ts, &cloudauth.Options{QuotaProject: "my-billing"})))
	// [end]
	require.NoError(t, err)
	require.NoError(t, client.Close())
}

func TestReadmeTestsAService(t *testing.T) {
	ctx := t.Context()
	myFakeAPI := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	// [emulator]
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts, err := awsfed.NewTokenSource(ctx, cloud.Config())
	api := httptest.NewServer(cloud.Protect(myFakeAPI)) // takes only tokens that the emulator issued
	// [end]
	require.NoError(t, err)
	defer api.Close()
	answer, err := (&http.Client{Transport: &awsfed.Transport{Source: ts}}).Get(api.URL)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
}
