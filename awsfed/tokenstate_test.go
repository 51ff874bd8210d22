package awsfed_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
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

// A script is a source that does what a test says, one step a question; the last step stands.
type script struct {
	steps []func(context.Context) (*oauth2.Token, error)
	asked atomic.Int64
}

func (s *script) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	n := int(s.asked.Add(1))
	return s.steps[min(n, len(s.steps))-1](ctx)
}

func gives(life time.Duration) func(context.Context) (*oauth2.Token, error) {
	return func(context.Context) (*oauth2.Token, error) { return tokenFor(life), nil }
}

func fails(err error) func(context.Context) (*oauth2.Token, error) {
	return func(context.Context) (*oauth2.Token, error) { return nil, err }
}

func hangs(ctx context.Context) (*oauth2.Token, error) { <-ctx.Done(); return nil, ctx.Err() }

func scripted(t *testing.T, steps ...func(context.Context) (*oauth2.Token, error)) (*awsfed.TokenSource, *script) {
	t.Helper()
	s := &script{steps: steps}
	ts, err := awsfed.NewCachedTokenSource(s, &awsfed.CacheOptions{Logger: quiet})
	require.NoError(t, err)
	return ts, s
}

func TestACallStartsAReplacementThatTheTimerSleptThrough(t *testing.T) {
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

func TestAnEndedContextStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, gives(time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := ts.TokenContext(ctx)
		assert.ErrorIs(t, err, context.Canceled)
		time.Sleep(time.Minute)
		assert.Zero(t, s.asked.Load())
	})
}

func TestInvalidateDropsTheTokenThatItIsToldOfOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, gives(time.Hour))
		first, err := ts.Token()
		require.NoError(t, err)
		ts.Invalidate(first)
		second, err := ts.Token()
		require.NoError(t, err)
		assert.NotEqual(t, first.AccessToken, second.AccessToken)

		ts.Invalidate(first)  // gone already
		ts.Invalidate(nil)    // none
		ts.Invalidate(second) // too soon
		_, err = ts.Token()
		require.NoError(t, err)
		assert.EqualValues(t, 2, s.asked.Load())

		time.Sleep(time.Minute)
		ts.Invalidate(second)
		_, err = ts.Token()
		require.NoError(t, err)
		assert.EqualValues(t, 3, s.asked.Load())
	})
}

func TestABackgroundFlightIsOneAttempt(t *testing.T) {
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

func TestAFailedReplacementMakesNobodyWaitInTheLastSeconds(t *testing.T) {
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

func TestAFirstAttemptThatHangsIsNotTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, hangs, gives(time.Hour))
		start := time.Now()
		_, err := ts.Token()
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 11*time.Second)
	})
}

func TestASourceThatNeedsLongIsRefreshedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, func(ctx context.Context) (*oauth2.Token, error) {
			select {
			case <-time.After(12 * time.Second):
				return tokenFor(time.Hour), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
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

func TestTheLastAttemptOfAFlightDoesNotHideWhatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, fails(&awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 503, Transient: true}), hangs)
		_, err := ts.Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 503, e.StatusCode)
		time.Sleep(time.Minute)
	})
}

func TestARecoveryLeavesNothingOfTheFailure(t *testing.T) {
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

func TestARetryAfterOfTheBackgroundHoldsForAllAndRunsOut(t *testing.T) {
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

func TestACallerWhoLeavesAHealthyFlightHearsNoOldFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, gives(time.Hour), fails(&awsfed.Error{StatusCode: 403, Code: "PERMISSION_DENIED"}), hangs)
		token, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Until(token.Expiry) + time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = ts.TokenContext(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.NotErrorIs(t, err, awsfed.ErrPermissionDenied)
		time.Sleep(time.Minute)
	})
}

func TestAnErrorThatStandsIsNotWarnedOfAgain(t *testing.T) {
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
		warnings := strings.Count(log.String(), "level=WARN")
		assert.Equal(t, cloud.Count(awsfedtest.GoogleSTS), warnings, "one for each request")
		assert.LessOrEqual(t, warnings, 6)
	})
}

func TestManyAccountsDoNotDropEachOthersTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusUnauthorized, nil, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`))
		cfg := cloud.Config()
		cfg.Logger = quiet
		builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
		require.NoError(t, err)
		exchanger, err := awsfed.NewExchanger(cfg, builder)
		require.NoError(t, err)
		federated, err := awsfed.NewCachedTokenSource(exchanger, &awsfed.CacheOptions{Logger: quiet})
		require.NoError(t, err)
		var callers sync.WaitGroup
		for range 20 {
			impersonator, err := awsfed.NewImpersonator(cfg, federated)
			require.NoError(t, err)
			account, err := awsfed.NewCachedTokenSource(impersonator, &awsfed.CacheOptions{Logger: quiet})
			require.NoError(t, err)
			callers.Go(func() {
				for range 10 * 60 {
					_, err := account.Token()
					assert.Error(t, err)
					time.Sleep(time.Second)
				}
			})
		}
		callers.Wait()
		assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS), 12, "exchanges in ten minutes")
	})
}

func TestAFailureOfTheRenewalIsTheOneThatCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		token, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Until(token.Expiry) - time.Minute)
		ts.Invalidate(token)
		cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusUnauthorized, nil, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`).Times(1))
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).During(12 * time.Second))
		_, err = ts.Token()
		require.NoError(t, err, "both pass within the Timeout")
	})
}

func TestASourceThatGivesNothingIsAnErrorAndNoPanic(t *testing.T) {
	impersonator, err := awsfed.NewImpersonator(awsfed.Config{Audience: testAudience, ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com"},
		sourceFunc(func(context.Context) (*oauth2.Token, error) { return nil, nil }))
	require.NoError(t, err)
	_, err = impersonator.TokenContext(t.Context())
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageExchange, e.Stage)
}

func TestAForeignErrorIsTriedAgainAndComesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foreign := errors.New("of somebody else's")
		ts, s := scripted(t, fails(foreign), gives(time.Hour))
		_, err := ts.Token()
		require.NoError(t, err)
		assert.EqualValues(t, 2, s.asked.Load())

		never, _ := scripted(t, fails(foreign))
		_, err = never.Token()
		assert.ErrorIs(t, err, foreign)
		time.Sleep(time.Minute)
	})
}
