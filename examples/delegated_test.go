package examples_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// newWorkspace is a cloud whose account may act with these scopes for two users.
func newWorkspace(t *testing.T, scopes ...string) *awsfedtest.Cloud {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	account := cloud.Config().ServiceAccount
	require.NoError(t, cloud.Grant(account, tokenCreator, "serviceAccount:"+account))
	for _, user := range []string{"ada@example.com", "grace@example.com"} {
		require.NoError(t, cloud.AddWorkspaceUser(user))
	}
	require.NoError(t, cloud.DelegateDomain(account, scopes...))
	return cloud
}

func newDelegatedSource(t *testing.T, cfg awsfed.Config, user string, scopes ...string) *awsfed.TokenSource {
	t.Helper()
	cfg.Scopes, cfg.Logger = scopes, slog.New(slog.DiscardHandler)
	ts, err := awsfed.NewDelegatedTokenSource(t.Context(), cfg, user)
	require.NoError(t, err)
	return ts
}

// startWorkspace is the Calendar and the Admin SDK, as far as each tells users about themselves.
// They take the tokens of users alone, with their scope.
func startWorkspace(t *testing.T, cloud *awsfedtest.Cloud) *httptest.Server {
	t.Helper()
	apis := http.NewServeMux()
	serve := func(pattern, scope string, answer func(user string) any) {
		apis.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			access, _ := awsfedtest.AccessFrom(r.Context())
			if access.Kind != awsfed.DelegatedToken || !slices.Equal(access.Scopes, []string{scope}) {
				http.Error(w, `{"error": {"code": 403, "message": "`+access.Principal+` may not"}}`, http.StatusForbidden)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			assert.NoError(t, json.NewEncoder(w).Encode(answer(access.Principal)))
		})
	}
	serve("GET /users/me/calendarList", calendar.CalendarReadonlyScope, func(user string) any {
		return calendar.CalendarList{Items: []*calendar.CalendarListEntry{{Id: user, Primary: true}}}
	})
	serve("GET /admin/directory/v1/users", admin.AdminDirectoryUserReadonlyScope, func(user string) any {
		return admin.Users{Users: []*admin.User{{PrimaryEmail: user}}}
	})
	server := httptest.NewServer(cloud.Protect(apis))
	t.Cleanup(server.Close)
	return server
}

// A workspaceClient is one of Google's. It tells whom the API took it for.
type workspaceClient struct {
	scope string
	ask   func(t *testing.T, options ...option.ClientOption) (user string, err error)
}

func workspaceClients() map[string]workspaceClient {
	return map[string]workspaceClient{
		"calendar/v3": {calendar.CalendarReadonlyScope, func(t *testing.T, options ...option.ClientOption) (string, error) {
			service, err := calendar.NewService(t.Context(), options...)
			require.NoError(t, err)
			list, err := service.CalendarList.List().Context(t.Context()).Do()
			if err != nil {
				return "", err
			}
			require.Len(t, list.Items, 1)
			return list.Items[0].Id, nil
		}},
		"admin/directory/v1": {admin.AdminDirectoryUserReadonlyScope, func(t *testing.T, options ...option.ClientOption) (string, error) {
			service, err := admin.NewService(t.Context(), options...)
			require.NoError(t, err)
			list, err := service.Users.List().Customer("my_customer").Context(t.Context()).Do()
			if err != nil {
				return "", err
			}
			require.Len(t, list.Users, 1)
			return list.Users[0].PrimaryEmail, nil
		}},
	}
}

func TestDelegatedTokenLetsGooglesClientsActForAUser(t *testing.T) {
	for name, client := range workspaceClients() {
		t.Run(name, func(t *testing.T) {
			cloud := newWorkspace(t, client.scope)
			server := startWorkspace(t, cloud)
			for _, user := range []string{"ada@example.com", "grace@example.com"} {
				ts := newDelegatedSource(t, cloud.Config(), user, client.scope)
				took, err := client.ask(t, option.WithTokenSource(ts), option.WithEndpoint(server.URL))
				require.NoError(t, err)
				assert.Equal(t, user, took)
			}

			cfg := cloud.Config()
			cfg.Scopes = []string{client.scope}
			own, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			_, err = client.ask(t, option.WithTokenSource(own), option.WithEndpoint(server.URL))
			var refused *googleapi.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, http.StatusForbidden, refused.Code, "the account is no user")
			assert.Equal(t, cfg.ServiceAccount+" may not", refused.Message)
		})
	}
}

func TestDelegatedTokenThatNobodyGrantedIsAnErrorOfGooglesClientsWithTheHint(t *testing.T) {
	for name, client := range workspaceClients() {
		t.Run(name, func(t *testing.T) {
			cloud := newWorkspace(t) // without a scope
			server := startWorkspace(t, cloud)
			ts := newDelegatedSource(t, cloud.Config(), "ada@example.com", client.scope)
			_, err := client.ask(t, option.WithTokenSource(ts), option.WithEndpoint(server.URL))
			var failure *oauth2.RetrieveError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, "unauthorized_client", failure.ErrorCode)
			assert.Contains(t, failure.ErrorDescription, "admin.google.com")
			assert.Contains(t, failure.ErrorDescription, client.scope)
		})
	}
}

func TestDelegatedTokensOfManyUsersShareOneExchange(t *testing.T) {
	client := workspaceClients()["calendar/v3"]
	cloud := newWorkspace(t, client.scope)
	server := startWorkspace(t, cloud)
	cfg := cloud.Config()
	account := cfg.ServiceAccount
	cfg.ServiceAccount = ""
	federated, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	cfg.ServiceAccount, cfg.Federated = account, federated
	for _, user := range []string{"ada@example.com", "grace@example.com"} {
		ts := newDelegatedSource(t, cfg, user, client.scope)
		took, err := client.ask(t, option.WithTokenSource(ts), option.WithEndpoint(server.URL))
		require.NoError(t, err)
		assert.Equal(t, user, took)
	}
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, 2, cloud.Count(awsfedtest.GoogleOAuth))
}
