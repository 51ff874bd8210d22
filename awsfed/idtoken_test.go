package awsfed_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const runService = "https://reports-912480652101.us-central1.run.app"

// newIDTokens makes a source of ID tokens as the tests of refreshing use it.
func newIDTokens(t *testing.T, cloud *awsfedtest.Cloud, audience string, change ...func(*awsfed.Config)) *awsfed.TokenSource {
	t.Helper()
	ts, err := awsfed.NewIDTokenSource(t.Context(), quietConfig(cloud, change...), audience)
	require.NoError(t, err)
	return ts
}

// claimsOf are the claims of a JWT, not verified.
func claimsOf(t testing.TB, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &claims))
	return claims
}

func TestIDTokenSourceGivesTheIDTokenOfTheAccountForTheAudience(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newIDTokens(t, cloud, runService)
	token, err := ts.TokenContext(t.Context())
	require.NoError(t, err)
	claims := claimsOf(t, token.AccessToken)
	assert.Equal(t, runService, claims["aud"])
	assert.Equal(t, cloud.Config().ServiceAccount, claims["email"])
	assert.Equal(t, "Bearer", token.TokenType)
	assert.WithinDuration(t, time.Unix(int64(claims["exp"].(float64)), 0), token.Expiry, 0)
	again, err := ts.Token()
	require.NoError(t, err)
	assert.Equal(t, token.AccessToken, again.AccessToken, "cached")
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials), "one request, with the federated token")
}

func TestIDTokenSourcesOfManyAudiencesShareOneFederatedToken(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	federated := newSource(t, cloud, func(c *awsfed.Config) { c.ServiceAccount = "" })
	shared := func(c *awsfed.Config) { c.Federated = federated }
	for n := range 20 {
		audience := fmt.Sprintf("https://service-%d.run.app", n)
		token, err := newIDTokens(t, cloud, audience, shared).Token()
		require.NoError(t, err)
		assert.Equal(t, audience, claimsOf(t, token.AccessToken)["aud"])
	}
	account := newSource(t, cloud, shared)
	_, err := account.Token()
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, awsfed.TokenValid, account.Status().Below.Token)
}

func TestIDTokenSourceNeedsAnAccountAndAnAudience(t *testing.T) {
	for name, test := range map[string]struct {
		account, audience string
		want              []string
	}{
		"no account":               {"", runService, []string{"ServiceAccount is missing: want the account whose ID tokens they are to be: Google issues ID tokens for service accounts alone"}},
		"no audience":              {testAccount, "", []string{"the audience is missing"}},
		"neither":                  {"", "", []string{"ServiceAccount", "the audience"}},
		"an audience with a blank": {testAccount, "https://a b", []string{`the audience is "https://a b"`}},
		"an audience of 2,049":     {testAccount, strings.Repeat("a", 2049), []string{"the audience"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offlineConfig(answering(200, "").Transport)
			cfg.ServiceAccount = test.account
			_, err := awsfed.NewIDTokenSource(t.Context(), cfg, test.audience)
			var field *awsfed.FieldError
			require.ErrorAs(t, err, &field)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
		})
	}
}

func TestIDTokenSourceIsReplacedInTimeAndSurvivesAnOutageOfHalfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newIDTokens(t, cloud, runService)
		defer cloud.Wait()
		valid := func() {
			token, err := ts.Token()
			require.NoError(t, err)
			assert.Greater(t, int64(claimsOf(t, token.AccessToken)["exp"].(float64)), cloud.Now().Unix())
		}
		for range 120 {
			valid()
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials), 6)
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).During(30 * time.Minute))
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials).During(30 * time.Minute))
		for range 60 {
			valid()
			time.Sleep(30 * time.Second)
		}
	})
}

func TestIDTokenSourceCorrectsTheExpiryForAWrongClock(t *testing.T) {
	for name, skew := range map[string]time.Duration{"behind by 11h": 11 * time.Hour, "behind by 20m": 20 * time.Minute, "ahead by 20m": -20 * time.Minute, "ahead by 11h": -11 * time.Hour} {
		t.Run("the clock of this machine is "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.SetClock(skew)
				token, err := newIDTokens(t, cloud, runService).Token()
				require.NoError(t, err)
				assert.InDelta(t, time.Hour.Seconds(), time.Until(token.Expiry).Seconds(), 3)
				cloud.Wait()
			})
		})
	}
}

func TestIDTokenSourceTakesOnlyTheTokenThatItAskedFor(t *testing.T) {
	jwt := func(claims string) string {
		part := base64.RawURLEncoding.EncodeToString
		return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(claims)) + ".c2ln"
	}
	good := fmt.Sprintf(`"exp":%d,"iat":%d`, time.Now().Add(time.Hour).Unix(), time.Now().Unix())
	for name, test := range map[string]struct{ body, want string }{
		"as Google sends it":          {`{"token":"` + jwt(`{"aud":"`+runService+`",`+good+`}`) + `"}`, ""},
		"with its audience in a list": {`{"token":"` + jwt(`{"aud":["`+runService+`"],`+good+`}`) + `"}`, ""},
		"for another audience":        {`{"token":"` + jwt(`{"aud":"https://other.run.app",`+good+`}`) + `"}`, "another audience"},
		"for nobody":                  {`{"token":"` + jwt(`{`+good+`}`) + `"}`, "another audience"},
		"without an end":              {`{"token":"` + jwt(`{"aud":"`+runService+`"}`) + `"}`, "usable exp"},
		"with an end that is a word":  {`{"token":"` + jwt(`{"aud":"`+runService+`","exp":"soon"}`) + `"}`, "usable exp"},
		"that has ended":              {`{"token":"` + jwt(`{"aud":"`+runService+`","exp":1000}`) + `"}`, "has expired"},
		"with a claim twice":          {`{"token":"` + jwt(`{"aud":"x","aud":"`+runService+`",`+good+`}`) + `"}`, "not a JWT"},
		"that is no JWT":              {`{"token":"secret-token"}`, "not a JWT"},
		"that no header carries":      {`{"token":"secret token"}`, "a header cannot carry"},
		"that is missing":             {`{}`, "has no token"},
		"that is a number":            {`{"token":5}`, "is not a string"},
		"in no JSON":                  {`secret-token`, "is not the JSON of a token"},
	} {
		t.Run("one "+name, func(t *testing.T) {
			cfg := offlineConfig(answering(200, test.body).Transport)
			cfg.Federated = cached(t, gives(time.Hour))
			cfg.Timeout = 200 * time.Millisecond
			ts, err := awsfed.NewIDTokenSource(t.Context(), cfg, runService)
			require.NoError(t, err)
			token, err := ts.Token()
			if test.want == "" {
				require.NoError(t, err)
				assert.WithinDuration(t, time.Now().Add(time.Hour), token.Expiry, 2*time.Second)
				return
			}
			e := invalidAnswer(t, err)
			assert.Equal(t, awsfed.StageIDToken, e.Stage)
			assert.Contains(t, e.Description, test.want)
			assert.NotContains(t, fmt.Sprintf("%+v", err), "secret")
		})
	}
}

func TestIDTokenIsDeniedWithAHintThatNamesTheRole(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: "other@my-project.iam.gserviceaccount.com"}))
	ts := newIDTokens(t, cloud, runService, func(c *awsfed.Config) { c.ServiceAccount = "other@my-project.iam.gserviceaccount.com" })
	_, err := ts.Token()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageIDToken, e.Stage)
	assert.ErrorIs(t, err, awsfed.ErrPermissionDenied)
	assert.Contains(t, e.Hint, "--role=roles/iam.serviceAccountOpenIdTokenCreator")
}

func TestIDTokenGoesWithEveryRequestOfATransport(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	var got []string
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"), r.Header.Get("X-Goog-User-Project"))
	}))
	defer service.Close()
	ts := newIDTokens(t, cloud, runService, func(c *awsfed.Config) { c.QuotaProject = "my-billing" })
	resp, err := (&http.Client{Transport: &awsfed.Transport{Source: ts}}).Get(service.URL)
	require.NoError(t, err)
	resp.Body.Close()
	metadata, err := ts.GetRequestMetadata(t.Context(), runService)
	require.NoError(t, err)
	token, err := ts.Token()
	require.NoError(t, err)
	assert.Equal(t, []string{"Bearer " + token.AccessToken, ""}, got)
	assert.Equal(t, map[string]string{"authorization": "Bearer " + token.AccessToken}, metadata, "over gRPC")
}
