package awsfed_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestLayersRefuseWhatTheyCannotWorkWith(t *testing.T) {
	cfg := awsfed.Config{Audience: testAudience}
	_, err := awsfed.NewExchanger(cfg, nil)
	assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
	_, err = awsfed.NewImpersonator(cfg, nil)
	assert.ErrorContains(t, err, "ServiceAccount")
	assert.ErrorContains(t, err, "federated tokens")
}

func TestLayersKeepTheTimeoutWhenTheyAreUsedAlone(t *testing.T) {
	for name, endpoint := range map[string]awsfedtest.Endpoint{"Exchanger": awsfedtest.GoogleSTS, "Impersonator": awsfedtest.IAMCredentials} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Drop(endpoint))
				cfg := cloud.Config()
				cfg.Timeout = 5 * time.Second
				exchanger := newExchanger(t, cfg)
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

// decoratedSubject and decoratedSource stand for a decorator that logs, or counts: it passes its
// ctx on, in one that is its own, and hides all methods of what it decorates but one.
type decoratedSubject struct{ inner awsfed.SubjectTokenSource }

func (d decoratedSubject) SubjectToken(ctx context.Context) (awsfed.SubjectToken, error) {
	return d.inner.SubjectToken(context.WithValue(ctx, decoratedSubject{}, "of the decorator"))
}

type decoratedSource struct{ inner awsfed.ContextTokenSource }

func (d decoratedSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	return d.inner.TokenContext(context.WithValue(ctx, decoratedSource{}, "of the decorator"))
}

// decorated builds the whole token flow by the public constructors, with a decorator around the
// named layer.
func decorated(t *testing.T, cfg awsfed.Config, layer string) *awsfed.TokenSource {
	t.Helper()
	around := func(name string, source awsfed.ContextTokenSource) awsfed.ContextTokenSource {
		if name == layer {
			return decoratedSource{source}
		}
		return source
	}
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	var subject awsfed.SubjectTokenSource = builder
	if layer == "SubjectTokenBuilder" {
		subject = decoratedSubject{builder}
	}
	exchanger, err := awsfed.NewExchanger(cfg, subject)
	require.NoError(t, err)
	options := &awsfed.CacheOptions{Kind: awsfed.FederatedToken, Logger: quiet, OnRefresh: cfg.OnRefresh}
	federated, err := awsfed.NewCachedTokenSource(around("Exchanger", exchanger), options)
	require.NoError(t, err)
	impersonator, err := awsfed.NewImpersonator(cfg, around("TokenSource", federated))
	require.NoError(t, err)
	options.Kind = awsfed.ServiceAccountToken
	account, err := awsfed.NewCachedTokenSource(around("Impersonator", impersonator), options)
	require.NoError(t, err)
	return account
}

func TestLayersLoseNothingInADecorator(t *testing.T) {
	for _, layer := range []string{"none", "SubjectTokenBuilder", "Exchanger", "TokenSource", "Impersonator"} {
		t.Run(layer+"/clock correction", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.SetClock(20 * time.Minute) // the machine is behind
				_, err := decorated(t, cloud.Config(), layer).Token()
				require.NoError(t, err)
				assert.Equal(t, 2, cloud.Count(awsfedtest.GoogleSTS))
			})
		})
		t.Run(layer+"/renewal of refused AWS credentials", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				first, err := cloud.AddSession("app", "first", time.Hour)
				require.NoError(t, err)
				second, err := cloud.AddSession("app", "second", time.Hour)
				require.NoError(t, err)
				require.NoError(t, cloud.RevokeKeys(first.AccessKeyID))
				cfg := cloud.Config()
				cfg.Credentials = &rotating{now: first, next: second}
				_, err = decorated(t, cfg, layer).Token()
				require.NoError(t, err)
				assert.Equal(t, 2, cloud.Count(awsfedtest.GoogleSTS))
			})
		})
		t.Run(layer+"/dropping of a refused token", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(tokenRefused().Times(1))
				_, err := decorated(t, cloud.Config(), layer).Token()
				require.NoError(t, err)
				assert.Equal(t, 2, cloud.Count(awsfedtest.GoogleSTS))
				assert.Equal(t, 2, cloud.Count(awsfedtest.IAMCredentials))
			})
		})
		t.Run(layer+"/steps of an event", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				var mu sync.Mutex // each of the two sources has a queue of events
				stages := make(map[awsfed.TokenKind][]awsfed.Stage)
				cfg := cloud.Config()
				cfg.OnRefresh = func(event awsfed.RefreshEvent) {
					mu.Lock()
					defer mu.Unlock()
					for _, step := range event.Steps {
						stages[event.Kind] = append(stages[event.Kind], step.Stage)
					}
				}
				_, err := decorated(t, cfg, layer).Token()
				require.NoError(t, err)
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				assert.Equal(t, map[awsfed.TokenKind][]awsfed.Stage{
					awsfed.FederatedToken: {awsfed.StageCredentials, awsfed.StageRegion, awsfed.StageSubjectToken,
						awsfed.StageExchange},
					awsfed.ServiceAccountToken: {awsfed.StageImpersonation},
				}, stages)
			})
		})
		t.Run(layer+"/the step under way and the failure below", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := decorated(t, cloud.Config(), layer).TokenContext(ctx)
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, awsfed.StageExchange, e.Stage)
				time.Sleep(time.Minute)
			})
		})
	}
}
