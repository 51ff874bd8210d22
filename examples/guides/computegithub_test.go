package guides_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// [github]
// newGitHubTokens needs no part of AWS: GitHub vouches for the job, which has the permission
// id-token: write.
func newGitHubTokens(ctx context.Context) (*awsfed.TokenSource, error) {
	const provider = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/github"
	return awsfed.NewTokenSource(ctx, awsfed.Config{
		Audience:       provider,
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
		Subject: awsfed.Subject{
			URL:     os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL") + "&audience=" + url.QueryEscape("https:"+provider),
			Headers: map[string]string{"Authorization": "Bearer " + os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")},
			Field:   "value",
		},
	})
}

// [end]

func TestGitHubsOwnTokenIsEnoughForAGoogleToken(t *testing.T) {
	withoutAWS(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	github := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-this-job" {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": signedToken(t, key, map[string]any{
			"iss": "https://token.actions.githubusercontent.com", "aud": r.FormValue("audience"), "repository": "acme/orders",
			"sub": "repo:acme/orders:ref:refs/heads/main", "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(),
		})})
	})
	const host = "run-actions-1-azure-eastus.actions.githubusercontent.com"
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://"+host+"/idtoken?api-version=2.0")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-this-job")

	cloud := awsfedtest.New(pageWorld())
	cloud.Handle(host, github)
	googleAt(t, cloud.Client().Transport)
	provider, err := principal.ParseAudience("//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/github")
	require.NoError(t, err)
	require.NoError(t, cloud.AddOIDCProvider(awsfedtest.OIDCProvider{
		Provider: provider, Issuer: "https://token.actions.githubusercontent.com",
		Keys: func(string) crypto.PublicKey { return &key.PublicKey },
		Mapping: func(claims map[string]any) (principal.Attributes, error) {
			subject, _ := claims["sub"].(string)
			repository, _ := claims["repository"].(string)
			return principal.Attributes{Subject: subject, Custom: map[string]string{"repository": repository}}, nil
		},
	}))
	require.NoError(t, cloud.Grant("aws-app@my-project.iam.gserviceaccount.com", "roles/iam.workloadIdentityUser",
		provider.Attribute("repository", "acme/orders")))

	ts, err := newGitHubTokens(t.Context())
	require.NoError(t, err)
	_, err = ts.Token()
	require.NoError(t, err)
	assert.Zero(t, cloud.Count(awsfedtest.AWSSTS), "AWS has no part in it")
}

// signedToken is a JWT by RS256.
func signedToken(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	encoded := func(v any) string {
		text, err := json.Marshal(v)
		assert.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	unsigned := encoded(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "one"}) + "." + encoded(claims)
	digest := sha256.Sum256([]byte(unsigned))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	assert.NoError(t, err)
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(signature)
}
