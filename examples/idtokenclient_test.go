package examples_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/httptransport"
	"cloud.google.com/go/auth/oauth2adapt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"google.golang.org/api/option"
	htransport "google.golang.org/api/transport/http"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// startCloudRun is a service of that audience as Cloud Run guards it, which tells a caller's email
// address: 401 without an ID token of Google's for the service, 403 for an account that is not an
// invoker.
func startCloudRun(t *testing.T, cloud *awsfedtest.Cloud, audience, invoker string) *httptest.Server {
	t.Helper()
	verify := idTokenVerifiers()["api/idtoken"]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		claims, err := verify(r.Context(), cloud, token, audience)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusUnauthorized)
		case claims.Email != invoker:
			http.Error(w, claims.Email+" is not an invoker", http.StatusForbidden)
		default:
			_, _ = io.WriteString(w, claims.Email)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// httpClients are the ways to have requests carry the tokens of a source.
func httpClients() map[string]func(t *testing.T, ts *awsfed.TokenSource) *http.Client {
	return map[string]func(t *testing.T, ts *awsfed.TokenSource) *http.Client{
		"awsfed.Transport": func(_ *testing.T, ts *awsfed.TokenSource) *http.Client {
			return &http.Client{Transport: &awsfed.Transport{Source: ts}}
		},
		"oauth2.NewClient": func(t *testing.T, ts *awsfed.TokenSource) *http.Client {
			return oauth2.NewClient(t.Context(), ts)
		},
		"api/transport/http": func(t *testing.T, ts *awsfed.TokenSource) *http.Client {
			client, _, err := htransport.NewClient(t.Context(), option.WithTokenSource(ts))
			require.NoError(t, err)
			return client
		},
		"auth/httptransport": func(t *testing.T, ts *awsfed.TokenSource) *http.Client {
			client, err := httptransport.NewClient(&httptransport.Options{Credentials: authCredentials(ts)})
			require.NoError(t, err)
			return client
		},
	}
}

// authCredentials adapts a source to Google's newer libraries, by Google's own adapter.
func authCredentials(ts *awsfed.TokenSource) *auth.Credentials {
	return auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: oauth2adapt.TokenProviderFromTokenSource(ts)})
}

func get(t *testing.T, client *http.Client, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := client.Do(request)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func TestIDTokenGoesToACloudRunServiceByEveryHTTPClient(t *testing.T) {
	for name, newClient := range httpClients() {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			account := cloud.Config().ServiceAccount
			service := startCloudRun(t, cloud, idTokenAudience, account)
			client := newClient(t, newIDTokenSource(t, cloud.Config(), idTokenAudience))
			for range 2 {
				code, body := get(t, client, service.URL)
				assert.Equal(t, http.StatusOK, code)
				assert.Equal(t, account, body)
			}
			assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials), "the second request has the token of the first")

			code, _ := get(t, newClient(t, newSource(t, cloud)), service.URL)
			assert.Equal(t, http.StatusUnauthorized, code, "an access token is no ID token")
			code, _ = get(t, newClient(t, newIDTokenSource(t, cloud.Config(), "https://another.run.app")), service.URL)
			assert.Equal(t, http.StatusUnauthorized, code, "an ID token for another service")
			other := startCloudRun(t, cloud, idTokenAudience, "somebody@my-project.iam.gserviceaccount.com")
			code, _ = get(t, client, other.URL)
			assert.Equal(t, http.StatusForbidden, code, "a service with other invokers")
		})
	}
}

func TestIDTokenIsGRPCsPerRPCCredentials(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	verify := idTokenVerifiers()["api/idtoken"]
	dial := serveGRPC(t, func(ctx context.Context, bearer string) error {
		claims, err := verify(ctx, cloud, bearer, idTokenAudience)
		if err == nil && claims.Email != cloud.Config().ServiceAccount {
			err = errors.New("somebody else")
		}
		return err
	})
	for name, test := range map[string]struct {
		source *awsfed.TokenSource
		want   codes.Code
	}{
		"an ID token for the service":         {newIDTokenSource(t, cloud.Config(), idTokenAudience), codes.OK},
		"an ID token for another service":     {newIDTokenSource(t, cloud.Config(), "https://another.run.app"), codes.Unauthenticated},
		"an access token of the same account": {newSource(t, cloud), codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dial(grpc.WithPerRPCCredentials(test.source)).Check(t.Context(), &healthpb.HealthCheckRequest{})
			assert.Equal(t, test.want, status.Code(err))
		})
	}
}

func TestIDTokensForManyServicesShareOneExchange(t *testing.T) {
	const services = 5
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	account := cfg.ServiceAccount
	cfg.ServiceAccount = ""
	federated, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	cfg.ServiceAccount, cfg.Federated = account, federated
	for n := range services {
		audience := "https://service-" + strconv.Itoa(n) + ".run.app"
		service := startCloudRun(t, cloud, audience, account)
		code, body := get(t, &http.Client{Transport: &awsfed.Transport{Source: newIDTokenSource(t, cfg, audience)}}, service.URL)
		assert.Equal(t, http.StatusOK, code)
		assert.Equal(t, account, body)
	}
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, services, cloud.Count(awsfedtest.IAMCredentials), "one ID token each")
}
