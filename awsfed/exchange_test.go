package awsfed_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// answering is a client of a Google that gives one answer to everything.
func answering(status int, body string) *http.Client {
	return &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	})}
}

type subjectFunc func(context.Context) (awsfed.SubjectToken, error)

func (f subjectFunc) SubjectToken(ctx context.Context) (awsfed.SubjectToken, error) { return f(ctx) }

func exchangeOnce(t testing.TB, client *http.Client) (*oauth2.Token, error) {
	t.Helper()
	exchanger, err := awsfed.NewExchanger(awsfed.Config{Audience: testAudience, HTTPClient: client},
		subjectFunc(func(context.Context) (awsfed.SubjectToken, error) {
			return awsfed.NewSubjectToken("a JWT", "urn:ietf:params:oauth:token-type:jwt"), nil
		}))
	require.NoError(t, err)
	return exchanger.TokenContext(t.Context())
}

func impersonateOnce(t testing.TB, client *http.Client) (*oauth2.Token, error) {
	t.Helper()
	impersonator, err := awsfed.NewImpersonator(awsfed.Config{Audience: testAudience, ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com", HTTPClient: client},
		sourceFunc(func(context.Context) (*oauth2.Token, error) { return tokenFor(time.Hour), nil }))
	require.NoError(t, err)
	return impersonator.TokenContext(t.Context())
}

const goodExchange = `{"access_token":"ya29.d.x","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3599}`

func TestOnlyAWholeTokenIsTakenFromTheExchange(t *testing.T) {
	for name, test := range map[string]struct {
		status   int
		old, new string // what is changed of a good answer
		life     time.Duration
		want     string // in the error
	}{
		"as Google sends it":               {200, "", "", 3599 * time.Second, ""},
		"expires_in as a string":           {200, "3599", `"3599"`, 3599 * time.Second, ""},
		"bearer in lower case":             {200, "Bearer", "bearer", 3599 * time.Second, ""},
		"expires_in missing":               {200, `,"expires_in":3599`, "", 0, "expires_in"},
		"expires_in null":                  {200, "3599", "null", 0, "expires_in"},
		"expires_in zero":                  {200, "3599", "0", 0, "expires_in"},
		"expires_in negative":              {200, "3599", "-1", 0, "expires_in"},
		"expires_in a word":                {200, "3599", `"soon"`, 0, "expires_in"},
		"expires_in not a number":          {200, "3599", `"NaN"`, 0, "expires_in"},
		"expires_in beyond 32 bits":        {200, "3599", "99999999999", 0, "expires_in"},
		"access_token empty":               {200, "ya29.d.x", "", 0, "access_token"},
		"another token_type":               {200, "Bearer", "MAC", 0, "token_type"},
		"another issued_token_type":        {200, "token-type:access_token", "token-type:id_token", 0, "issued_token_type"},
		"an array":                         {200, goodExchange, "[]", 0, "not the JSON of a token"},
		"nothing":                          {200, goodExchange, "", 0, "not the JSON of a token"},
		"null":                             {200, goodExchange, "null", 0, "not the JSON of a token"},
		"HTTP 201 is not the status of it": {201, "", "", 0, "201"},
		"HTTP 300 is no success":           {300, "", "", 0, "redirects are not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now().Round(0)
				token, err := exchangeOnce(t, answering(test.status, strings.Replace(goodExchange, test.old, test.new, 1)))
				if test.want == "" {
					require.NoError(t, err)
					assert.Equal(t, &oauth2.Token{AccessToken: "ya29.d.x", TokenType: "Bearer", Expiry: start.Add(test.life)}, token)
					return
				}
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Nil(t, token)
				assert.Equal(t, awsfed.StageExchange, e.Stage)
				assert.Regexp(t, test.want, e.Error())
				assert.NotContains(t, e.Error(), "ya29")
			})
		})
	}
}

func TestOnlyAWholeTokenIsTakenFromTheImpersonation(t *testing.T) {
	for name, test := range map[string]struct{ body, end, want string }{
		"as Google sends it":         {`{"accessToken":"ya29.c.x","expireTime":"2000-01-01T01:00:00Z"}`, "2000-01-01T01:00:00Z", ""},
		"with fractions of a second": {`{"accessToken":"ya29.c.x","expireTime":"2000-01-01T00:59:59.123456789Z"}`, "2000-01-01T00:59:59.123456789Z", ""},
		"in another zone":            {`{"accessToken":"ya29.c.x","expireTime":"2000-01-01T02:00:00+01:00"}`, "2000-01-01T01:00:00Z", ""},
		"beyond what was asked":      {`{"accessToken":"ya29.c.x","expireTime":"2000-01-01T01:20:00Z"}`, "2000-01-01T01:00:00Z", ""},
		"expireTime missing":         {`{"accessToken":"ya29.c.x"}`, "", "expireTime"},
		"expireTime no time":         {`{"accessToken":"ya29.c.x","expireTime":"soon"}`, "", "expireTime"},
		"accessToken missing":        {`{"expireTime":"2000-01-01T01:00:00Z"}`, "", "accessToken"},
		"accessToken of a type":      {`{"accessToken":5,"expireTime":"2000-01-01T01:00:00Z"}`, "", "not the JSON of a token"},
		"no JSON":                    {`ya29.c.x`, "", "not the JSON of a token"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // whose clock starts in 2000
				token, err := impersonateOnce(t, answering(200, test.body))
				if test.want == "" {
					require.NoError(t, err)
					assert.Equal(t, test.end, token.Expiry.UTC().Format(time.RFC3339Nano))
					return
				}
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, awsfed.StageImpersonation, e.Stage)
				assert.Contains(t, e.Error(), test.want)
				assert.NotContains(t, e.Error(), "ya29")
			})
		})
	}
}

func TestAnotherSubjectTokenCanTakeThePlaceOfLayerOne(t *testing.T) {
	var form string
	client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		form = string(body)
		assert.Empty(t, req.Header.Get("Authorization"), "STS's reference: it can cause the request to fail")
		return answering(200, goodExchange).Transport.RoundTrip(req)
	})}
	_, err := exchangeOnce(t, client)
	require.NoError(t, err)
	assert.Contains(t, form, "subject_token=a+JWT&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt")
}

func TestDelegatesScopesAndLifetimeAreSent(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	for _, email := range []string{"middle@my-project.iam.gserviceaccount.com", "target@my-project.iam.gserviceaccount.com"} {
		err := cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email, ExtendedLifetime: true})
		require.NoError(t, err)
	}
	member := "principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/*"
	require.NoError(t, cloud.Grant("middle@my-project.iam.gserviceaccount.com", "roles/iam.serviceAccountTokenCreator", member))
	require.NoError(t, cloud.Grant("target@my-project.iam.gserviceaccount.com", "roles/iam.serviceAccountTokenCreator", "serviceAccount:middle@my-project.iam.gserviceaccount.com"))
	token, err := newSource(t, cloud, func(cfg *awsfed.Config) {
		cfg.ServiceAccount = "target@my-project.iam.gserviceaccount.com"
		cfg.Delegates = []string{"middle@my-project.iam.gserviceaccount.com"}
		cfg.Scopes = []string{"https://www.googleapis.com/auth/devstorage.read_only"}
		cfg.Lifetime = 3 * time.Hour
	}).Token()
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, "target@my-project.iam.gserviceaccount.com", access.Principal)
	assert.Equal(t, []string{"https://www.googleapis.com/auth/devstorage.read_only"}, access.Scopes)
	assert.WithinDuration(t, time.Now().Add(3*time.Hour), token.Expiry, 5*time.Second)
}

func TestWithoutAServiceAccountTheFederatedTokenIsTheResult(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	token, err := newSource(t, cloud, func(cfg *awsfed.Config) {
		cfg.ServiceAccount = ""
		cfg.Scopes = []string{"https://www.googleapis.com/auth/devstorage.read_only"}
	}).Token()
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Contains(t, access.Principal, "principal://")
	assert.Equal(t, []string{"https://www.googleapis.com/auth/devstorage.read_only"}, access.Scopes)
	assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
}

func TestLayersRefuseWhatTheyCannotWorkWith(t *testing.T) {
	cfg := awsfed.Config{Audience: testAudience}
	_, err := awsfed.NewExchanger(cfg, nil)
	assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
	_, err = awsfed.NewImpersonator(cfg, nil)
	assert.ErrorContains(t, err, "ServiceAccount")
	assert.ErrorContains(t, err, "federated tokens")
}
