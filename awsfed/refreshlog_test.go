package awsfed_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// logged is a source whose log at the default level is kept.
func logged(t *testing.T, cloud *awsfedtest.Cloud) (*awsfed.TokenSource, *lockedBuffer) {
	t.Helper()
	log := &lockedBuffer{}
	return newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Logger = slog.New(slog.NewTextHandler(log, nil)) }), log
}

// assertStates checks the levels of all lines, and that each says of what it is.
func assertStates(t *testing.T, log *lockedBuffer, levels ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	var found []string
	for _, line := range lines {
		_, level, _ := strings.Cut(line, "level=")
		level, _, _ = strings.Cut(level, " ")
		found = append(found, level)
		assert.Contains(t, line, "kind=")
		assert.Contains(t, line, "provider=projects/")
	}
	assert.Equal(t, levels, found, log.String())
	assert.LessOrEqual(t, len(lines), 12)
	assert.LessOrEqual(t, len(log.String()), 8<<10)
	t.Logf("%d lines, %d bytes:\n%s", len(lines), len(log.String()), log.String())
}

func TestRefreshLogOfAnOutageOfHalfAnHour(t *testing.T) {
	down := func(cloud *awsfedtest.Cloud) func() {
		sts := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		iam := cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
		return func() { sts(); iam() }
	}
	t.Run("with a token at hand", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			ts, log := logged(t, cloud)
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(20 * time.Minute)
			up := down(cloud)
			for start := time.Now(); time.Since(start) < 30*time.Minute; time.Sleep(time.Second) {
				_, err := ts.Token()
				require.NoError(t, err)
			}
			up()
			time.Sleep(15 * time.Minute)
			said := log.String()
			assert.Equal(t, 2, strings.Count(said, "tokens are not refreshed"), "each source tells of its own service")
			assert.GreaterOrEqual(t, strings.Count(said, "level=INFO"), 1)
			assert.NotContains(t, said, "level=ERROR")
			assert.Contains(t, said, "hint=")
			assert.Contains(t, said, "left=")
			lines := strings.Count(said, "\n")
			assert.LessOrEqual(t, lines, 12, said)
			assert.LessOrEqual(t, len(said), 8<<10)
			t.Logf("%d lines, %d bytes:\n%s", lines, len(said), said)
			time.Sleep(3 * time.Hour)
		})
	})
	t.Run("cold, with a crowd of callers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			ts, log := logged(t, cloud)
			up := down(cloud)
			for start := time.Now(); time.Since(start) < 30*time.Minute; time.Sleep(time.Second) {
				for range 20 {
					go func() { _, _ = ts.Token() }()
				}
			}
			up()
			time.Sleep(time.Minute)
			_, err := ts.Token()
			require.NoError(t, err)
			synctest.Wait()
			assertStates(t, log, "WARN", "ERROR", "INFO")
			time.Sleep(3 * time.Hour)
		})
	})
}

func TestRefreshLogSaysOnceWhatAThousandAccountsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		log := &lockedBuffer{}
		cfg := cloud.Config()
		cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
		cloud.Inject(awsfedtest.Status(awsfedtest.GoogleSTS, http.StatusBadRequest, nil, `{"error":"invalid_target"}`))
		builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
		require.NoError(t, err)
		exchanger, err := awsfed.NewExchanger(cfg, builder)
		require.NoError(t, err)
		federated, err := awsfed.NewCachedTokenSource(exchanger, &awsfed.CacheOptions{Kind: awsfed.FederatedToken, Provider: "projects/1", Logger: cfg.Logger})
		require.NoError(t, err)
		for range 1000 {
			impersonator, err := awsfed.NewImpersonator(cfg, federated)
			require.NoError(t, err)
			account, err := awsfed.NewCachedTokenSource(impersonator, &awsfed.CacheOptions{Kind: awsfed.ServiceAccountToken, ServiceAccount: cfg.ServiceAccount, Logger: cfg.Logger})
			require.NoError(t, err)
			_, err = account.Token()
			require.Error(t, err)
		}
		synctest.Wait()
		assertStates(t, log, "ERROR")
		time.Sleep(3 * time.Hour)
	})
}

func TestRefreshEventSaysWhichFailureItRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		var events []awsfed.RefreshEvent
		ts := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.OnRefresh = func(event awsfed.RefreshEvent) { events = append(events, event) }
		})
		for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(time.Second) {
			_, err := ts.Token()
			require.Error(t, err)
		}
		synctest.Wait()
		made := 0
		for _, event := range events {
			assert.Equal(t, "projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider", event.Provider)
			switch event.Kind {
			case awsfed.FederatedToken:
				assert.False(t, event.Repeated)
				assert.Empty(t, event.ServiceAccount)
				made++
			case awsfed.ServiceAccountToken:
				assert.True(t, event.Repeated)
				assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com", event.ServiceAccount)
			}
		}
		assert.Equal(t, cloud.Count(awsfedtest.GoogleSTS), made, "an event that repeats nothing is a request")
		time.Sleep(3 * time.Hour)
	})
}

func TestRefreshEventCarriesTheLinkOfTheFirstCaller(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, time.Second)
		var events []awsfed.RefreshEvent
		ts := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.OnRefresh = func(event awsfed.RefreshEvent) { events = append(events, event) }
			cfg.LinkOf = func(ctx context.Context) any {
				if ctx.Value(key{}) == "panics" {
					panic("no")
				}
				return ctx.Value(key{})
			}
		})
		for i, name := range []string{"first", "second", "panics"} {
			go func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				_, err := ts.TokenContext(context.WithValue(t.Context(), key{}, name))
				assert.NoError(t, err)
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait() // events are told after the callers
		require.Len(t, events, 2)
		assert.Equal(t, "first", events[1].Link)
		assert.Equal(t, 3, events[1].Waiting)
		assert.Equal(t, 1, events[0].Waiting, "the attempt for the service account")
		assert.Nil(t, events[0].Link, "nothing of a caller gets below")
		time.Sleep(3 * time.Hour)
	})
}
