package fakegoogle_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const keysHost = "https://www.googleapis.com"

// keyOf gets the public key of that ID from an endpoint that serves a JSON Web Key Set or a map of
// certificates.
func keyOf(t *testing.T, cloud *testCloud, path, id string) *rsa.PublicKey {
	t.Helper()
	response, answer := callGoogle(t, cloud, http.MethodGet, keysHost+path, "")
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	assert.Equal(t, "public, max-age=3600", response.Header.Get("Cache-Control"))
	if keys, isSet := answer["keys"]; isSet {
		key := keys.([]any)[0].(map[string]any)
		require.Equal(t, id, key["kid"])
		assert.Equal(t, []any{"RSA", "RS256", "sig"}, []any{key["kty"], key["alg"], key["use"]})
		number := func(name string) *big.Int {
			data, err := base64.RawURLEncoding.DecodeString(key[name].(string))
			require.NoError(t, err)
			return new(big.Int).SetBytes(data)
		}
		return &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
	}
	require.Contains(t, answer, id)
	block, _ := pem.Decode([]byte(answer[id].(string)))
	require.NotNil(t, block)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.True(t, certificate.NotBefore.Before(cloud.Now()) && certificate.NotAfter.After(cloud.Now()))
	return certificate.PublicKey.(*rsa.PublicKey)
}

// claimsOf verifies a JSON Web Token with the keys at path and returns its claims.
func claimsOf(t *testing.T, cloud *testCloud, path, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		decoded[i], err = base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
	}
	var header struct{ Alg, Kid, Typ string }
	require.NoError(t, json.Unmarshal(decoded[0], &header))
	assert.Equal(t, []string{"RS256", "JWT"}, []string{header.Alg, header.Typ})
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	require.NoError(t, rsa.VerifyPKCS1v15(keyOf(t, cloud, path, header.Kid), crypto.SHA256, digest[:], decoded[2]))
	var claims map[string]any
	require.NoError(t, json.Unmarshal(decoded[1], &claims))
	return claims
}

func TestGenerateIDToken(t *testing.T) {
	for name, test := range map[string]struct {
		body         string
		organization int64
		want         map[string]any
	}{
		"the least":                       {body: `{"audience":"https://service.example"}`, want: map[string]any{}},
		"with the email":                  {body: `{"audience":"https://service.example","includeEmail":true}`, want: map[string]any{"email": appEmail, "email_verified": true}},
		"in snake_case":                   {body: `{"audience":"https://service.example","include_email":true}`, want: map[string]any{"email": appEmail, "email_verified": true}},
		"with the email as the party":     {body: `{"audience":"https://service.example","useEmailAzp":true}`, want: map[string]any{"azp": appEmail}},
		"with the unique ID as the party": {body: `{"audience":"https://service.example","useEmailAzp":false}`, want: map[string]any{}},
		"of an organization":              {`{"audience":"https://service.example","organizationNumberIncluded":true}`, 123, map[string]any{"google": map[string]any{"organization_number": 123.0}}},
		"of no organization":              {`{"audience":"https://service.example","organizationNumberIncluded":true}`, 0, map[string]any{"google": map[string]any{"organization_number": nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			var id string
			require.NoError(t, cloud.Google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) {
				id, sa.OrganizationNumber = sa.UniqueID, test.organization
			}))
			response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateIdToken", test.body)
			require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
			claims := claimsOf(t, cloud, "/oauth2/v3/certs", answer["token"].(string))
			assert.InDelta(t, cloud.Now().Unix(), claims["iat"], 5)
			assert.InDelta(t, cloud.Now().Add(time.Hour).Unix(), claims["exp"], 5)
			delete(claims, "iat")
			delete(claims, "exp")
			test.want["iss"], test.want["aud"] = "https://accounts.google.com", "https://service.example"
			test.want["sub"] = id
			if test.want["azp"] == nil {
				test.want["azp"] = id
			}
			assert.Equal(t, test.want, claims)
		})
	}
}

func TestTheCreatorOfIDTokensMayCreateThem(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	cloud.Google.RemoveBinding()
	require.NoError(t, cloud.Google.Grant(appEmail, fakegoogle.RoleServiceAccountOpenIDTokenCreator, cloud.Google.Provider().Everyone()))
	response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateIdToken", `{"audience":"a"}`)
	assert.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
}

// signer is a cloud whose service account may sign as itself, and a token of that account.
func signer(t *testing.T) (cloud *testCloud, token string) {
	t.Helper()
	cloud = newCloud(fakegoogle.Options{})
	require.NoError(t, cloud.Google.Grant(appEmail, fakegoogle.RoleServiceAccountTokenCreator, "serviceAccount:"+appEmail))
	return cloud, impersonate(t, cloud)
}

func TestSignBlob(t *testing.T) {
	cloud, token := signer(t)
	for name, payload := range map[string]string{
		"the standard alphabet": "+/8=", "the URL's alphabet": "-_8=", "no padding": "+/8",
	} {
		t.Run(name, func(t *testing.T) {
			response, answer := postIAM(t, cloud, token, appEmail+":signBlob", `{"payload":"`+payload+`"}`)
			require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
			signature, err := base64.StdEncoding.DecodeString(answer["signedBlob"].(string))
			require.NoError(t, err)
			digest := sha256.Sum256([]byte{0xfb, 0xff})
			id := answer["keyId"].(string)
			for _, path := range []string{
				"/service_accounts/v1/metadata/x509/" + appEmail,
				"/service_accounts/v1/metadata/jwk/" + appEmail,
				"/service_accounts/v1/jwk/" + appEmail,
			} {
				assert.NoError(t, rsa.VerifyPKCS1v15(keyOf(t, cloud, path, id), crypto.SHA256, digest[:], signature), path)
			}
		})
	}
	for _, payload := range []string{"", "*"} {
		response, _ := postIAM(t, cloud, token, appEmail+":signBlob", `{"payload":"`+payload+`"}`)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, payload)
	}
}

func TestEachSignerHasAKeyOfItsOwn(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	other := addAccount(t, cloud, "other@my-project.iam.gserviceaccount.com")
	seen := make(map[string]bool)
	for _, path := range []string{"/oauth2/v1/certs", "/service_accounts/v1/metadata/x509/" + appEmail, "/service_accounts/v1/metadata/x509/" + other.Email} {
		for range 2 {
			_, answer := callGoogle(t, cloud, http.MethodGet, keysHost+path, "")
			require.Len(t, answer, 1, path)
			for id := range answer {
				seen[id] = true
			}
		}
	}
	assert.Len(t, seen, 3)
}

func TestSignJWT(t *testing.T) {
	cloud, token := signer(t)
	now := cloud.Now().Unix()
	for name, test := range map[string]struct {
		payload string
		want    int
	}{
		"no exp":                  {`{"sub":"x"}`, 200},
		"an exp of an hour":       {fmt.Sprintf(`{"exp":%d}`, now+3600), 200},
		"an exp in the past":      {fmt.Sprintf(`{"exp":%d}`, now-60), 400},
		"an exp after 12 hours":   {fmt.Sprintf(`{"exp":%d}`, now+12*3600+60), 400},
		"an exp that is a string": {fmt.Sprintf(`{"exp":"%d"}`, now+3600), 400},
		"an exp with a fraction":  {fmt.Sprintf(`{"exp":%d.5}`, now+3600), 400},
		"no object":               {`[]`, 400},
		"null":                    {`null`, 400},
		"no JSON":                 {`x`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := json.Marshal(map[string]string{"payload": test.payload})
			require.NoError(t, err)
			response, answer := postIAM(t, cloud, token, appEmail+":signJwt", string(body))
			require.Equal(t, test.want, response.StatusCode, "%v", answer)
			if test.want == http.StatusOK {
				claims, err := json.Marshal(claimsOf(t, cloud, "/service_accounts/v1/jwk/"+appEmail, answer["signedJwt"].(string)))
				require.NoError(t, err)
				assert.JSONEq(t, test.payload, string(claims))
			}
		})
	}
}

func TestFederatedTokensMaySignWhereThatIsSwitchedOn(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	require.NoError(t, cloud.Google.Grant(appEmail, fakegoogle.RoleServiceAccountTokenCreator, cloud.Google.Provider().Everyone()))
	u := cloud.Google.Unsettled()
	u.AcceptFederatedSigning = true
	cloud.Google.SetUnsettled(u)
	token := federatedToken(t, cloud)
	for method, payload := range map[string]string{"signBlob": "eA==", "signJwt": "{}"} {
		response, answer := postIAM(t, cloud, token, appEmail+":"+method, `{"payload":"`+payload+`"}`)
		assert.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	}
}

func TestSigningNeedsItsPermission(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := impersonate(t, cloud)
	for _, method := range []string{"signBlob", "signJwt"} {
		response, answer := postIAM(t, cloud, token, appEmail+":"+method, `{"payload":"eA=="}`)
		assert.Equal(t, http.StatusForbidden, response.StatusCode)
		assert.Equal(t, "Permission 'iam.serviceAccounts."+method+"' denied on resource (or it may not exist).", answer["error"].(map[string]any)["message"])
	}
}

func TestKeysOfNobodyAreNotServed(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	for _, request := range []string{
		"GET /service_accounts/v1/metadata/x509/no@x",
		"GET /service_accounts/v1/metadata/raw/" + appEmail,
		"GET /oauth2/v2/certs",
		"GET /x509/" + appEmail,
		"POST /oauth2/v3/certs",
	} {
		method, path, _ := strings.Cut(request, " ")
		response, _ := callGoogle(t, cloud, method, keysHost+path, "")
		assert.Equal(t, http.StatusNotFound, response.StatusCode, request)
	}
}
