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

const (
	tokenInfoURL = "https://oauth2.googleapis.com/tokeninfo"
	userInfoURL  = "https://openidconnect.googleapis.com/v1/userinfo"
)

// accountID is the unique ID of the account of Options.
func accountID(t *testing.T, cloud *testCloud) (id string) {
	t.Helper()
	require.NoError(t, cloud.Google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) { id = sa.UniqueID }))
	return id
}

func TestTokenInfoOfAnAccessToken(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	id := accountID(t, cloud)
	for name, test := range map[string]struct {
		scope string
		email bool
	}{
		"without the email":          {cloudPlatform, false},
		"with the email":             {"email", true},
		"with the email by its name": {"https://www.googleapis.com/auth/userinfo.email", true},
	} {
		token := tokenOfScope(t, cloud, test.scope)
		access, err := cloud.Google.Check(token)
		require.NoError(t, err)
		want := map[string]any{
			"azp": id, "aud": id, "sub": id, "scope": test.scope, "exp": fmt.Sprint(access.Expires.Unix()), "access_type": "online",
		}
		if test.email {
			want["email"], want["email_verified"] = appEmail, "true"
		}
		for way, send := range map[string]func() (*http.Response, map[string]any){
			"in the query": func() (*http.Response, map[string]any) {
				return callGoogle(t, cloud, http.MethodGet, tokenInfoURL+"?access_token="+token, "")
			},
			"in a form": func() (*http.Response, map[string]any) {
				return callGoogle(t, cloud, http.MethodPost, tokenInfoURL, "access_token="+token, "Content-Type", "application/x-www-form-urlencoded")
			},
			"in the header, as Node sends it": func() (*http.Response, map[string]any) {
				return callGoogle(t, cloud, http.MethodPost, tokenInfoURL, "", "Authorization", "Bearer "+token)
			},
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				response, answer := send()
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				assert.Regexp(t, `^3[56]\d\d$`, answer["expires_in"])
				delete(answer, "expires_in")
				assert.Equal(t, want, answer)
			})
		}
	}
}

func TestTokenInfoOfAnIDToken(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	id := accountID(t, cloud)
	_, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateIdToken", `{"audience":"a","includeEmail":true}`)
	token := answer["token"].(string)
	response, answer := callGoogle(t, cloud, http.MethodGet, tokenInfoURL+"?id_token="+token, "")
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	for _, name := range []string{"iat", "exp", "kid"} {
		assert.Regexp(t, `^[0-9a-f]{10,}$`, answer[name])
		delete(answer, name)
	}
	assert.Equal(t, map[string]any{
		"iss": "https://accounts.google.com", "aud": "a", "azp": id, "sub": id, "email": appEmail, "email_verified": "true",
		"alg": "RS256", "typ": "JWT",
	}, answer)

	cloud.SetClock(2 * time.Hour)
	response, answer = callGoogle(t, cloud, http.MethodGet, tokenInfoURL+"?id_token="+token, "")
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	assert.Equal(t, map[string]any{"error": "invalid_token", "error_description": "Invalid Value"}, answer)
}

func TestTokenInfoDoesNotKnowTheTokensOfSTS(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	_, answer := postForm(t, cloud, downscopeForm(impersonate(t, cloud)))
	for query, want := range map[string][2]string{
		"?access_token=" + federatedToken(t, cloud):        {"invalid_token", "Invalid Value"},
		"?access_token=" + answer["access_token"].(string): {"invalid_token", "Invalid Value"},
		"?access_token=x": {"invalid_token", "Invalid Value"},
		"?id_token=" + url.QueryEscape(federatedToken(t, cloud)): {"invalid_token", "Invalid Value"},
		"":                  {"invalid_request", "either access_token, id_token, or token_handle required"},
		"?access_token=%zz": {"invalid_request", "emulator: the query or the body is not a form"},
	} {
		response, answer := callGoogle(t, cloud, http.MethodGet, tokenInfoURL+query, "")
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, query)
		assert.Equal(t, map[string]any{"error": want[0], "error_description": want[1]}, answer, query)
	}
}

func TestUserInfo(t *testing.T) {
	a := newGrantAttempt(t)
	require.NoError(t, a.cloud.Google.DelegateDomain(appEmail, "email"))
	a.claims["scope"] = "email"
	_, answer := a.send(t)
	users := answer["access_token"].(string)
	_, answer = callGoogle(t, a.cloud, http.MethodGet, tokenInfoURL+"?access_token="+users, "")
	user := answer["sub"]
	assert.Equal(t, accountID(t, a.cloud), answer["azp"], "the account is the user's client")
	id := accountID(t, a.cloud)
	for name, test := range map[string]struct {
		token string
		want  map[string]any
	}{
		"of an account":                    {tokenOfScope(t, a.cloud, "email"), map[string]any{"sub": id, "email": appEmail, "email_verified": true}},
		"of an account, without the email": {tokenOfScope(t, a.cloud, "openid"), map[string]any{"sub": id}},
		"of a user":                        {users, map[string]any{"sub": user, "email": "Ann@Example.com", "email_verified": true}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, url := range []string{userInfoURL, "https://oauth2.googleapis.com/oauth2/v3/userinfo"} {
				response, answer := callGoogle(t, a.cloud, http.MethodGet, url, "", "Authorization", "Bearer "+test.token)
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				assert.Equal(t, test.want, answer)
			}
			_, answer := callGoogle(t, a.cloud, http.MethodGet, userInfoURL+"?access_token="+test.token, "")
			assert.Equal(t, test.want, answer)
		})
	}
	for name, token := range map[string]string{"a federated token": federatedToken(t, a.cloud), "an unknown one": "x", "none": ""} {
		t.Run(name, func(t *testing.T) {
			response, answer := callGoogle(t, a.cloud, http.MethodGet, userInfoURL, "", "Authorization", "Bearer "+token)
			assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
			assert.Equal(t, "Bearer", response.Header.Get("WWW-Authenticate"))
			assert.Equal(t, map[string]any{"error": "invalid_request", "error_description": "Invalid Credentials"}, answer)
		})
	}
	response, answer := callGoogle(t, a.cloud, http.MethodGet, userInfoURL, "", "Authorization", "Bearer "+impersonate(t, a.cloud))
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	assert.Contains(t, answer["error"].(map[string]any)["message"], "Request is missing required authentication credential.")
}
