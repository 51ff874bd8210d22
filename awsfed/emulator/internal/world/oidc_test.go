package world_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// sign makes a JWT by ES256 (RFC 7518 §3.4).
func sign(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signed := base64URL([]byte(`{"alg":"ES256","kid":"k"}`)) + "." + base64URL(payload)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	require.NoError(t, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64URL(signature)
}

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// exchange trades a token at Google's STS.
func exchange(t *testing.T, cloud *awsfedtest.Cloud, audience, token string) map[string]any {
	t.Helper()
	response, err := cloud.Client().PostForm("https://sts.googleapis.com/v1/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "audience": {audience},
		"scope":                {"https://www.googleapis.com/auth/cloud-platform"},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"subject_token_type":   {"urn:ietf:params:oauth:token-type:jwt"}, "subject_token": {token},
	})
	require.NoError(t, err)
	defer response.Body.Close()
	var answer map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	answer["status"] = response.StatusCode
	return answer
}

func TestProviderOfOpenIDConnectTakesTokensOfTheKeysOfTheFile(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	cloud := build(t, fmt.Sprintf(`
google:
  pools:
    - id: my-pool
      providers:
        - id: github
          oidc:
            issuer: https://issuer.example.com
            jwks: {keys: [{kty: EC, kid: k, crv: P-256, x: %s, y: %s}]}
          attribute_mapping:
            google.subject: assertion.sub
            google.groups: assertion.groups
            attribute.number: string(assertion.number)
          attribute_condition: assertion.owner == 'me' && 'ours' in google.groups
`, base64URL(point[1:33]), base64URL(point[33:])))
	const audience = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-pool/providers/github"
	claims := map[string]any{
		"iss": "https://issuer.example.com", "aud": audience, "sub": "jane", "owner": "me", "groups": []string{"ours"}, "number": 1.5,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	answer := exchange(t, cloud, audience, sign(t, key, claims))
	require.Equal(t, http.StatusOK, answer["status"], answer)
	access, err := cloud.Check(answer["access_token"].(string))
	require.NoError(t, err)
	assert.Equal(t, "principal://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-pool/subject/jane", access.Principal)

	claims["owner"] = "you"
	answer = exchange(t, cloud, audience, sign(t, key, claims))
	assert.Equal(t, "The given credential is rejected by the attribute condition.", answer["error_description"])
	delete(claims, "owner")
	answer = exchange(t, cloud, audience, sign(t, key, claims))
	assert.Contains(t, answer["error_description"], "emulator: the attribute condition failed: ")
	delete(claims, "groups")
	answer = exchange(t, cloud, audience, sign(t, key, claims))
	assert.Contains(t, answer["error_description"], "emulator: the attribute mapping failed: google.groups: ")

	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	answer = exchange(t, cloud, audience, sign(t, other, claims))
	assert.Equal(t, "invalid_grant", answer["error"], "another key")
	answer = exchange(t, cloud, cloud.Provider().Audience(), sign(t, key, claims))
	assert.Equal(t, "invalid_target", answer["error"], "there is no AWS provider")
}
