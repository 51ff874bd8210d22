package awsfedtest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// issuer signs the tokens of an OpenID Connect provider.
type issuer struct{ key *ecdsa.PrivateKey }

func newIssuer(t *testing.T) issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return issuer{key}
}

// Key is the Keys of a provider.
func (i issuer) Key(kid string) crypto.PublicKey {
	if kid != "1" {
		return nil
	}
	return i.key.Public()
}

// sign makes a token of ES256.
func (i issuer) sign(t *testing.T, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"1"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	require.NoError(t, err)
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature[:])
}

func TestCloudTakesTokensOfAnOIDCProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		signer := newIssuer(t)
		provider := awsfedtest.OIDCProvider{
			Provider: cloud.Provider(), Issuer: "https://issuer.example", Audiences: []string{"google"}, Keys: signer.Key,
			Mapping: func(claims map[string]any) (principal.Attributes, error) {
				return principal.Attributes{Subject: claims["sub"].(string) + "-mapped"}, nil
			},
			Condition: func(claims map[string]any, _ principal.Attributes) (bool, error) {
				return claims["stage"] == "prod", nil
			},
		}
		provider.ID = "my-oidc-provider"
		require.NoError(t, cloud.AddOIDCProvider(provider))
		require.ErrorContains(t, cloud.AddOIDCProvider(provider), "awsfedtest: ")

		exchange := func(stage string) (int, map[string]any) {
			now := time.Now().Unix()
			form := url.Values{
				"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
				"audience":             {provider.Audience()},
				"scope":                {cloudPlatform},
				"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
				"subject_token_type":   {"urn:ietf:params:oauth:token-type:jwt"},
				"subject_token": {signer.sign(t, map[string]any{
					"iss": "https://issuer.example", "sub": "workload", "aud": "google", "iat": now, "exp": now + 300, "stage": stage,
				})},
			}
			var answer map[string]any
			status, err := post(t.Context(), cloud.Client(), "https://sts.googleapis.com/v1/token", "application/x-www-form-urlencoded", "", form.Encode(), &answer)
			require.NoError(t, err)
			return status, answer
		}
		status, answer := exchange("prod")
		require.Equal(t, http.StatusOK, status, answer)
		access, err := cloud.Check(answer["access_token"].(string))
		require.NoError(t, err)
		assert.Equal(t, awsfedtest.Access{
			Kind: awsfed.FederatedToken, Principal: provider.Subject("workload-mapped"),
			Scopes: []string{cloudPlatform}, Expires: cloud.Now().Add(299 * time.Second),
		}, access)

		status, answer = exchange("test")
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, "The given credential is rejected by the attribute condition.", answer["error_description"])
	})
}
