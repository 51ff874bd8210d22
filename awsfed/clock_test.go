package awsfed_test

import (
	"context"
	"errors"
	"fmt"
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

func TestTokenSourceSpendsOneExchangeOnAWrongClockAndItsExpiryIsRight(t *testing.T) {
	for _, skew := range []time.Duration{-11 * time.Hour, -20 * time.Minute, 0, 20 * time.Minute, 11 * time.Hour} {
		for _, account := range []string{"", testAccount} {
			t.Run(fmt.Sprintf("%v with account %q", skew, account), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					cloud.SetClock(-skew) // the machine is ahead by skew
					slow(cloud, 150*time.Millisecond)
					ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.ServiceAccount = account })
					start := time.Now()
					token, err := ts.Token()
					require.NoError(t, err)
					want := 1
					if skew != 0 {
						want = 2
					}
					assert.Equal(t, want, cloud.Count(awsfedtest.GoogleSTS))
					assert.WithinDuration(t, start.Add(time.Hour), token.Expiry, 2*time.Second)

					// And for the rest of the day no request is refused.
					before := cloud.Count(awsfedtest.GoogleSTS)
					var load tally
					load.everySecond(5*time.Hour, func() error { _, err := ts.Token(); return err })
					assert.Zero(t, load.failed.Load())
					assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS)-before, 13)
					time.Sleep(3 * time.Hour) // until nobody holds a token: a bubble must not end before a refresh
				})
			})
		}
	}
}

func TestTokenSourceFirstCallAfterASuspensionGetsATokenInOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		ts := newSource(t, cloud)
		_, err := ts.Token()
		require.NoError(t, err)
		ts.Suspend(8 * time.Hour)
		before := cloud.Count(awsfedtest.IAMCredentials)
		start := time.Now()
		_, err = ts.Token()
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(start), 300*time.Millisecond)
		assert.Equal(t, before+1, cloud.Count(awsfedtest.IAMCredentials))
		time.Sleep(3 * time.Hour)
	})
}

func TestTokenSourceSuspendedInABackgroundRefreshDoesNotWaitForDeadConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		first, err := ts.Token()
		require.NoError(t, err)
		drop := cloud.Inject(awsfedtest.Drop(awsfedtest.IAMCredentials)) // what was sent before the suspension gets no answer
		before := cloud.Count(awsfedtest.IAMCredentials)
		for cloud.Count(awsfedtest.IAMCredentials) == before {
			time.Sleep(time.Second)
		}
		drop()
		ts.Suspend(8 * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		token, err := ts.TokenContext(ctx)
		require.NoError(t, err)
		assert.NotEqual(t, first.AccessToken, token.AccessToken)
		time.Sleep(3 * time.Hour)
	})
}

func TestTokenSourceSuspendedInAPauseDoesNotSitItOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, gives(time.Hour), fails(&awsfed.Error{Transient: true, RetryAfter: 20 * time.Second}), gives(time.Hour))
		first, err := ts.Token()
		require.NoError(t, err)
		ts.Invalidate(first)
		var callers sync.WaitGroup
		defer callers.Wait()
		callers.Go(func() { _, _ = ts.Token() }) // fails, and its refresh pauses
		time.Sleep(time.Second)
		ts.Suspend(8 * time.Hour)
		start := time.Now()
		_, err = ts.Token()
		require.NoError(t, err)
		assert.Zero(t, time.Since(start))
	})
}

func TestTokenSourceWaiterGetsTheTokenInItsLastSecondsRatherThanAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		ts := cached(t, func(ctx context.Context) (*oauth2.Token, error) {
			if asked.Add(1) == 1 {
				return tokenFor(time.Hour), nil
			}
			<-ctx.Done()
			return nil, errors.New("no answer")
		})
		first, err := ts.Token()
		require.NoError(t, err)
		ts.Suspend(time.Hour - 9*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		token, err := ts.TokenContext(ctx)
		require.NoError(t, err)
		assert.Equal(t, first.AccessToken, token.AccessToken)
		time.Sleep(time.Hour)
	})
}

func TestTokenSourceSeesASmallStepBackOfTheClockToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, gives(time.Hour))
		_, err := ts.Token()
		require.NoError(t, err)
		ts.SetBack(30 * time.Second)
		copied, err := ts.Token()
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now().Add(time.Hour), copied.Expiry, time.Second)
	})
}

func TestTokenSourceTakesNewTokensThoughTheClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		ts := cached(t, func(context.Context) (*oauth2.Token, error) {
			asked.Add(1)
			return tokenFor(time.Hour), nil
		})
		first, err := ts.Token()
		require.NoError(t, err)
		ts.SetBack(time.Hour)

		copied, err := ts.Token()
		require.NoError(t, err)
		assert.Equal(t, first.AccessToken, copied.AccessToken)
		assert.WithinDuration(t, time.Now().Add(time.Hour), copied.Expiry, time.Second, "not an hour late")
		assert.Equal(t, copied.Expiry, ts.Status().Expiry)

		time.Sleep(31 * time.Minute)
		second, err := ts.Token()
		require.NoError(t, err)
		assert.NotEqual(t, first.AccessToken, second.AccessToken)
		assert.EqualValues(t, 2, asked.Load())
	})
}
