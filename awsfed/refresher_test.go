package awsfed_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestTokenSourceCallStartsARefreshThatTheTimerSleptThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, gives(time.Hour))
		first, err := ts.Token()
		require.NoError(t, err)
		ts.Suspend(20 * time.Minute) // to 40 minutes of life; the timer's clock stood still
		time.Sleep(10 * time.Minute)
		again, err := ts.Token()
		require.NoError(t, err)
		assert.Equal(t, first.AccessToken, again.AccessToken, "valid, so nobody waits")
		time.Sleep(20 * time.Minute)
		assert.EqualValues(t, 2, s.asked.Load())
	})
}

func TestTokenSourceKeepsALongerLivedTokenThanALateOrShorterAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lives := []time.Duration{time.Hour, 20 * time.Minute, time.Hour}
		var calls atomic.Int64
		ts := cached(t, func(context.Context) (*oauth2.Token, error) {
			return tokenFor(lives[min(int(calls.Add(1)), len(lives))-1]), nil
		})
		first, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(31 * time.Minute)
		again, err := ts.Token()
		require.NoError(t, err)
		assert.EqualValues(t, 2, calls.Load(), "it was asked")
		assert.Equal(t, first.AccessToken, again.AccessToken, "and what came would have ended sooner")
		time.Sleep(20 * time.Minute)
		third, err := ts.Token()
		require.NoError(t, err)
		assert.NotEqual(t, first.AccessToken, third.AccessToken)
	})
}

func TestTokenSourceBackgroundRefreshIsOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, gives(time.Hour), fails(&awsfed.Error{Transient: true}))
		_, err := ts.Token()
		require.NoError(t, err)
		for s.asked.Load() == 1 {
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(900 * time.Millisecond) // the least pause in the background is a second
		assert.EqualValues(t, 2, s.asked.Load())
	})
}

func TestTokenSourceMakesNobodyWaitInTheLastSecondsAfterAFailedRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, gives(time.Hour), fails(&awsfed.Error{Transient: true}))
		first, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Until(first.Expiry) - 5*time.Second)
		start := time.Now()
		token, err := ts.Token()
		require.NoError(t, err)
		assert.Equal(t, first.AccessToken, token.AccessToken)
		assert.Zero(t, time.Since(start))
	})
}

func TestTokenSourceRefreshesWhatNeedsLongInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, takes(12*time.Second))
		_, err := ts.Token()
		require.NoError(t, err)
		var load tally
		load.everySecond(5*time.Hour, func() error { _, err := ts.Token(); return err })
		assert.Zero(t, load.failed.Load())
		assert.LessOrEqual(t, time.Duration(load.slowest.Load()), time.Millisecond)
		assert.LessOrEqual(t, s.asked.Load(), int64(30))
		time.Sleep(3 * time.Hour)
	})
}

func TestTokenSourceOfShortLivesIsNoHotLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		ts := cached(t, func(context.Context) (*oauth2.Token, error) { asked.Add(1); return tokenFor(2 * time.Second), nil })
		for range 600 {
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
		assert.LessOrEqual(t, asked.Load(), int64(61))
	})
}

func TestTokenSourceTellsAPermanentFailureLongBeforeTheTokenEndsAndRetriesRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		var events []awsfed.RefreshEvent
		var mu sync.Mutex
		ts := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.OnRefresh = func(event awsfed.RefreshEvent) {
				mu.Lock()
				defer mu.Unlock()
				events = append(events, event)
			}
		})
		token, err := ts.Token()
		require.NoError(t, err)
		cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusForbidden, nil,
			`{"error":{"code":403,"message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).","status":"PERMISSION_DENIED"}}`))
		before := cloud.Count(awsfedtest.IAMCredentials)
		time.Sleep(time.Until(token.Expiry))

		mu.Lock()
		defer mu.Unlock()
		i := slices.IndexFunc(events, func(e awsfed.RefreshEvent) bool { return e.Err != nil })
		require.GreaterOrEqual(t, i, 0, "an event with the failure")
		assert.ErrorIs(t, events[i].Err, awsfed.ErrPermissionDenied)
		assert.True(t, events[i].Background)
		assert.Equal(t, awsfed.ServiceAccountToken, events[i].Kind)
		assert.Greater(t, token.Expiry.Sub(events[i].Start), 29*time.Minute, "time left to correct it")
		assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials)-before, 8) // 36 min over the least pause of 5 min
		assert.ErrorIs(t, ts.Status().Err, awsfed.ErrPermissionDenied)
	})
}

func TestTokenSourceRecoveryLeavesNothingOfTheFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := fails(&awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400})
		ts, s := scripted(t, broken, broken, broken, gives(time.Hour))
		for range 3 {
			_, err := ts.Token()
			require.Error(t, err)
			time.Sleep(2 * time.Minute)
		}
		token, err := ts.Token()
		require.NoError(t, err)
		status := ts.Status()
		assert.NoError(t, status.Err)
		assert.Zero(t, status.Attempts)
		assert.Equal(t, time.Hour, status.ExpiresIn)
		ts.Invalidate(token)
		_, err = ts.Token()
		require.NoError(t, err, "nothing is held any more")
		assert.EqualValues(t, 5, s.asked.Load())
	})
}

func TestTokenSourceObeysRetryAfter(t *testing.T) {
	t.Run("inside a refresh", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.Inject(awsfedtest.TooManyRequests(awsfedtest.GoogleSTS, 7*time.Second).Times(1))
			start := time.Now()
			_, err := newSource(t, cloud).Token()
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(start), 7*time.Second)
		})
	})
	t.Run("beyond the refresh", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.Inject(awsfedtest.TooManyRequests(awsfedtest.GoogleSTS, 2*time.Minute).Times(1))
			ts := newSource(t, cloud)
			_, err := ts.Token()
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 2*time.Minute, e.RetryAfter)
			time.Sleep(119 * time.Second)
			_, err = ts.Token()
			assert.Error(t, err)
			assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
			time.Sleep(2 * time.Second)
			_, err = ts.Token()
			assert.NoError(t, err)
		})
	})
	t.Run("in the background", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			ts := newSource(t, cloud)
			_, err := ts.Token()
			require.NoError(t, err)
			cloud.Inject(awsfedtest.TooManyRequests(awsfedtest.IAMCredentials, 15*time.Minute))
			var load tally
			load.everySecond(40*time.Minute, func() error { _, err := ts.Token(); return err })
			assert.Zero(t, load.failed.Load())
			assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials), 3)
		})
	})
}

func TestTokenSourceRetryAfterOfTheBackgroundHoldsForAllAndRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, gives(time.Hour), fails(&awsfed.Error{StatusCode: 429, Transient: true, RetryAfter: 2 * time.Minute}), gives(time.Hour))
		token, err := ts.Token()
		require.NoError(t, err)
		for s.asked.Load() == 1 {
			time.Sleep(time.Second)
		}
		ts.Invalidate(token)
		time.Sleep(time.Minute)
		_, err = ts.Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.InDelta(t, time.Minute, e.RetryAfter, float64(2*time.Second), "what is left of it")
		assert.EqualValues(t, 2, s.asked.Load())
		time.Sleep(2 * time.Minute)
		_, err = ts.Token()
		assert.NoError(t, err)
	})
}

func TestTokenSourceRetryAfterWithoutEndIsOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		ts := cached(t, func(context.Context) (*oauth2.Token, error) {
			if asked.Add(1) == 1 {
				return tokenFor(12 * time.Hour), nil
			}
			return nil, &awsfed.Error{Transient: true, RetryAfter: 1<<63 - 1}
		})
		for range 11 * 60 {
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, asked.Load(), int64(9))
		assert.GreaterOrEqual(t, asked.Load(), int64(4))
	})
}
