package awsfedtest_test

import (
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
)

const (
	calendar = "https://www.googleapis.com/auth/calendar"
	user     = "ann@example.com"
)

// assertion has the cloud's service account sign that it may act as sub, "" for itself.
func assertion(t *testing.T, cloud *awsfedtest.Cloud, scope, sub string) string {
	t.Helper()
	account := cloud.Config().ServiceAccount
	require.NoError(t, cloud.Grant(account, creator, "serviceAccount:"+account))
	token, err := fetch(t.Context(), cloud.Config())
	require.NoError(t, err)
	now := cloud.Now().Unix()
	claims := map[string]any{"iss": account, "aud": "https://oauth2.googleapis.com/token", "scope": scope, "iat": now, "exp": now + 3600}
	if sub != "" {
		claims["sub"] = sub
	}
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	body, err := json.Marshal(map[string]string{"payload": string(payload)})
	require.NoError(t, err)
	status, answer := callIAM(t, cloud, token.AccessToken, account, "signJwt", string(body))
	require.Equal(t, http.StatusOK, status, answer)
	return answer["signedJwt"].(string)
}

// trade sends an assertion to Google's OAuth 2.0 server.
func trade(t *testing.T, cloud *awsfedtest.Cloud, assertion string) (int, map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	var answer map[string]any
	status, err := post(t.Context(), cloud.Client(), "https://oauth2.googleapis.com/token", "application/x-www-form-urlencoded", "", form.Encode(), &answer)
	require.NoError(t, err)
	return status, answer
}

func TestAServiceAccountActsAsAUserOfTheWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		account := cloud.Config().ServiceAccount
		require.NoError(t, cloud.AddWorkspaceUser(user))
		signed := assertion(t, cloud, calendar, user)
		status, answer := trade(t, cloud, signed)
		assert.Equal(t, http.StatusUnauthorized, status)
		assert.Equal(t, "unauthorized_client", answer["error"])

		require.NoError(t, cloud.DelegateDomain(account, calendar))
		status, answer = trade(t, cloud, signed)
		require.Equal(t, http.StatusOK, status, answer)
		access, err := cloud.Check(answer["access_token"].(string))
		require.NoError(t, err)
		assert.Equal(t, awsfedtest.Access{
			Kind: awsfed.DelegatedToken, Principal: user, Delegation: []string{account},
			Scopes: []string{calendar}, Expires: cloud.Now().Add(3599 * time.Second),
		}, access)
		assert.Equal(t, 2, cloud.Count(awsfedtest.GoogleOAuth))
	})
}

func TestAServiceAccountTradesAnAssertionForItsOwnToken(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	status, answer := trade(t, cloud, assertion(t, cloud, cloudPlatform, ""))
	require.Equal(t, http.StatusOK, status, answer)
	access, err := cloud.Check(answer["access_token"].(string))
	require.NoError(t, err)
	assert.Equal(t, awsfed.ServiceAccountToken, access.Kind)
	assert.Equal(t, cloud.Config().ServiceAccount, access.Principal)
}

func TestCloudDelegatesNothingForNobody(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	assert.ErrorContains(t, cloud.AddWorkspaceUser("ann"), "awsfedtest: ")
	assert.ErrorContains(t, cloud.DelegateDomain("nobody@example.com", calendar), "awsfedtest: ")
}
