package awsfedtest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// federated returns a federated token of the cloud's role.
func federated(t *testing.T, cloud *awsfedtest.Cloud) string {
	t.Helper()
	cfg := cloud.Config()
	cfg.ServiceAccount = ""
	token, err := fetch(t.Context(), cfg)
	require.NoError(t, err)
	return token.AccessToken
}

// callIAM calls a method of IAM Credentials on a service account.
func callIAM(t *testing.T, cloud *awsfedtest.Cloud, token, account, method, body string) (int, map[string]any) {
	t.Helper()
	var answer map[string]any
	status, err := post(t.Context(), cloud.Client(), "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"+account+":"+method,
		"application/json", "Bearer "+token, body, &answer)
	require.NoError(t, err)
	return status, answer
}

// claimsOf returns what a JWT says, without a look at its signature.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(payload, &claims))
	return claims
}

func TestADelegateMayBeNamedByItsBareEmail(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	const delegate = "delegate@my-project.iam.gserviceaccount.com"
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: delegate}))
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: target}))
	require.NoError(t, cloud.Grant(delegate, creator, cloud.Provider().Everyone()))
	require.NoError(t, cloud.Grant(target, creator, "serviceAccount:"+delegate))
	token := federated(t, cloud)

	status, answer := callIAM(t, cloud, token, target, "generateAccessToken", `{"scope":["email"],"delegates":["`+delegate+`"]}`)
	require.Equal(t, http.StatusOK, status, answer)
	access, err := cloud.Check(answer["accessToken"].(string))
	require.NoError(t, err)
	assert.Equal(t, delegate, access.Delegation[1])
	status, _ = callIAM(t, cloud, token, target, "generateAccessToken", `{"scope":["email"]}`)
	assert.Equal(t, http.StatusForbidden, status, "without the delegate")
}

func TestTheAuthorizedPartyOfAnIDTokenMayBeTheEmail(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	account := cloud.Config().ServiceAccount
	status, answer := callIAM(t, cloud, federated(t, cloud), account, "generateIdToken", `{"audience":"https://service.example","useEmailAzp":true}`)
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, account, claimsOf(t, answer["token"].(string))["azp"])
}

func TestALifetimeOverAnHourIsRefusedAsTheCatalogueSays(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	account, token := cloud.Config().ServiceAccount, federated(t, cloud)
	_, want := callIAM(t, cloud, token, account, "generateAccessToken", `{"scope":["email"],"lifetime":"3601s"}`)
	status, answer := callIAM(t, cloud, token, account, "generateAccessToken", `{"scope":[""],"lifetime":"3600s"}`)
	require.Equal(t, http.StatusOK, status, answer)

	fault, ok := awsfedtest.FaultByName("lifetime-too-long")
	require.True(t, ok)
	defer fault.Inject(cloud)()
	status, answer = callIAM(t, cloud, token, account, "generateAccessToken", `{"scope":["email"]}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, want, answer)
}

func TestAServiceAccountSignsAsItselfIfItMay(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	account := cloud.Config().ServiceAccount
	token, err := fetch(t.Context(), cloud.Config())
	require.NoError(t, err)
	sign := func(token, method string) (int, map[string]any) {
		return callIAM(t, cloud, token, account, method, `{"payload":"`+map[string]string{"signBlob": "eA==", "signJwt": "{}"}[method]+`"}`)
	}
	for _, method := range []string{"signBlob", "signJwt"} {
		status, answer := sign(token.AccessToken, method)
		assert.Equal(t, http.StatusForbidden, status)
		assert.Contains(t, answer["error"].(map[string]any)["message"], "'iam.serviceAccounts."+method+"' denied")
	}
	require.NoError(t, cloud.Grant(account, creator, "serviceAccount:"+account))
	for _, method := range []string{"signBlob", "signJwt"} {
		status, answer := sign(token.AccessToken, method)
		assert.Equal(t, http.StatusOK, status, answer)
		assert.NotEmpty(t, answer["keyId"])
		status, _ = sign(federated(t, cloud), method)
		assert.Equal(t, http.StatusUnauthorized, status, "a federated token")
	}
}

func TestWhatAServiceAccountSignsIsVerifiedByItsKeysAlone(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	account := cloud.Config().ServiceAccount
	require.NoError(t, cloud.Grant(account, creator, "serviceAccount:"+account))
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: target}))
	token, err := fetch(t.Context(), cloud.Config())
	require.NoError(t, err)
	_, answer := callIAM(t, cloud, token.AccessToken, account, "signBlob", `{"payload":"eA=="}`)
	signature, err := base64.StdEncoding.DecodeString(answer["signedBlob"].(string))
	require.NoError(t, err)
	digest := sha256.Sum256([]byte("x"))
	for path, want := range map[string]bool{
		"/service_accounts/v1/metadata/x509/" + account: true,
		"/service_accounts/v1/metadata/x509/" + target:  false,
		"/oauth2/v1/certs": false,
	} {
		_, body, err := get(t.Context(), cloud.Client(), "https://www.googleapis.com"+path)
		require.NoError(t, err)
		var certificates map[string]string
		require.NoError(t, json.Unmarshal([]byte(body), &certificates))
		require.Len(t, certificates, 1)
		for id, text := range certificates {
			assert.Equal(t, want, id == answer["keyId"], path)
			block, _ := pem.Decode([]byte(text))
			certificate, err := x509.ParseCertificate(block.Bytes)
			require.NoError(t, err)
			err = rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature)
			assert.Equal(t, want, err == nil, path)
		}
	}
}
