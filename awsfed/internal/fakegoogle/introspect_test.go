package fakegoogle_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const introspectURL = "https://sts.googleapis.com/v1/introspect"

func introspect(t *testing.T, cloud *testCloud, token string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	form := url.Values{"token": {token}, "token_type_hint": {"urn:ietf:params:oauth:token-type:access_token"}}
	return callGoogle(t, cloud, http.MethodPost, introspectURL, form.Encode(), append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

func TestSTSSaysWhoseItsTokensAre(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	federated := federatedToken(t, cloud)
	account := impersonate(t, cloud)
	_, answer := postForm(t, cloud, downscopeForm(account))
	downscoped := answer["access_token"].(string)
	principal := cloud.Google.Provider().Subject("arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0")
	var id string
	require.NoError(t, cloud.Google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) { id = sa.UniqueID }))
	for name, test := range map[string]struct{ token, subject, username string }{
		"a federated token":               {federated, principal, principal},
		"a token that STS has downscoped": {downscoped, id, appEmail},
	} {
		t.Run(name, func(t *testing.T) {
			access, err := cloud.Google.Check(test.token)
			require.NoError(t, err)
			response, answer := introspect(t, cloud, test.token)
			require.Equal(t, http.StatusOK, response.StatusCode)
			assert.Regexp(t, `^\d{10}$`, answer["iat"])
			delete(answer, "iat")
			assert.Equal(t, map[string]any{
				"active": true, "exp": fmt.Sprint(access.Expires.Unix()), "iss": "https://sts.googleapis.com/",
				"scope": cloudPlatform, "sub": test.subject, "username": test.username,
			}, answer)
		})
	}
}

func TestTokensThatAreNotOfSTSAreInactive(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	expired := federatedToken(t, cloud)
	cloud.SetClock(2 * time.Hour)
	for name, token := range map[string]string{"an access token of an account": impersonate(t, cloud), "an unknown one": "x", "one that has ended": expired} {
		t.Run(name, func(t *testing.T) {
			response, answer := introspect(t, cloud, token)
			assert.Equal(t, http.StatusOK, response.StatusCode)
			assert.Equal(t, map[string]any{"active": false}, answer)
		})
	}
}

func TestIntrospectionTakesJSON(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := federatedToken(t, cloud)
	for body, want := range map[string]any{
		`{"token":"` + token + `","tokenTypeHint":"access_token"}`:   true,
		`{"token":"` + token + `","token_type_hint":"access_token"}`: true,
		`{"token":"x"}`: false,
		`{"Token":"x"}`: nil,
	} {
		_, answer := callGoogle(t, cloud, http.MethodPost, introspectURL, body, "Content-Type", "application/json")
		assert.Equal(t, want, answer["active"], "%s: %v", body, answer)
	}
}

func TestIntrospectionIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*testCloud)
		token string
		code  int
		want  string
	}{
		"without a token":         {func(*testCloud) {}, "", 400, "invalid_request"},
		"without the client":      {func(c *testCloud) { c.Google.RequireClient("id", "secret") }, "x", 401, "invalid_client"},
		"when the quota is spent": {func(c *testCloud) { c.Google.ExhaustSTSQuota() }, "x", 429, "quota_exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			test.spoil(cloud)
			response, answer := introspect(t, cloud, test.token)
			assert.Equal(t, test.code, response.StatusCode)
			assert.Equal(t, test.want, answer["error"])
		})
	}
	cloud := newCloud(fakegoogle.Options{})
	response, answer := introspect(t, cloud, federatedToken(t, cloud), "Authorization", "Basic eDp5")
	assert.Equal(t, http.StatusOK, response.StatusCode, "gcloud sends a client of its own")
	assert.Equal(t, true, answer["active"])
	response, _ = callGoogle(t, cloud, http.MethodGet, introspectURL, "")
	assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
}
