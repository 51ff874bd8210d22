package awsfed_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestTokenSourceFirstCallersShareOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		ts := newSource(t, cloud)
		var callers sync.WaitGroup
		for range 1000 {
			callers.Go(func() {
				token, err := ts.Token()
				if assert.NoError(t, err) {
					token.Expiry = time.Now() // a copy: the next caller's is another
				}
			})
		}
		callers.Wait()
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
		assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
		token, err := ts.Token()
		require.NoError(t, err)
		assert.True(t, token.Valid())
	})
}

func TestTokenSourceHandsOutCopies(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud)
	first, err := ts.Token()
	require.NoError(t, err)
	second, err := ts.Token()
	require.NoError(t, err)
	assert.NotSame(t, first, second)
	assert.Equal(t, first, second)
}

func TestTokenSourceIsSharedByTwoOAuth2ClientsWithoutARace(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: roundTripper(judge)})
	var callers sync.WaitGroup
	for range 2 {
		client := oauth2.NewClient(ctx, ts)
		for range 8 {
			callers.Go(func() {
				for range 100 {
					assert.NoError(t, get(client)())
				}
			})
		}
	}
	callers.Wait()
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
}

func TestTokenSourceWaiterLeavesWhenItsOwnContextEndsAndTheRefreshGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 2*time.Second)
		ts := newSource(t, cloud)

		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := ts.TokenContext(impatient) // starts the refresh
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))

		_, err = ts.TokenContext(t.Context()) // joins it
		require.NoError(t, err)
		assert.Equal(t, 4*time.Second, time.Since(start))
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	})
}

func TestTokenSourceNamesTheStageUnderWayWhenTheCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := newSource(t, cloud).TokenContext(ctx)
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, awsfed.StageExchange, e.Stage)
		assert.NotEmpty(t, e.Hint)
		cloud.Wait()
	})
}

func TestTokenSourceReturnsAtOnceForACancelledContextUnlessThereIsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := ts.TokenContext(cancelled)
		assert.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, cloud.Requests(), "nothing is sent")

		_, err = ts.Token()
		require.NoError(t, err)
		_, err = ts.TokenContext(cancelled)
		assert.NoError(t, err, "a valid token is never withheld")
	})
}

func TestTokenSourceStartsNothingForAnEndedContext(t *testing.T) {
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

func TestTokenSourceDoesNotKeepTheContextOfConstruction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		ts, err := awsfed.NewTokenSource(ctx, cloud.Config())
		require.NoError(t, err)
		cancel()
		for range 3 {
			_, err = ts.Token()
			require.NoError(t, err)
			time.Sleep(2 * time.Hour)
		}
	})
}

func TestTokenSourceInvalidateDropsTheTokenThatItIsToldOfOnceAMinute(t *testing.T) {
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

func TestTokenSourceRefusesATokenThatCannotBeKept(t *testing.T) {
	for name, token := range map[string]*oauth2.Token{
		"none":               nil,
		"an empty one":       {Expiry: time.Now().Add(time.Hour)},
		"one without an end": {AccessToken: "x"},
		"one that has ended": {AccessToken: "x", Expiry: time.Now().Add(-time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			ts, err := awsfed.NewCachedTokenSource(sourceFunc(func(context.Context) (*oauth2.Token, error) { return token, nil }),
				&awsfed.CacheOptions{Logger: quiet, Timeout: 50 * time.Millisecond})
			require.NoError(t, err)
			_, err = ts.Token()
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Description, "the source gave")
		})
	}
}

func TestTokenSourceRefusesANilSource(t *testing.T) {
	_, err := awsfed.NewCachedTokenSource(nil, &awsfed.CacheOptions{Timeout: -1})
	assert.ErrorContains(t, err, "source of tokens")
	assert.ErrorContains(t, err, "Timeout")
}

func TestTokenSourceThatNobodyMadeGivesErrors(t *testing.T) {
	for name, ts := range map[string]*awsfed.TokenSource{"zero": {}, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			_, err := ts.Token()
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
			_, err = ts.TokenContext(t.Context())
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
			_, err = ts.GetRequestMetadata(t.Context())
			assert.Error(t, err)
			ts.Invalidate(tokenFor(time.Hour))
			assert.Error(t, ts.Status().Err)
			assert.True(t, ts.RequireTransportSecurity())
		})
	}
}

func TestTokenSourceKeepsTheQuotaProjectOfCacheOptions(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	exchanger := newExchanger(t, cloud.Config())
	ts, err := awsfed.NewCachedTokenSource(exchanger, &awsfed.CacheOptions{QuotaProject: "pays", Logger: quiet})
	require.NoError(t, err)
	metadata, err := ts.GetRequestMetadata(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "pays", metadata["x-goog-user-project"])

	_, err = awsfed.NewCachedTokenSource(exchanger, &awsfed.CacheOptions{QuotaProject: "pays\r\nX-Other: 1"})
	assert.ErrorContains(t, err, "QuotaProject")
}

func TestTokenSourceReplacesARefusedFederatedTokenOnce(t *testing.T) {
	for name, test := range map[string]struct {
		refusals       int
		wantErr        bool
		exchanges, iam int
	}{
		"a new one is accepted": {refusals: 1, exchanges: 2, iam: 2},
		"so is no other":        {refusals: 10, wantErr: true, exchanges: 2, iam: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(tokenRefused().Times(test.refusals))
				_, err := newSource(t, cloud).Token()
				assert.Equal(t, test.wantErr, err != nil)
				assert.Equal(t, test.exchanges, cloud.Count(awsfedtest.GoogleSTS))
				assert.Equal(t, test.iam, cloud.Count(awsfedtest.IAMCredentials))
			})
		})
	}
}

func TestTokenSourceCountsTheFailureOfTheRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		token, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Until(token.Expiry) - time.Minute)
		ts.Invalidate(token)
		cloud.Inject(tokenRefused().Times(1))
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).During(12 * time.Second))
		_, err = ts.Token()
		require.NoError(t, err, "both pass within the Timeout")
	})
}

func TestTokenSourceOfOneFederatedTokenFeedsManyAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		var callers sync.WaitGroup
		for _, account := range newAccounts(t, cloud.Config(), 20) {
			callers.Go(func() {
				_, err := account.Token()
				assert.NoError(t, err)
			})
		}
		callers.Wait()
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
		assert.Equal(t, 20, cloud.Count(awsfedtest.IAMCredentials))
	})
}

func TestTokenSourcesOfManyAccountsDoNotDropEachOthersTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(tokenRefused())
		cfg := cloud.Config()
		cfg.Logger = quiet
		var callers sync.WaitGroup
		for _, account := range newAccounts(t, cfg, 20) {
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

func TestTokenSourceGoesQuietUnusedAndWakesAtTheNextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		_, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)
		assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials), 3, "one token was handed out, and it ended long ago")
		before := cloud.Count(awsfedtest.IAMCredentials)
		_, err = ts.Token()
		require.NoError(t, err)
		assert.Equal(t, before+1, cloud.Count(awsfedtest.IAMCredentials), "one refresh after a gap of any length")
	})
}

func TestTokenSourceHasNoGoroutineWhileItIsIdle(t *testing.T) {
	// The sources here make no request; connections that package net/http opens meanwhile are those
	// of other tests' sources.
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*Transport).dialConnFor"), goleak.IgnoreAnyFunction("net/http.(*Transport).startDialConnForLocked"),
		goleak.IgnoreAnyFunction("net/http.(*Transport).roundTrip"), goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
	const idle = 50_000
	before := runtime.NumGoroutine()
	sources := make([]*awsfed.TokenSource, idle)
	for i := range sources {
		sources[i] = cached(t, gives(time.Hour))
		_, err := sources[i].Token()
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 5*time.Second, 10*time.Millisecond)
	runtime.KeepAlive(sources)
}

func TestTokenSourceThatIsDroppedIsCollectedThoughItsTimerRuns(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud)
	_, err := ts.Token()
	require.NoError(t, err)
	dropped := weak.Make(ts)
	ts = nil
	require.Eventually(t, func() bool { runtime.GC(); return dropped.Value() == nil }, 5*time.Second, 10*time.Millisecond)
}

func TestTokenSourceAllocatesOnceForAValidToken(t *testing.T) {
	ts := newSource(t, awsfedtest.New(awsfedtest.Options{}))
	_, err := ts.Token()
	require.NoError(t, err)
	ctx := context.Background()
	allocations := testing.AllocsPerRun(100, func() { _, _ = ts.TokenContext(ctx) })
	assert.Equal(t, 1.0, allocations, "the caller's copy")
}

// randomSeed is that of AWSFED_SEED or, if it is not set, a new one. The test logs it.
func randomSeed(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if set := os.Getenv("AWSFED_SEED"); set != "" {
		var err error
		seed, err = strconv.ParseUint(set, 10, 64)
		require.NoError(t, err, "AWSFED_SEED")
	}
	t.Logf("AWSFED_SEED=%d", seed)
	return seed
}

// The seed decides what the callers and the source do. The library draws its pauses by itself.
func TestTokenSourceUnderCallersCancellationsFailuresAndExpiriesAtRandom(t *testing.T) {
	seed := randomSeed(t)
	synctest.Test(t, func(t *testing.T) {
		upTo := func(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
		const sourceCalls = 1000 // their streams of the seed begin here; before it are the callers'
		var refreshes atomic.Int32
		var asked atomic.Uint64
		ts := cached(t, func(ctx context.Context) (*oauth2.Token, error) {
			assert.EqualValues(t, 1, refreshes.Add(1), "one refresh at a time")
			defer refreshes.Add(-1)
			r := rand.New(rand.NewPCG(seed, sourceCalls+asked.Add(1)))
			select {
			case <-time.After(upTo(r, 2*time.Second)):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			switch r.IntN(4) {
			case 0:
				return nil, errors.New("a failure of a foreign source")
			case 1:
				return nil, &awsfed.Error{Stage: awsfed.StageExchange, Transient: r.IntN(2) == 0}
			}
			return tokenFor(time.Minute + upTo(r, 10*time.Minute)), nil
		})
		var callers sync.WaitGroup
		for i := range uint64(50) {
			callers.Go(func() {
				r := rand.New(rand.NewPCG(seed, i))
				for range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), upTo(r, 10*time.Second))
					token, err := ts.TokenContext(ctx)
					cancel()
					switch {
					case err != nil:
						assert.Nil(t, token)
					case assert.NotNil(t, token):
						assert.True(t, time.Now().Before(token.Expiry), "an ended token was handed out")
						if r.IntN(20) == 0 {
							ts.Invalidate(token)
						}
						token.AccessToken = "" // the caller's own
					}
					_ = ts.Status()
					time.Sleep(upTo(r, time.Minute))
				}
			})
		}
		callers.Wait()
		time.Sleep(time.Hour) // until nobody holds a token: a bubble must not end before a refresh
	})
}
