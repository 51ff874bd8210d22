package awsfed_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestTokenSourceReportsEveryStepWithItsDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		var events []awsfed.RefreshEvent
		ts := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.OnRefresh = func(event awsfed.RefreshEvent) { events = append(events, event) }
		})
		token, err := ts.Token()
		require.NoError(t, err)
		synctest.Wait() // events are told after the callers
		require.Len(t, events, 2)

		federated, account := events[0], events[1]
		assert.Equal(t, awsfed.FederatedToken, federated.Kind)
		var stages []awsfed.Stage
		for _, step := range federated.Steps {
			stages = append(stages, step.Stage)
		}
		assert.Equal(t, []awsfed.Stage{awsfed.StageCredentials, awsfed.StageRegion, awsfed.StageSubjectToken, awsfed.StageExchange}, stages)
		assert.Equal(t, 150*time.Millisecond, federated.Duration)

		assert.Equal(t, awsfed.ServiceAccountToken, account.Kind)
		require.Len(t, account.Steps, 1)
		assert.Equal(t, awsfed.Step{Stage: awsfed.StageImpersonation, Duration: 150 * time.Millisecond}, account.Steps[0])
		assert.Equal(t, 300*time.Millisecond, account.Duration)
		assert.Equal(t, 1, account.Attempt)
		assert.False(t, account.Background)
		assert.Equal(t, token.Expiry, account.Expiry)
		assert.WithinRange(t, account.Next, account.Start.Add(24*time.Minute), account.Start.Add(30*time.Minute))
	})
}

func TestRefreshLogTellsAFailureForGoodOnce(t *testing.T) {
	for endpoint, want := range map[awsfedtest.Endpoint]string{
		awsfedtest.GoogleSTS:      `kind=federated-token`,
		awsfedtest.IAMCredentials: `kind=service-account-token`,
	} {
		t.Run(string(endpoint), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Status(endpoint, http.StatusBadRequest, nil, `{"error":"invalid_target"}`))
				var log lockedBuffer
				ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				_, err := ts.Token()
				require.Error(t, err)
				synctest.Wait() // events are told after the callers
				assert.Equal(t, 1, strings.Count(log.String(), "level="), log.String())
				assert.Contains(t, log.String(), "level=ERROR", "callers fail from the first attempt on")
				assert.Contains(t, log.String(), want)
			})
		})
	}
}

func TestRefreshLogDoesNotRepeatAnErrorThatStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.GoogleSTS, http.StatusBadRequest, nil, `{"error":"invalid_target"}`))
		var log lockedBuffer
		ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		for range 1000 {
			_, err := ts.Token()
			require.Error(t, err)
			time.Sleep(10 * time.Millisecond)
		}
		assert.Equal(t, 1, strings.Count(log.String(), "level="), log.String())
		assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS), 6)
	})
}

func TestTokenSourceTellsEventsInOrderAndOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials).Times(20))
		var running atomic.Int64
		var events []awsfed.RefreshEvent
		ts := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.OnRefresh = func(event awsfed.RefreshEvent) {
				assert.EqualValues(t, 1, running.Add(1))
				defer running.Add(-1)
				time.Sleep(time.Second)
				events = append(events, event)
			}
		})
		for range 60 {
			_, _ = ts.Token()
			time.Sleep(time.Second)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		require.Greater(t, len(events), 20)
		last := make(map[awsfed.TokenKind]time.Time)
		for _, event := range events {
			assert.False(t, event.Start.Before(last[event.Kind]))
			last[event.Kind] = event.Start
		}
	})
}

func TestTokenSourceDoesNotWaitForAHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		ts, err := awsfed.NewCachedTokenSource(gives(time.Minute), &awsfed.CacheOptions{
			Logger: quiet, OnRefresh: func(awsfed.RefreshEvent) { <-release },
		})
		require.NoError(t, err)
		start := time.Now()
		token, err := ts.Token()
		require.NoError(t, err)
		assert.Zero(t, time.Since(start))
		assert.True(t, token.Expiry.After(time.Now()))
	})
}

func TestTokenSourceCountsTheEventsThatAHookWasTooSlowFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dropped := make(chan int, 1000)
		release := make(chan struct{})
		ts, err := awsfed.NewCachedTokenSource(gives(2*time.Second), &awsfed.CacheOptions{
			Logger: quiet, OnRefresh: func(event awsfed.RefreshEvent) { <-release; dropped <- event.Dropped },
		})
		require.NoError(t, err)
		for range 200 {
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		close(release)
		synctest.Wait()
		require.Len(t, dropped, 1+64, "one that the hook had, and those that waited")
		for range 1 + 64 {
			assert.Zero(t, <-dropped)
		}
		_, err = ts.Token()
		require.NoError(t, err)
		assert.Greater(t, <-dropped, 100)
		time.Sleep(time.Minute)
	})
}
