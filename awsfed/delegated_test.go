package awsfed_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const (
	workspaceUser   = "ada@example.com"
	calendarScope   = "https://www.googleapis.com/auth/calendar.readonly"
	directoryScopes = "https://www.googleapis.com/auth/admin.directory.user.readonly"
)

// newWorkspace is a cloud whose account may act for a user's calendar, and may sign as itself.
func newWorkspace(t *testing.T) *awsfedtest.Cloud {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	selfSigning(t, cloud)
	require.NoError(t, cloud.AddWorkspaceUser(workspaceUser))
	require.NoError(t, cloud.DelegateDomain(cloud.Config().ServiceAccount, calendarScope))
	return cloud
}

func newDelegated(t *testing.T, cloud *awsfedtest.Cloud, subject string, change ...func(*awsfed.Config)) *awsfed.TokenSource {
	t.Helper()
	calendar := func(c *awsfed.Config) { c.Scopes = []string{calendarScope} }
	cfg := quietConfig(cloud, append([]func(*awsfed.Config){calendar}, change...)...)
	ts, err := awsfed.NewDelegatedTokenSource(t.Context(), cfg, subject)
	require.NoError(t, err)
	return ts
}

func TestDelegatedTokenIsTheUsersWithTheScopesAndNoOthers(t *testing.T) {
	cloud := newWorkspace(t)
	ts := newDelegated(t, cloud, workspaceUser)
	token, err := ts.TokenContext(t.Context())
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, workspaceUser, access.Principal)
	assert.Equal(t, []string{calendarScope}, access.Scopes)
	assert.Equal(t, cloud.Config().ServiceAccount, access.Delegation[len(access.Delegation)-1])
	assert.WithinDuration(t, time.Now().Add(time.Hour), token.Expiry, 5*time.Second)

	_, err = ts.Token()
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleOAuth), "cached")
}

func TestDelegatedTokenIsDeniedWithWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		subject string
		change  func(t *testing.T, cloud *awsfedtest.Cloud)
		scope   string
		status  int
		code    string
		hint    []string
	}{
		"no grant by the administrator": {workspaceUser, func(t *testing.T, cloud *awsfedtest.Cloud) {
			require.NoError(t, cloud.DelegateDomain(cloud.Config().ServiceAccount))
		}, calendarScope, 401, "unauthorized_client", []string{"admin.google.com", "client ID", calendarScope, "--format='value(uniqueId)'"}},
		"a scope that was not granted": {workspaceUser, nil, directoryScopes, 401, "unauthorized_client", []string{directoryScopes}},
		"no such user":                 {"nobody@example.com", nil, calendarScope, 400, "invalid_grant", []string{"nobody@example.com", "primary"}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newWorkspace(t)
			if test.change != nil {
				test.change(t, cloud)
			}
			ts := newDelegated(t, cloud, test.subject, func(c *awsfed.Config) { c.Scopes = []string{test.scope} })
			_, err := ts.Token()
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, awsfed.StageDelegation, e.Stage)
			assert.Equal(t, test.status, e.StatusCode)
			assert.Equal(t, test.code, e.Code)
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
			assert.Equal(t, test.code == "unauthorized_client", errors.Is(err, awsfed.ErrPermissionDenied))
			for _, want := range test.hint {
				assert.Contains(t, e.Hint, want)
			}
		})
	}
}

func TestDelegatedTokenSurvivesAWrongClock(t *testing.T) {
	for name, skew := range map[string]time.Duration{"behind by 11h": 11 * time.Hour, "behind by 20m": 20 * time.Minute, "ahead by 20m": -20 * time.Minute, "ahead by 11h": -11 * time.Hour} {
		t.Run("the clock of this machine is "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newWorkspace(t)
				cloud.SetClock(skew)
				token, err := newDelegated(t, cloud, workspaceUser).Token()
				require.NoError(t, err)
				assert.InDelta(t, time.Hour.Seconds(), time.Until(token.Expiry).Seconds(), 3)
				assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleOAuth), "no assertion with wrong times")
				cloud.Wait()
			})
		})
	}
}

func TestDelegatedTokenIsReplacedInTimeAndSurvivesAnOutageOfHalfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newWorkspace(t)
		ts := newDelegated(t, cloud, workspaceUser)
		defer cloud.Wait()
		for minute := range 180 {
			if minute == 100 {
				for _, endpoint := range []awsfedtest.Endpoint{awsfedtest.GoogleOAuth, awsfedtest.IAMCredentials, awsfedtest.GoogleSTS} {
					cloud.Inject(awsfedtest.Unavailable(endpoint).During(30 * time.Minute))
				}
			}
			require.NoError(t, usable(cloud, ts))
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleOAuth), 30)
	})
}

func TestDelegatedTokenNeedsAnAccountAndAUser(t *testing.T) {
	for name, test := range map[string]struct{ account, subject, want string }{
		"no account":      {"", workspaceUser, "ServiceAccount is missing: want the email address"},
		"a unique ID":     {"112233445566778899000", workspaceUser, "the email address of the account that signs"},
		"no user":         {testAccount, "", "the subject is missing"},
		"a user's name":   {testAccount, "ada", `the subject is "ada"`},
		"an open address": {testAccount, "@example.com", "the subject"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offlineConfig(http.DefaultTransport)
			cfg.ServiceAccount = test.account
			_, err := awsfed.NewDelegatedTokenSource(t.Context(), cfg, test.subject)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestDelegatedTokenTakesOnlyAWholeAnswer(t *testing.T) {
	for name, body := range map[string]string{
		"no token":          `{"token_type":"Bearer","expires_in":3599}`,
		"another type":      `{"access_token":"ya29.secret","token_type":"mac","expires_in":3599}`,
		"no end":            `{"access_token":"ya29.secret","token_type":"Bearer"}`,
		"an ID token alone": `{"id_token":"ya29.secret"}`,
		"no JSON":           `ya29.secret`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newWorkspace(t)
				cloud.Inject(awsfedtest.Status(awsfedtest.GoogleOAuth, 200, nil, body))
				_, err := newDelegated(t, cloud, workspaceUser).Token()
				assert.Equal(t, awsfed.StageDelegation, invalidAnswer(t, err).Stage)
				time.Sleep(time.Minute)
				cloud.Wait()
			})
		})
	}
}

func TestDelegatedTokensOfManyUsersShareOneFederatedToken(t *testing.T) {
	cloud := newWorkspace(t)
	require.NoError(t, cloud.AddWorkspaceUser("grace@example.com"))
	federated := newSource(t, cloud, func(c *awsfed.Config) { c.ServiceAccount = "" })
	for _, user := range []string{workspaceUser, "grace@example.com"} {
		token, err := newDelegated(t, cloud, user, func(c *awsfed.Config) { c.Federated = federated }).TokenContext(context.Background())
		require.NoError(t, err)
		access, err := cloud.Check(token.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, user, access.Principal)
	}
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
}
