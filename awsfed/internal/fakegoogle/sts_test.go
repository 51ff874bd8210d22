package fakegoogle_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const (
	audienceOfOptions = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"
	tokenURL          = "https://sts.googleapis.com/v1/token"
	cloudPlatform     = "https://www.googleapis.com/auth/cloud-platform"
	accessTokenType   = "urn:ietf:params:oauth:token-type:access_token"
)

// exchangeForm is a token exchange in which nothing is wrong.
func exchangeForm(subjectToken string) url.Values {
	return url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"audience":             {audienceOfOptions},
		"scope":                {cloudPlatform},
		"requested_token_type": {accessTokenType},
		"subject_token":        {subjectToken},
		"subject_token_type":   {"urn:ietf:params:aws:token-type:aws4_request"},
	}
}

func postToken(t testing.TB, cloud *testCloud, contentType, body string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	return callGoogle(t, cloud, http.MethodPost, tokenURL, body, append([]string{"Content-Type", contentType}, headers...)...)
}

func postForm(t testing.TB, cloud *testCloud, form url.Values, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	return postToken(t, cloud, "application/x-www-form-urlencoded", form.Encode(), headers...)
}

// callGoogle makes a request and reads its answer, which must be JSON and dated by the cloud's
// clock.
func callGoogle(t testing.TB, cloud *testCloud, method, to, body string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := cloud.Client().Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	assert.Equal(t, "application/json; charset=UTF-8", response.Header.Get("Content-Type"))
	date, err := http.ParseTime(response.Header.Get("Date"))
	require.NoError(t, err)
	assert.WithinDuration(t, cloud.Now(), date, 5*time.Second)
	return response, answer
}

// federatedToken exchanges a new subject token.
func federatedToken(t testing.TB, cloud *testCloud) string {
	t.Helper()
	response, answer := postForm(t, cloud, exchangeForm(signSubject(t, cloud, verificationURL).encode(t)))
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	return answer["access_token"].(string)
}

func TestAnExchangeGivesAFederatedToken(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	response, answer := postForm(t, cloud, exchangeForm(signSubject(t, cloud, verificationURL).encode(t)))
	require.Equal(t, http.StatusOK, response.StatusCode)
	token := answer["access_token"].(string)
	assert.Regexp(t, `^ya29\.d\.[A-Za-z0-9_-]+$`, token)
	assert.LessOrEqual(t, len(token), 12288)
	delete(answer, "access_token")
	assert.Equal(t, map[string]any{"issued_token_type": accessTokenType, "token_type": "Bearer", "expires_in": 3599.0}, answer)

	access, err := cloud.Google.Check(token)
	require.NoError(t, err)
	assert.Equal(t, fakegoogle.FederatedToken, access.Kind)
	assert.Equal(t, cloud.Google.Provider().Subject("arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"), access.Principal)
	assert.Equal(t, []string{cloudPlatform}, access.Scopes)
	assert.WithinDuration(t, cloud.Now().Add(3599*time.Second), access.Expires, 5*time.Second)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", access.Identity.ARN)
}

func TestAnExchangeMayBeAFormOrJSON(t *testing.T) {
	camel := map[string]string{
		"grant_type": "grantType", "audience": "audience", "scope": "scope", "requested_token_type": "requestedTokenType",
		"subject_token": "subjectToken", "subject_token_type": "subjectTokenType", "options": "options",
	}
	for name, test := range map[string]struct {
		contentType string
		encode      func(url.Values) string
	}{
		"a form":              {"application/x-www-form-urlencoded", url.Values.Encode},
		"a form with charset": {"application/x-www-form-urlencoded; charset=utf-8", url.Values.Encode},
		"JSON in camelCase": {"application/json", func(form url.Values) string {
			object := make(map[string]any)
			for name := range form {
				object[camel[name]] = form.Get(name)
			}
			object["actorToken"] = nil // as good as nothing
			text, _ := json.Marshal(object)
			return string(text)
		}},
		"JSON in snake_case": {"application/json; charset=utf-8", func(form url.Values) string {
			object := make(map[string]string)
			for name := range form {
				object[name] = form.Get(name)
			}
			text, _ := json.Marshal(object)
			return string(text)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			form := exchangeForm(signSubject(t, cloud, verificationURL).encode(t))
			form.Set("options", `{"userProject":"billed-project"}`)
			response, answer := postToken(t, cloud, test.contentType, test.encode(form))
			require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
			access, err := cloud.Google.Check(answer["access_token"].(string))
			require.NoError(t, err)
			assert.Equal(t, "billed-project", access.QuotaProject)
		})
	}
}

func TestEveryAnswerOfSTSCanBeReplaced(t *testing.T) {
	for _, reason := range []fakegoogle.Reason{fakegoogle.ReasonQuota, fakegoogle.ReasonAccount} {
		t.Run(string(reason), func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			cloud.Google.TrustAccount("210987654321")
			if reason == fakegoogle.ReasonQuota {
				cloud.Google.ExhaustSTSQuota()
			}
			u := cloud.Google.Unsettled()
			u.Answers = map[fakegoogle.Reason]fakegoogle.Answer{reason: {Status: 403, Code: "access_denied", Description: "no"}}
			cloud.Google.SetUnsettled(u)
			u.Answers[reason] = fakegoogle.Answer{} // The cloud has its own copy.
			response, answer := postForm(t, cloud, exchangeForm(signSubject(t, cloud, verificationURL).encode(t)))
			assert.Equal(t, 403, response.StatusCode)
			assert.Equal(t, map[string]any{"error": "access_denied", "error_description": "no"}, answer)
		})
	}
}

func TestTheLifetimeOfFederatedTokensCanBeSet(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	cloud.Google.SetFederatedLifetime(90*time.Second + time.Millisecond)
	_, answer := postForm(t, cloud, exchangeForm(signSubject(t, cloud, verificationURL).encode(t)))
	assert.Equal(t, 90.0, answer["expires_in"])
	token := answer["access_token"].(string)
	cloud.SetClock(80 * time.Second)
	_, err := cloud.Google.Check(token)
	require.NoError(t, err)
	cloud.SetClock(90 * time.Second)
	_, err = cloud.Google.Check(token)
	assert.ErrorContains(t, err, "ACCESS_TOKEN_EXPIRED")
}

func TestSTSServesNothingElse(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	response, _ := callGoogle(t, cloud, http.MethodGet, tokenURL, "")
	assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
	response, _ = callGoogle(t, cloud, http.MethodPost, "https://sts.googleapis.com/v1/oauthtoken", "")
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
}
