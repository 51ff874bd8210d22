package fakegoogle_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const unauthenticatedText = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."

func TestCheckRefusesBadTokens(t *testing.T) {
	for name, test := range map[string]struct {
		spoil  func(*testCloud, string) string
		reason string
	}{
		"no token":                       {func(*testCloud, string) string { return "" }, "CREDENTIALS_MISSING"},
		"a token from elsewhere":         {func(*testCloud, string) string { return "ya29.d.x" }, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"a token that has ended":         {func(c *testCloud, s string) string { c.SetClock(time.Hour); return s }, "ACCESS_TOKEN_EXPIRED"},
		"a token of a disabled pool":     {func(c *testCloud, s string) string { c.Google.DisablePool(); return s }, "ACCOUNT_STATE_INVALID"},
		"a token of a deleted pool":      {func(c *testCloud, s string) string { c.Google.DeletePool(); return s }, "ACCOUNT_STATE_INVALID"},
		"a token that was revoked":       {func(c *testCloud, s string) string { c.Google.RevokeTokens(); return s }, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"a token with a byte too many":   {func(_ *testCloud, s string) string { return s + "A" }, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"a token of a disabled provider": {func(c *testCloud, s string) string { c.Google.DisableProvider(); return s }, ""},
		"a token of a deleted provider":  {func(c *testCloud, s string) string { c.Google.DeleteProvider(); return s }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			_, err := cloud.Google.Check(test.spoil(cloud, federatedToken(t, cloud)))
			if test.reason == "" {
				require.NoError(t, err)
				return
			}
			var failure *fakegoogle.APIError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, &fakegoogle.APIError{
				Code: 401, Status: "UNAUTHENTICATED", Message: unauthenticatedText, Reason: test.reason, Domain: "googleapis.com",
			}, failure)
		})
	}
}

func TestATokenIsGoodAgainWhenItsPoolIs(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := federatedToken(t, cloud)
	undo := cloud.Google.DisablePool()
	_, err := cloud.Google.Check(token)
	require.Error(t, err)
	undo()
	_, err = cloud.Google.Check(token)
	assert.NoError(t, err)
}

func TestWhatCheckReturnsIsACopy(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := federatedToken(t, cloud)
	access, err := cloud.Google.Check(token)
	require.NoError(t, err)
	access.Scopes[0] = "changed"
	access, err = cloud.Google.Check(token)
	require.NoError(t, err)
	assert.True(t, access.HasScope("other", cloudPlatform))
	assert.False(t, access.HasScope("changed"))
}

func TestProtectLetsOnlyTokensOfThisCloudIn(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := federatedToken(t, cloud)
	elsewhere := federatedToken(t, newCloud(fakegoogle.Options{}))
	service := cloud.Google.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access, ok := fakegoogle.AccessFrom(r.Context())
		assert.True(t, ok)
		assert.Equal(t, fakegoogle.FederatedToken, access.Kind)
		w.WriteHeader(http.StatusNoContent)
	}))
	for name, test := range map[string]struct {
		authorization []string
		want          int
		reason        string
	}{
		"its token":              {[]string{"Bearer " + token}, http.StatusNoContent, ""},
		"the scheme in any case": {[]string{"bearer " + token}, http.StatusNoContent, ""},
		"another cloud's token":  {[]string{"Bearer " + elsewhere}, 401, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"no token":               {nil, 401, "CREDENTIALS_MISSING"},
		"another scheme":         {[]string{"Basic " + token}, 401, "CREDENTIALS_MISSING"},
		"two tokens":             {[]string{"Bearer " + token, "Bearer " + token}, 401, "CREDENTIALS_MISSING"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header["Authorization"] = test.authorization
			w := httptest.NewRecorder()
			service.ServeHTTP(w, r)
			require.Equal(t, test.want, w.Code)
			if test.reason == "" {
				return
			}
			assert.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
			var answer map[string]any
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
			assert.Equal(t, map[string]any{"error": map[string]any{
				"code": 401.0, "message": unauthenticatedText, "status": "UNAUTHENTICATED",
				"details": []any{map[string]any{
					"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": test.reason, "domain": "googleapis.com",
				}},
			}}, answer)
		})
	}
}

func TestAccessFromAForeignContextIsNone(t *testing.T) {
	_, ok := fakegoogle.AccessFrom(t.Context())
	assert.False(t, ok)
}

func TestTokensEndByTheClockOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakegoogle.Options{})
		token := federatedToken(t, cloud)
		time.Sleep(3598 * time.Second)
		_, err := cloud.Google.Check(token)
		require.NoError(t, err)
		time.Sleep(time.Second)
		_, err = cloud.Google.Check(token)
		assert.ErrorContains(t, err, "ACCESS_TOKEN_EXPIRED")
	})
}

func TestGoogleIsSafeForConcurrentUse(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	subject := signSubject(t, cloud, verificationURL).encode(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			response, answer := postForm(t, cloud, exchangeForm(subject))
			if assert.Equal(t, http.StatusOK, response.StatusCode, "%v", answer) {
				_, err := cloud.Google.Check(answer["access_token"].(string))
				assert.NoError(t, err)
			}
		})
		group.Go(func() { cloud.Google.SetUnsettled(cloud.Google.Unsettled()) })
		group.Go(func() { cloud.Google.RemoveBinding()() })
		group.Go(func() { cloud.Google.DenyByOrganizationPolicy()() })
		group.Go(func() { cloud.Google.Policy(cloud.Google.ServiceAccount()) })
	}
	group.Wait()
}
