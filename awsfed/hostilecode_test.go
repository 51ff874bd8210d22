package awsfed_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// The tests of this file give a TokenSource code that misbehaves: a ctx, an error, a hook, a
// logger, a provider, a RoundTripper or a source that panics, blocks, or calls back.

// soon runs f, and fails the test if it does not return.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		t.Fatal("it does not return")
	}
}

// An oddContext runs code of its own in every method.
type oddContext struct {
	context.Context
	odd func()
}

func (c oddContext) Deadline() (time.Time, bool) { c.odd(); return c.Context.Deadline() }
func (c oddContext) Done() <-chan struct{}       { c.odd(); return c.Context.Done() }
func (c oddContext) Err() error                  { c.odd(); return c.Context.Err() }
func (c oddContext) Value(key any) any           { c.odd(); return c.Context.Value(key) }

// An oddError runs code of its own when it is looked into.
type oddError struct{ odd func() }

func (e oddError) Error() string   { return "odd" }
func (e oddError) Is(error) bool   { e.odd(); return false }
func (e oddError) As(any) bool     { e.odd(); return false }
func (e oddError) Unwrap() []error { e.odd(); return nil }

// An oddHandler is a slog.Handler that runs code of its own.
type oddHandler struct{ odd func() }

func (h oddHandler) Enabled(context.Context, slog.Level) bool  { h.odd(); return true }
func (h oddHandler) Handle(context.Context, slog.Record) error { h.odd(); return nil }
func (h oddHandler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h oddHandler) WithGroup(string) slog.Handler             { return h }

func TestTokenSourceSurvivesAContextThatIsNilOrPanics(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"nil":       nil,
		"panicking": oddContext{context.Background(), func() { panic("of the ctx") }},
	} {
		t.Run(name, func(t *testing.T) {
			ts := newSource(t, awsfedtest.New(awsfedtest.Options{}))
			soon(t, func() {
				defer func() { _ = recover() }() // The caller's own code panics in the caller's own goroutine.
				_, err := ts.TokenContext(ctx)
				assert.Error(t, err)
			})
			soon(t, func() {
				_, err := ts.Token()
				assert.NoError(t, err, "the source goes on")
			})
		})
	}
}

func TestTokenSourceRunsNoForeignCodeUnderItsLock(t *testing.T) {
	for _, name := range []string{"ctx", "error"} {
		t.Run(name, func(t *testing.T) {
			var made *awsfed.TokenSource
			look := func() { _ = made.Status() } // waits for the lock
			ctx := t.Context()
			source := sourceFunc(func(context.Context) (*oauth2.Token, error) { return tokenFor(time.Hour), nil })
			if name == "error" {
				source = func(context.Context) (*oauth2.Token, error) { return nil, oddError{look} }
			} else {
				ctx = oddContext{context.Background(), look}
			}
			var err error
			made, err = awsfed.NewCachedTokenSource(source, awsfed.CacheOptions{Logger: quiet, Timeout: 200 * time.Millisecond})
			require.NoError(t, err)
			soon(t, func() {
				_, _ = made.TokenContext(ctx)
				look()
			})
		})
	}
}

func TestTokenSourceKeepsTheContextOfACallerOutOfTheRefresh(t *testing.T) {
	type key struct{}
	t.Run("values", func(t *testing.T) {
		ts := cached(t, func(ctx context.Context) (*oauth2.Token, error) {
			assert.Nil(t, ctx.Value(key{}))
			return tokenFor(time.Hour), nil
		})
		_, err := ts.TokenContext(context.WithValue(t.Context(), key{}, "the caller's"))
		require.NoError(t, err)
	})
	t.Run("httptrace", func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		server, err := cloud.Start()
		require.NoError(t, err)
		defer server.Close()
		cfg := server.Config()
		cfg.Logger, cfg.Region, cfg.Credentials = quiet, "us-east-1", cloud.Config().Credentials
		ts, err := awsfed.NewTokenSource(t.Context(), cfg)
		require.NoError(t, err)
		api := httptest.NewServer(http.NotFoundHandler())
		defer api.Close()
		var mu sync.Mutex
		heard := make(map[string]bool)
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteHeaderField: func(name string, values []string) {
			mu.Lock()
			defer mu.Unlock()
			if name == "Authorization" {
				heard[values[0]] = true
			}
		}})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, api.URL, nil)
		require.NoError(t, err)
		response, err := (&awsfed.Transport{Source: ts}).RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		token, err := ts.Token()
		require.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		assert.True(t, heard["Bearer "+token.AccessToken], "the trace hears its own request")
		assert.Len(t, heard, 1, "the trace hears the federated token too")
	})
}

// ignoring makes a provider that ignores its ctx in its first call, and then works.
func ignoring(t *testing.T, cloud *awsfedtest.Cloud) (provider aws.CredentialsProvider, release func()) {
	credentials, err := cloud.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	var asked atomic.Int64
	wait := make(chan struct{})
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		if asked.Add(1) == 1 {
			<-wait
		}
		return credentials, nil
	}), sync.OnceFunc(func() { close(wait) })
}

func TestTokenSourceAbandonsACallThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		provider, release := ignoring(t, cloud)
		defer release()
		ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = provider })
		start := time.Now()
		_, err := ts.Token()
		assert.NoError(t, err)
		assert.Less(t, time.Since(start), 15*time.Second)
		time.Sleep(time.Hour)
		_, err = ts.Token()
		assert.NoError(t, err, "the source is wedged for ever")
	})
}

func TestTokenSourceSurvivesGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, func(context.Context) (*oauth2.Token, error) { runtime.Goexit(); return nil, nil }, gives(time.Hour))
		_, err := ts.Token()
		assert.NoError(t, err)
		time.Sleep(time.Hour)
		_, err = ts.Token()
		assert.NoError(t, err, "the source is wedged for ever")
		assert.GreaterOrEqual(t, s.asked.Load(), int64(2))
	})
}

func TestTokenSourceSurvivesPanics(t *testing.T) {
	const secret = "the value of the panic"
	which := os.Getenv("AWSFED_TEST_PANIC")
	if !isChild() {
		for _, name := range []string{"provider", "RoundTripper", "source", "hook", "logger", "error"} {
			t.Run(name, func(t *testing.T) {
				inChild(t, "TestTokenSourceSurvivesPanics", "AWSFED_TEST_PANIC="+name)
			})
		}
		return
	}
	var asked atomic.Int64
	panics := func() {
		if asked.Add(1) == 1 {
			panic(secret)
		}
	}
	if which == "source" || which == "error" {
		ts := cached(t, func(context.Context) (*oauth2.Token, error) {
			if which == "source" {
				panics()
			} else if asked.Load() == 0 {
				return nil, oddError{panics}
			}
			return tokenFor(time.Hour), nil
		})
		_, err := ts.Token()
		assert.NoError(t, err, "the next attempt goes on")
		return
	}
	ts := newSource(t, awsfedtest.New(awsfedtest.Options{}), func(cfg *awsfed.Config) {
		provider, base := cfg.Credentials, cfg.HTTPClient.Transport
		switch which {
		case "provider":
			cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				panics()
				return provider.Retrieve(ctx)
			})
		case "RoundTripper":
			cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				panics()
				return base.RoundTrip(req)
			})}
		case "hook":
			cfg.OnRefresh = func(awsfed.RefreshEvent) { panics() }
		case "logger":
			cfg.Logger = slog.New(oddHandler{panics})
		}
	})
	_, err := ts.Token()
	assert.NoError(t, err, "the next attempt goes on")
}

func TestTokenSourceTellsEventsInOrderAndOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			running, most atomic.Int64
			mu            sync.Mutex
			attempts      []int
		)
		failure := fails(&awsfed.Error{Transient: true})
		ts, err := awsfed.NewCachedTokenSource(&script{steps: []func(context.Context) (*oauth2.Token, error){failure, failure, gives(time.Hour)}},
			awsfed.CacheOptions{Logger: quiet, OnRefresh: func(event awsfed.RefreshEvent) {
				raise(&most, running.Add(1))
				defer running.Add(-1)
				if event.Attempt == 1 {
					time.Sleep(10 * time.Second)
				}
				mu.Lock()
				defer mu.Unlock()
				attempts = append(attempts, event.Attempt)
			}})
		require.NoError(t, err)
		_, err = ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		assert.EqualValues(t, 1, most.Load(), "events at a time")
		assert.Equal(t, []int{1, 2, 3}, attempts)
	})
}

func TestTokenSourceDoesNotWaitForAHook(t *testing.T) {
	for name, pause := range map[string]time.Duration{"a slow hook": time.Second, "a hook that outlives the token": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ts, err := awsfed.NewCachedTokenSource(sourceFunc(gives(time.Minute)), awsfed.CacheOptions{
					Logger: quiet, OnRefresh: func(awsfed.RefreshEvent) { time.Sleep(pause) },
				})
				require.NoError(t, err)
				start := time.Now()
				token, err := ts.TokenContext(t.Context())
				require.NoError(t, err)
				assert.Zero(t, time.Since(start))
				assert.True(t, token.Expiry.After(time.Now()), "the token has ended")
				time.Sleep(time.Hour)
			})
		})
	}
}

func TestTokenSourceKeepsAForeignErrorWhenTheCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foreign := errors.New("of somebody else's")
		ts, _ := scripted(t, fails(foreign))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := ts.TokenContext(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, foreign)
		time.Sleep(time.Minute)
	})
}

func TestImpersonatorTakesASecondTokenOfNothingForAnError(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusUnauthorized, nil, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`))
	impersonator, err := awsfed.NewImpersonator(cloud.Config(), &forgetful{})
	require.NoError(t, err)
	assert.NotPanics(t, func() { _, err = impersonator.TokenContext(t.Context()) })
	var e *awsfed.Error
	assert.ErrorAs(t, err, &e)
}

// forgetful gives one token and then nothing, without an error.
type forgetful struct{ asked int }

func (f *forgetful) TokenContext(context.Context) (*oauth2.Token, error) {
	f.asked++
	if f.asked > 1 {
		return nil, nil
	}
	return tokenFor(time.Hour), nil
}

func (f *forgetful) Invalidate(*oauth2.Token) {}

func TestLayersKeepTheTimeoutWhenTheyAreUsedAlone(t *testing.T) {
	for name, endpoint := range map[string]awsfedtest.Endpoint{"Exchanger": awsfedtest.GoogleSTS, "Impersonator": awsfedtest.IAMCredentials} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Drop(endpoint))
				cfg := cloud.Config()
				cfg.Timeout = 5 * time.Second
				builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
				require.NoError(t, err)
				exchanger, err := awsfed.NewExchanger(cfg, builder)
				require.NoError(t, err)
				impersonator, err := awsfed.NewImpersonator(cfg, exchanger)
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				if name == "Exchanger" {
					_, err = exchanger.TokenContext(ctx)
				} else {
					_, err = impersonator.TokenContext(ctx)
				}
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, 5*time.Second, time.Since(start))
			})
		})
	}
}
