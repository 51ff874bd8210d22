package metadataserver_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// as is the identity of another account.
func as(account string) func(*awsfed.Config) {
	return func(cfg *awsfed.Config) { cfg.ServiceAccount = account }
}

func emailOf(t *testing.T, h http.Handler) string {
	t.Helper()
	return get(t, h, accounts+"/default/email").body
}

func TestAnotherConfigurationTakesOverWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := severalAccounts(t)
		h := handlerOf(t, cloud, metadataserver.Options{Accounts: []string{reader}})
		old := tokenOf(t, get(t, h, tokenKey)).AccessToken
		cloud.Inject(awsfedtest.Delay(awsfedtest.IAMCredentials, 5*time.Second))
		replaced := make(chan error)
		go func() { replaced <- h.Replace(t.Context(), identityOf(cloud, as(unlisted))) }()
		for range 50 {
			require.Equal(t, old, tokenOf(t, get(t, h, tokenKey)).AccessToken)
			require.Equal(t, appAccount, emailOf(t, h))
			time.Sleep(100*time.Millisecond - time.Microsecond)
		}
		require.NoError(t, <-replaced)
		asked := cloud.Count(awsfedtest.IAMCredentials)
		access, err := cloud.Check(tokenOf(t, get(t, h, tokenKey)).AccessToken)
		require.NoError(t, err)
		assert.Equal(t, unlisted, access.Principal)
		assert.Equal(t, unlisted, emailOf(t, h))
		assert.Equal(t, asked, cloud.Count(awsfedtest.IAMCredentials), "the token is the one that it took over with")
		assert.Equal(t, awsfed.TokenValid, h.Status().Token)
		assert.Equal(t, http.StatusNotFound, get(t, h, accounts+"/"+appAccount+"/email").status)
		assert.Equal(t, http.StatusOK, get(t, h, accounts+"/"+reader+"/email").status, "the allow list stays")
		cloud.Wait()
	})
}

func TestAConfigurationThatGivesNoTokenDoesNotTakeOver(t *testing.T) {
	for name, broken := range map[string]func(*awsfed.Config){
		"it has a fault":                 func(cfg *awsfed.Config) { cfg.Audience = "x" },
		"it has another fault":           func(cfg *awsfed.Config) { cfg.Scopes = []string{""} },
		"Google denies it":               as(forsaken),
		"Google is silent":               func(cfg *awsfed.Config) { cfg.HTTPClient = &http.Client{Transport: silent{}} },
		"Google is silent for very long": func(cfg *awsfed.Config) { cfg.HTTPClient, cfg.Timeout = &http.Client{Transport: silent{}}, time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := severalAccounts(t)
				h := handlerOf(t, cloud, metadataserver.Options{})
				old := get(t, h, tokenKey)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				require.Error(t, h.Replace(ctx, identityOf(cloud, broken)))
				assert.LessOrEqual(t, time.Since(start), time.Minute)
				assert.Equal(t, tokenOf(t, old).AccessToken, tokenOf(t, get(t, h, tokenKey)).AccessToken)
				assert.Equal(t, appAccount, emailOf(t, h))
				assert.Equal(t, awsfed.TokenValid, h.Status().Token)
				require.NoError(t, h.Replace(t.Context(), identityOf(cloud, as(reader))), "another one may")
				assert.Equal(t, reader, emailOf(t, h))
				time.Sleep(3 * time.Hour)
				cloud.Wait()
			})
		})
	}
}

func TestTheConfigurationThatCameLastStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := severalAccounts(t)
		h := handlerOf(t, cloud, metadataserver.Options{})
		require.NoError(t, h.Warm(t.Context()))
		slow := awsfedtest.Delay(awsfedtest.IAMCredentials, 5*time.Second).Times(1)
		cloud.Inject(slow)
		first := make(chan error)
		go func() { first <- h.Replace(t.Context(), identityOf(cloud, as(unlisted))) }()
		time.Sleep(time.Second)
		require.NoError(t, h.Replace(t.Context(), identityOf(cloud, as(reader))))
		require.Equal(t, reader, emailOf(t, h))
		require.NoError(t, <-first, "its token came, and later than that of the next")
		assert.Equal(t, reader, emailOf(t, h))
		cloud.Wait()
	})
}

func TestRequestsNeverFailWhileConfigurationsChange(t *testing.T) {
	cloud := severalAccounts(t)
	h := handlerOf(t, cloud, metadataserver.Options{})
	address := listen(t, h)
	require.NoError(t, h.Warm(t.Context()))
	var done atomic.Bool
	var replacing, asking sync.WaitGroup
	for _, account := range []string{appAccount, reader, unlisted} {
		replacing.Go(func() {
			for range 20 {
				assert.NoError(t, h.Replace(t.Context(), identityOf(cloud, as(account))))
				assert.Error(t, h.Replace(t.Context(), identityOf(cloud, as(forsaken))))
			}
		})
	}
	for _, target := range []string{tokenKey, accounts + "/default/?recursive=true", identityKey + "?audience=x", v1 + "/?recursive=true", "/healthz"} {
		asking.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for !done.Load() {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+target, nil)
				if !assert.NoError(t, err) {
					return
				}
				request.Header.Set("Metadata-Flavor", "Google")
				answer, err := transport.RoundTrip(request)
				if !assert.NoError(t, err) {
					return
				}
				assert.Equal(t, http.StatusOK, answer.StatusCode, target)
				assert.NoError(t, answer.Body.Close())
			}
		})
	}
	replacing.Wait()
	done.Store(true)
	asking.Wait()
}
