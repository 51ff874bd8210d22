package awsfed_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestImpersonatorTakesOnlyAWholeToken(t *testing.T) {
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

func TestImpersonatorTakesATokenOfSomeLifeAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock starts in 2000
		for _, end := range []string{"2000-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"} {
			_, err := impersonateOnce(t, answering(200, `{"accessToken":"ya29.c.x","expireTime":"`+end+`"}`))
			assert.Contains(t, invalidAnswer(t, err).Description, "expireTime", end)
		}
		token, err := impersonateOnce(t, answering(200, `{"accessToken":"ya29.c.x","expireTime":"9999-12-31T23:59:59Z"}`))
		require.NoError(t, err)
		assert.Equal(t, time.Hour, token.Expiry.Sub(time.Now().Round(0)))
	})
}

func TestImpersonatorSendsDelegatesScopesAndLifetime(t *testing.T) {
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

func TestImpersonatorDoesNotSendABrokenFederatedToken(t *testing.T) {
	for name, broken := range brokenTokens {
		t.Run(name, func(t *testing.T) {
			sent := 0
			client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				sent++
				return jsonAnswer(200, impersonationAnswer("ya29.c.x")), nil
			})}
			impersonator, err := awsfed.NewImpersonator(awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, HTTPClient: client},
				sourceFunc(func(context.Context) (*oauth2.Token, error) {
					return &oauth2.Token{AccessToken: broken, Expiry: time.Now().Add(time.Hour)}, nil
				}))
			require.NoError(t, err)
			_, err = impersonator.TokenContext(t.Context())
			assert.Equal(t, awsfed.StageExchange, invalidAnswer(t, err).Stage)
			assert.Zero(t, sent)
		})
	}
}

func TestImpersonatorOfASourceThatGivesNothingIsAnErrorAndNoPanic(t *testing.T) {
	impersonator, err := awsfed.NewImpersonator(awsfed.Config{Audience: testAudience, ServiceAccount: testAccount},
		sourceFunc(func(context.Context) (*oauth2.Token, error) { return nil, nil }))
	require.NoError(t, err)
	_, err = impersonator.TokenContext(t.Context())
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageExchange, e.Stage)
}

func TestImpersonatorTakesASecondTokenOfNothingForAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(tokenRefused())
		impersonator, err := awsfed.NewImpersonator(cloud.Config(), &forgetful{})
		require.NoError(t, err)
		_, err = impersonator.TokenContext(t.Context())
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
	})
}

// forgetful gives one token and then nothing, without an error.
type forgetful struct{ asked int }

func (f *forgetful) TokenContext(context.Context) (*oauth2.Token, error) {
	f.asked++
	if f.asked > 1 {
		return nil, nil
	}
	return tokenFor(time.Hour), nil
}

func (f *forgetful) Invalidate(*oauth2.Token) {}

func TestLifetimeOfTwelveHoursNeedsTheOrganisation(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	const extended = "batch@my-project.iam.gserviceaccount.com"
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: extended, ExtendedLifetime: true}))
	require.NoError(t, cloud.Grant(extended, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()))
	long := func(account string) *awsfed.TokenSource {
		return newSource(t, cloud, func(c *awsfed.Config) { c.ServiceAccount, c.Lifetime = account, 12*time.Hour })
	}
	token, err := long(extended).Token()
	require.NoError(t, err)
	assert.InDelta(t, 12.0, token.Expiry.Sub(cloud.Now()).Hours(), 0.01)

	_, err = long(cloud.Config().ServiceAccount).Token()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Description, "constraints/iam.allowServiceAccountCredentialLifetimeExtension")
	assert.Contains(t, e.Hint, "the organisation does not allow tokens of aws-app@my-project.iam.gserviceaccount.com for 12h0m0s")
}

func TestDelegatesAreTakenInBothSpellings(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	const middle, target = "middle@my-project.iam.gserviceaccount.com", "target@my-project.iam.gserviceaccount.com"
	for _, email := range []string{middle, target} {
		require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email}))
	}
	require.NoError(t, cloud.Grant(middle, tokenCreator, cloud.Provider().Everyone()))
	require.NoError(t, cloud.Grant(target, tokenCreator, "serviceAccount:"+middle))
	for name, delegate := range map[string]string{"an email": middle, "a full name": "projects/-/serviceAccounts/" + middle} {
		t.Run(name, func(t *testing.T) {
			delegated := func(c *awsfed.Config) { c.ServiceAccount, c.Delegates = target, []string{delegate} }
			require.NoError(t, usable(cloud, newSource(t, cloud, delegated)))
			token, err := newIDTokens(t, cloud, runService, delegated).Token()
			require.NoError(t, err)
			assert.Equal(t, target, claimsOf(t, token.AccessToken)["email"])
			cloud.AcceptFederatedSigning(true)
			_, err = newSigner(t, cloud, delegated).SignBytes([]byte("payload"))
			require.NoError(t, err)
		})
	}
}
