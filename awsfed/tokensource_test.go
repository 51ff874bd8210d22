package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
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

var quiet = slog.New(slog.DiscardHandler)

// sourceFunc is a source of the tests' own, for what the real ones do not do on demand.
type sourceFunc func(ctx context.Context) (*oauth2.Token, error)

func (f sourceFunc) TokenContext(ctx context.Context) (*oauth2.Token, error) { return f(ctx) }

func cached(t *testing.T, f sourceFunc) *awsfed.TokenSource {
	t.Helper()
	ts, err := awsfed.NewCachedTokenSource(f, &awsfed.CacheOptions{Logger: quiet})
	require.NoError(t, err)
	return ts
}

func tokenFor(life time.Duration) *oauth2.Token {
	return &oauth2.Token{AccessToken: fmt.Sprintf("token-%d", rand.Uint64()), TokenType: "Bearer", Expiry: time.Now().Round(0).Add(life)}
}

func TestManyFirstCallersShareOneFlight(t *testing.T) {
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

func TestTokensHandedOutAreCopies(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud)
	first, err := ts.Token()
	require.NoError(t, err)
	second, err := ts.Token()
	require.NoError(t, err)
	assert.NotSame(t, first, second)
	assert.Equal(t, first, second)
}

func TestTwoOAuth2ClientsShareOneSourceWithoutARace(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: judge{}})
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

func TestAWaiterLeavesWhenItsOwnContextEndsAndTheRefreshGoesOn(t *testing.T) {
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

func TestACancelledContextReturnsAtOnceUnlessThereIsAToken(t *testing.T) {
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

func TestTheContextOfConstructionIsNotKept(t *testing.T) {
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

func TestAStormOfCallersIsNoStormOfRequests(t *testing.T) {
	for name, fault := range map[string]func(awsfedtest.Endpoint) awsfedtest.Fault{
		"transient": awsfedtest.Unavailable,
		"permanent": func(e awsfedtest.Endpoint) awsfedtest.Fault {
			return awsfedtest.Status(e, http.StatusBadRequest, nil, `{"error":"invalid_target"}`)
		},
		"silent": awsfedtest.Drop,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(fault(awsfedtest.GoogleSTS))
				ts := newSource(t, cloud)
				var callers sync.WaitGroup
				for range 100 {
					callers.Go(func() {
						for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); {
							_, err := ts.Token()
							assert.Error(t, err)
							time.Sleep(100 * time.Millisecond)
						}
					})
				}
				callers.Wait()
				time.Sleep(time.Minute) // a refresh may still be under way
				sent := cloud.Count(awsfedtest.GoogleSTS)
				t.Logf("%d requests in ten minutes of 1,000 calls a second", sent)
				assert.LessOrEqual(t, sent, 200)
				assert.GreaterOrEqual(t, sent, 10)
			})
		})
	}
}

func TestATransientFailureIsTriedAgainInsideTheFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).Times(2))
		cloud.Inject(awsfedtest.Reset(awsfedtest.IAMCredentials).Times(2))
		_, err := newSource(t, cloud).Token()
		require.NoError(t, err)
		assert.Equal(t, 3, cloud.Count(awsfedtest.GoogleSTS), "and once it is there the federated token is kept")
		assert.Equal(t, 3, cloud.Count(awsfedtest.IAMCredentials))
	})
}

func TestAPermanentFailureIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.GoogleSTS, http.StatusBadRequest, nil, `{"error":"invalid_target"}`))
		start := time.Now()
		_, err := newSource(t, cloud).Token()
		assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
		assert.Zero(t, time.Since(start))
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
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

func TestAPermanentFailureIsHeardLongBeforeTheTokenEndsAndTriedAgainRarely(t *testing.T) {
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
		assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials)-before, 8)
		assert.ErrorIs(t, ts.Status().Err, awsfed.ErrPermissionDenied)
	})
}

func TestALateOrShorterAnswerDoesNotReplaceALongerLivedToken(t *testing.T) {
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

func TestATokenThatCannotBeKeptIsRefused(t *testing.T) {
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

func TestANilSourceIsRefused(t *testing.T) {
	_, err := awsfed.NewCachedTokenSource(nil, &awsfed.CacheOptions{Timeout: -1})
	assert.ErrorContains(t, err, "source of tokens")
	assert.ErrorContains(t, err, "Timeout")
}

func TestARefusedFederatedTokenIsReplacedOnce(t *testing.T) {
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
				cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusUnauthorized, nil,
					`{"error":{"code":401,"status":"UNAUTHENTICATED"}}`).Times(test.refusals))
				_, err := newSource(t, cloud).Token()
				assert.Equal(t, test.wantErr, err != nil)
				assert.Equal(t, test.exchanges, cloud.Count(awsfedtest.GoogleSTS))
				assert.Equal(t, test.iam, cloud.Count(awsfedtest.IAMCredentials))
			})
		})
	}
}

func TestOneFederatedTokenFeedsManyAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cfg := cloud.Config()
		builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
		require.NoError(t, err)
		exchanger, err := awsfed.NewExchanger(cfg, builder)
		require.NoError(t, err)
		federated, err := awsfed.NewCachedTokenSource(exchanger, &awsfed.CacheOptions{Kind: awsfed.FederatedToken})
		require.NoError(t, err)
		var callers sync.WaitGroup
		for range 20 {
			impersonator, err := awsfed.NewImpersonator(cfg, federated)
			require.NoError(t, err)
			account, err := awsfed.NewCachedTokenSource(impersonator, &awsfed.CacheOptions{Kind: awsfed.ServiceAccountToken})
			require.NoError(t, err)
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

func TestCallersCancellationsFailuresAndExpiriesAtRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refreshes atomic.Int32
		ts := cached(t, func(ctx context.Context) (*oauth2.Token, error) {
			assert.EqualValues(t, 1, refreshes.Add(1), "one refresh at a time")
			defer refreshes.Add(-1)
			select {
			case <-time.After(rand.N(2 * time.Second)):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			switch rand.N(4) {
			case 0:
				return nil, errors.New("a failure of a foreign source")
			case 1:
				return nil, &awsfed.Error{Stage: awsfed.StageExchange, Transient: rand.N(2) == 0}
			}
			return tokenFor(time.Minute + rand.N(10*time.Minute)), nil
		})
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				for range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), rand.N(10*time.Second))
					token, err := ts.TokenContext(ctx)
					cancel()
					switch {
					case err != nil:
						assert.Nil(t, token)
					case assert.NotNil(t, token):
						assert.True(t, time.Now().Before(token.Expiry), "an ended token was handed out")
						if rand.N(20) == 0 {
							ts.Invalidate(token)
						}
						token.AccessToken = "" // the caller's own
					}
					_ = ts.Status()
					time.Sleep(rand.N(time.Minute))
				}
			})
		}
		callers.Wait()
		time.Sleep(time.Hour) // until nobody holds a token: a bubble must not end before a refresh
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
