package awsfed_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptrace"
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
	case <-time.After(10 * time.Second):
		t.Fatal("it does not return")
	}
}

// An oddContext runs code of its own in every method.
type oddContext struct {
	context.Context
	odd func()
}

func (c oddContext) Deadline() (time.Time, bool) { c.odd(); return c.Context.Deadline() }

func (c oddContext) Done() <-chan struct{} { c.odd(); return c.Context.Done() }

func (c oddContext) Err() error { c.odd(); return c.Context.Err() }

func (c oddContext) Value(key any) any { c.odd(); return c.Context.Value(key) }

// An oddError runs code of its own when it is looked into.
type oddError struct{ odd func() }

func (e oddError) Error() string { return "odd" }

func (e oddError) Is(error) bool { e.odd(); return false }

func (e oddError) As(any) bool { e.odd(); return false }

func (e oddError) Unwrap() []error { e.odd(); return nil }

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
	var ts atomic.Pointer[awsfed.TokenSource]
	look := func() { _ = ts.Load().Status() } // waits for the lock
	for name, test := range map[string]struct {
		source sourceFunc
		change func(*awsfed.CacheOptions)
		ctx    context.Context
	}{
		"ctx":     {ctx: oddContext{context.Background(), look}},
		"error":   {source: func(context.Context) (*oauth2.Token, error) { return nil, oddError{look} }},
		"source":  {source: func(context.Context) (*oauth2.Token, error) { look(); return tokenFor(time.Hour), nil }},
		"hook":    {change: func(o *awsfed.CacheOptions) { o.OnRefresh = func(awsfed.RefreshEvent) { look() } }},
		"logger":  {change: func(o *awsfed.CacheOptions) { o.Logger = slog.New(oddHandler{look}) }},
		"failing": {source: func(context.Context) (*oauth2.Token, error) { return nil, errors.New("no") }, change: func(o *awsfed.CacheOptions) { o.Logger = slog.New(oddHandler{look}) }},
	} {
		t.Run(name, func(t *testing.T) {
			source := test.source
			if source == nil {
				source = gives(time.Hour)
			}
			options := &awsfed.CacheOptions{Logger: quiet, Timeout: 200 * time.Millisecond}
			if test.change != nil {
				test.change(options)
			}
			made, err := awsfed.NewCachedTokenSource(source, options)
			require.NoError(t, err)
			ts.Store(made)
			ctx := test.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			soon(t, func() {
				_, err := made.TokenContext(ctx)
				assert.Equal(t, name == "error" || name == "failing", err != nil)
				ended, cancel := context.WithCancel(ctx)
				cancel()
				_, _ = made.TokenContext(ended)
				look()
			})
		})
	}
}

// An oddHandler is a slog.Handler that runs code of its own.
type oddHandler struct{ odd func() }

func (h oddHandler) Enabled(context.Context, slog.Level) bool { h.odd(); return true }

func (h oddHandler) Handle(context.Context, slog.Record) error { h.odd(); return nil }

func (h oddHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h oddHandler) WithGroup(string) slog.Handler { return h }

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
		server, err := awsfedtest.New(awsfedtest.Options{}).Start()
		require.NoError(t, err)
		defer server.Close()
		var heard atomic.Int64
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GetConn:          func(string) { heard.Add(1) },
			WroteHeaderField: func(string, []string) { heard.Add(1) },
		})
		cfg := server.Config()
		cfg.Logger = quiet
		ts, err := awsfed.NewTokenSource(t.Context(), cfg)
		require.NoError(t, err)
		_, err = ts.TokenContext(ctx)
		require.NoError(t, err)
		assert.Zero(t, heard.Load(), "of the requests that carry the subject token and the federated token")
	})
}

// ignoring makes a provider that ignores its ctx in its first calls, until release is closed, and
// then works.
func ignoring(t *testing.T, cloud *awsfedtest.Cloud, calls int64) (provider aws.CredentialsProvider, asked *atomic.Int64, release func()) {
	credentials, err := cloud.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	wait := make(chan struct{})
	asked = &atomic.Int64{}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		if asked.Add(1) <= calls {
			<-wait
		}
		return credentials, nil
	}), asked, sync.OnceFunc(func() { close(wait) })
}

func TestTokenSourceAbandonsACallThatIgnoresItsContext(t *testing.T) {
	t.Run("once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			provider, _, release := ignoring(t, cloud, 1)
			defer release()
			ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = provider })
			start := time.Now()
			_, err := ts.Token()
			require.NoError(t, err)
			assert.Less(t, time.Since(start), 15*time.Second)
		})
	})
	t.Run("always", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			provider, asked, release := ignoring(t, cloud, 1<<40)
			defer release()
			ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = provider })
			for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(time.Second) {
				_, err := ts.Token()
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.True(t, e.Transient)
			}
			assert.EqualValues(t, 4, asked.Load(), "calls that were left to themselves")
			assert.Equal(t, 4, ts.Status().Below.Abandoned)
			release()
			time.Sleep(10 * time.Second)
			_, err := ts.Token()
			require.NoError(t, err, "as soon as they return")
			assert.Zero(t, ts.Status().Below.Abandoned)
			time.Sleep(3 * time.Hour)
		})
	})
}

func TestTokenSourceSurvivesGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, s := scripted(t, func(context.Context) (*oauth2.Token, error) { runtime.Goexit(); return nil, nil }, gives(time.Hour))
		_, err := ts.Token()
		require.NoError(t, err)
		assert.EqualValues(t, 2, s.asked.Load())
	})
}

func TestTokenSourceSurvivesPanics(t *testing.T) {
	const secret = "the value of the panic"
	synctests := map[string]func(t *testing.T, cfg *awsfed.Config, first func() bool){
		"provider": func(t *testing.T, cfg *awsfed.Config, first func() bool) {
			provider := cfg.Credentials
			cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				if first() {
					panic(secret)
				}
				return provider.Retrieve(ctx)
			})
		},
		"RoundTripper": func(t *testing.T, cfg *awsfed.Config, first func() bool) {
			base := cfg.HTTPClient.Transport
			cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				if first() {
					panic(secret)
				}
				return base.RoundTrip(req)
			})}
		},
		"hook": func(t *testing.T, cfg *awsfed.Config, first func() bool) {
			cfg.OnRefresh = func(awsfed.RefreshEvent) { panic(secret) }
		},
		"logger": func(t *testing.T, cfg *awsfed.Config, first func() bool) {
			cfg.Logger = slog.New(oddHandler{func() { panic(secret) }})
		},
	}
	for name, change := range synctests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				var log lockedBuffer
				ts := newSource(t, awsfedtest.New(awsfedtest.Options{}), func(cfg *awsfed.Config) {
					cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
					change(t, cfg, func() bool { return asked.Add(1) == 1 })
				})
				_, err := ts.Token()
				require.NoError(t, err, "the next attempt goes on")
				synctest.Wait()
				assert.NotContains(t, log.String(), secret)
				if name != "logger" {
					assert.Contains(t, log.String(), "panicked in awsfed_test.TestTokenSourceSurvivesPanics")
				}
			})
		})
	}
	t.Run("source", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ts, _ := scripted(t, func(context.Context) (*oauth2.Token, error) { panic(secret) })
			_, err := ts.Token()
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.True(t, e.Transient)
			assert.Contains(t, err.Error(), "awsfed_test.TestTokenSourceSurvivesPanics")
			assert.NotContains(t, err.Error(), secret)
			time.Sleep(time.Minute)
		})
	})
	t.Run("error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ts, _ := scripted(t, fails(oddError{func() { panic(secret) }}), gives(time.Hour))
			_, err := ts.Token()
			require.NoError(t, err)
		})
	})
}
