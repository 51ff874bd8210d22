package awsfedtest_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func number(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return b
}

// verifyOutbound does what a relying party does: it finds the issuer's keys by the discovery
// document, and verifies the token by them.
func verifyOutbound(t *testing.T, client *http.Client, issuer, token string) map[string]any {
	t.Helper()
	var discovery struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	_, body, err := get(t.Context(), client, issuer+"/.well-known/openid-configuration")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(body), &discovery))
	require.Equal(t, issuer, discovery.Issuer)
	var set struct {
		Keys []struct{ Kty, Kid, Crv, N, E, X, Y string }
	}
	_, body, err = get(t.Context(), client, discovery.Keys)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(body), &set))
	require.Len(t, set.Keys, 2)

	signed, signature := token[:strings.LastIndex(token, ".")], number(t, token[strings.LastIndex(token, ".")+1:])
	first, second, _ := strings.Cut(signed, ".")
	var header struct{ Kid string }
	require.NoError(t, json.Unmarshal(number(t, first), &header))
	verified := false
	for _, key := range set.Keys {
		switch {
		case key.Kid != header.Kid:
		case key.Kty == "RSA":
			digest := sha256.Sum256([]byte(signed))
			public := &rsa.PublicKey{N: new(big.Int).SetBytes(number(t, key.N)), E: int(new(big.Int).SetBytes(number(t, key.E)).Int64())}
			verified = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		case key.Kty == "EC" && key.Crv == "P-384":
			digest := sha512.Sum384([]byte(signed))
			point := append([]byte{4}, append(number(t, key.X), number(t, key.Y)...)...)
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), point)
			require.NoError(t, err)
			half := len(signature) / 2
			verified = ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
		}
	}
	require.True(t, verified)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(number(t, second), &claims))
	return claims
}

// stsOf is the AWS SDK's client of STS with the keys of a session of the role app.
func stsOf(t *testing.T, cloud *awsfedtest.Cloud, client *http.Client, endpoint *string) *sts.Client {
	t.Helper()
	keys, err := cloud.AddSession("app", "test", time.Hour)
	require.NoError(t, err)
	return sts.New(sts.Options{
		Region: "us-east-1", HTTPClient: client, BaseEndpoint: endpoint, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
	})
}

func TestAWSIsAnOpenIDConnectIssuer(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	issuer := cloud.EnableOutboundIdentity()
	server, direct := start(t, cloud)
	// Behind a server the host alone tells the issuer, as with a changed DNS.
	named := httptest.NewServer(cloud)
	t.Cleanup(named.Close)
	for _, test := range []struct {
		name     string
		client   *http.Client
		endpoint *string
	}{
		{"in the process", cloud.Client(), nil},
		{"on a port", direct, &server.URL},
	} {
		for _, algorithm := range []string{"RS256", "ES384"} {
			t.Run(test.name+" by "+algorithm, func(t *testing.T) {
				got, err := stsOf(t, cloud, test.client, test.endpoint).GetWebIdentityToken(t.Context(), &sts.GetWebIdentityTokenInput{
					Audience: []string{"https://iam.googleapis.com/p"}, SigningAlgorithm: &algorithm,
				})
				require.NoError(t, err)
				claims := verifyOutbound(t, cloud.Client(), issuer, *got.WebIdentityToken)
				assert.Equal(t, issuer, claims["iss"])
				assert.Equal(t, "arn:aws:iam::123456789012:role/app", claims["sub"])
				assert.Equal(t, "https://iam.googleapis.com/p", claims["aud"])
			})
		}
	}
	t.Run("by the issuer's name on a port", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, named.URL+"/.well-known/jwks.json", nil)
		require.NoError(t, err)
		r.Host = strings.TrimPrefix(issuer, "https://")
		response, err := named.Client().Do(r)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusOK, response.StatusCode)
	})
	assert.Positive(t, cloud.Count(awsfedtest.AWSIssuer))
}

func TestOutboundTokensWorkInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		issuer := cloud.EnableOutboundIdentity()
		got, err := stsOf(t, cloud, cloud.Client(), nil).GetWebIdentityToken(t.Context(), &sts.GetWebIdentityTokenInput{
			Audience: []string{"a"}, SigningAlgorithm: aws.String("RS256"), DurationSeconds: aws.Int32(600),
		})
		require.NoError(t, err)
		assert.Equal(t, time.Now().Add(10*time.Minute).UTC(), *got.Expiration)
		verifyOutbound(t, cloud.Client(), issuer, *got.WebIdentityToken)
	})
}
