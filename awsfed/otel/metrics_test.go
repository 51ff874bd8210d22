package otel_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/otel"
)

func TestASuccessIsCountedOnceWithItsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		r := newRecorder(t, false)
		ts := r.source(t, cloud)
		for range 3 {
			go func() { _, err := ts.Token(); assert.NoError(t, err) }()
		}
		time.Sleep(time.Second)
		values, sums := r.collect(t)
		runtime.KeepAlive(ts)
		assert.Equal(t, map[string]float64{
			"refresh.duration{kind=federated-token,outcome=success}":                                1,
			"refresh.duration{kind=service-account-token,outcome=success}":                          1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=aws-credentials}":     1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=aws-region}":          1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=subject-token}":       1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=token-exchange}":      1,
			"refresh.step.duration{kind=service-account-token,outcome=success,stage=impersonation}": 1,
			"refresh.waits{kind=federated-token,outcome=success}":                                   1,
			"refresh.waits{kind=service-account-token,outcome=success}":                             3,
			"token.remaining{kind=federated-token}":                                                 values["token.remaining{kind=federated-token}"],
			"token.remaining{kind=service-account-token}":                                           values["token.remaining{kind=service-account-token}"],
			"token.waiters{kind=federated-token}":                                                   0,
			"token.waiters{kind=service-account-token}":                                             0,
		}, values)
		assert.InDelta(t, 0.150, sums["refresh.step.duration{kind=federated-token,outcome=success,stage=token-exchange}"], 1e-9)
		assert.InDelta(t, 0.150, sums["refresh.step.duration{kind=service-account-token,outcome=success,stage=impersonation}"], 1e-9)
		assert.InDelta(t, 0.300, sums["refresh.duration{kind=service-account-token,outcome=success}"], 1e-9, "with the wait for the federated token")
		time.Sleep(3 * time.Hour)
	})
}

func TestAFailureHasTheCodeAndTheStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		missing, ok := awsfedtest.FaultByName("missing-binding")
		require.True(t, ok)
		missing.Inject(cloud)
		r := newRecorder(t, false)
		_, err := r.source(t, cloud, func(cfg *awsfed.Config) { cfg.Region = "us-west-2" }).Token()
		require.Error(t, err)
		synctest.Wait() // events are told after the callers
		assert.Equal(t, map[string]float64{
			"refresh.duration{kind=federated-token,outcome=success}":                                                             1,
			"refresh.duration{error.type=PERMISSION_DENIED,kind=service-account-token,outcome=failure,stage=impersonation}":      1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=aws-credentials}":                                  1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=aws-region}":                                       1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=subject-token}":                                    1,
			"refresh.step.duration{kind=federated-token,outcome=success,stage=token-exchange}":                                   1,
			"refresh.step.duration{error.type=PERMISSION_DENIED,kind=service-account-token,outcome=failure,stage=impersonation}": 1,
			"refresh.waits{kind=federated-token,outcome=success}":                                                                1,
			"refresh.waits{kind=service-account-token,outcome=failure}":                                                          1,
		}, r.counts(t))
		time.Sleep(3 * time.Hour)
	})
}

func TestAttemptsOfAnOutageAreTheRequests(t *testing.T) {
	const (
		exchanges      = "refresh.duration{error.type=temporarily_unavailable,kind=federated-token,outcome=failure,stage=token-exchange}"
		impersonations = "refresh.duration{error.type=UNAVAILABLE,kind=service-account-token,outcome=failure,stage=impersonation}"
		repeats        = "refresh.repeated_failures{kind=service-account-token}"
		left           = "token.remaining{kind=service-account-token}"
	)
	t.Run("with a token at hand", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			r := newRecorder(t, false)
			ts := r.source(t, cloud)
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(20 * time.Minute)
			cloud.ResetRequests()
			up := down(cloud)
			for start := time.Now(); time.Since(start) < 30*time.Minute; time.Sleep(time.Second) {
				_, err := ts.Token()
				require.NoError(t, err)
			}
			values, _ := r.collect(t)
			assert.EqualValues(t, cloud.Count(awsfedtest.GoogleSTS), values[exchanges], values)
			assert.EqualValues(t, cloud.Count(awsfedtest.IAMCredentials), values[impersonations], values)
			assert.Positive(t, values[exchanges])
			assert.Positive(t, values[impersonations])
			assert.NotContains(t, values, repeats)
			assert.EqualValues(t, 1, values["refresh.waits{kind=service-account-token,outcome=success}"], "the first call's, before the outage")
			assert.InDelta(t, 600, values[left], 1e-6)
			runtime.KeepAlive(ts)
			t.Logf("%v exchanges and %v impersonations failed, %v s left", values[exchanges], values[impersonations], values[left])
			up()
			time.Sleep(3 * time.Hour)
		})
	})
	t.Run("cold, with a call each second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			r := newRecorder(t, false)
			var events, repeated, waiting atomic.Int64
			ts := r.source(t, cloud, func(cfg *awsfed.Config) {
				cfg.OnRefresh = func(event awsfed.RefreshEvent) {
					events.Add(1)
					if event.Repeated {
						repeated.Add(1)
					}
					if event.Kind == awsfed.ServiceAccountToken {
						waiting.Add(int64(event.Waiting))
					}
				}
			})
			values, _ := r.collect(t)
			assert.Contains(t, values, "token.waiters{kind=service-account-token}")
			assert.NotContains(t, values, left, "nobody has asked yet")
			up := down(cloud)
			for start := time.Now(); time.Since(start) < 30*time.Minute; time.Sleep(time.Second) {
				go func() { _, _ = ts.Token() }()
			}
			synctest.Wait()
			values, _ = r.collect(t)
			assert.EqualValues(t, cloud.Count(awsfedtest.GoogleSTS), values[exchanges], values)
			assert.EqualValues(t, repeated.Load(), values[repeats])
			assert.EqualValues(t, events.Load(), values[exchanges]+values[repeats], "each event is one of the two")
			assert.EqualValues(t, waiting.Load(), values["refresh.waits{kind=service-account-token,outcome=failure}"])
			assert.Positive(t, values[exchanges])
			assert.Positive(t, values[repeats])
			assert.Positive(t, waiting.Load())
			assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
			assert.NotContains(t, values, impersonations)
			assert.Contains(t, values, left, "an alert has something to compare")
			assert.Zero(t, values[left])
			t.Logf("%v exchanges failed, %v failures repeated, %v waits", values[exchanges], values[repeats], waiting.Load())
			up()
			time.Sleep(time.Minute)
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(3 * time.Hour)
			values, _ = r.collect(t)
			assert.Contains(t, values, "token.waiters{kind=service-account-token}")
			assert.NotContains(t, values, left, "the token has ended and nobody has asked for another")
			runtime.KeepAlive(ts)
		})
	})
}

func TestAccountsOfOneFederatedToken(t *testing.T) {
	const other = "other@my-project.iam.gserviceaccount.com"
	for _, apart := range []bool{false, true} {
		t.Run(fmt.Sprint("ServiceAccounts: ", apart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: other}))
				r := newRecorder(t, apart)
				cfg := cloud.Config()
				cfg.Logger = slog.New(slog.DiscardHandler)
				builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
				require.NoError(t, err)
				exchanger, err := awsfed.NewExchanger(cfg, builder)
				require.NoError(t, err)
				options := &awsfed.CacheOptions{Kind: awsfed.FederatedToken, Provider: provider, Logger: cfg.Logger}
				federated, err := awsfed.NewCachedTokenSource(exchanger, r.CacheOptions(options))
				require.NoError(t, err)
				assert.Nil(t, options.OnRefresh, "CacheOptions are copied")
				r.Observe(federated, nil)
				main, sources := cfg.ServiceAccount, []*awsfed.TokenSource{federated}
				for _, email := range []string{main, other} {
					cfg.ServiceAccount = email
					impersonator, err := awsfed.NewImpersonator(cfg, federated)
					require.NoError(t, err)
					account, err := awsfed.NewCachedTokenSource(impersonator, r.CacheOptions(&awsfed.CacheOptions{Kind: awsfed.ServiceAccountToken, ServiceAccount: email, Provider: provider, Logger: cfg.Logger}))
					require.NoError(t, err)
					r.Observe(account, &otel.ObserveOptions{Kind: awsfed.ServiceAccountToken, ServiceAccount: email})
					sources = append(sources, account)
					_, err = account.Token()
					assert.Equal(t, email == main, err == nil, err)
					time.Sleep(10 * time.Second)
				}
				values, _ := r.collect(t)
				assert.EqualValues(t, 1, values["refresh.duration{kind=federated-token,outcome=success}"])
				assert.Greater(t, values["token.remaining{kind=federated-token}"], 3500.0)
				runtime.KeepAlive(sources)
				good, bad := "", ""
				if apart {
					good, bad = ",service_account="+main, ",service_account="+other
					assert.InDelta(t, 3580, values["token.remaining{kind=service-account-token"+good+"}"], 1)
				}
				assert.EqualValues(t, 1, values["refresh.duration{kind=service-account-token,outcome=success"+good+"}"], values)
				assert.EqualValues(t, cloud.Count(awsfedtest.IAMCredentials)-1,
					values["refresh.duration{error.type=PERMISSION_DENIED,kind=service-account-token,outcome=failure"+bad+",stage=impersonation}"], values)
				assert.Contains(t, values, "token.remaining{kind=service-account-token"+bad+"}")
				assert.Zero(t, values["token.remaining{kind=service-account-token"+bad+"}"], "the least")
				time.Sleep(3 * time.Hour)
			})
		})
	}
}

func TestErrorTypesAreFew(t *testing.T) {
	for want, err := range map[string]error{
		"PERMISSION_DENIED": &awsfed.Error{Stage: awsfed.StageImpersonation, StatusCode: 403, Code: "PERMISSION_DENIED"},
		"503":               &awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 503},
		"429":               &awsfed.Error{StatusCode: 429, Code: "a text, and not a code"},
		"400":               &awsfed.Error{StatusCode: 400, Code: "a-code-that-is-much-longer-than-any-that-google-or-amazon-document"},
		"timeout":           &awsfed.Error{Err: fmt.Errorf("waiting: %w", context.DeadlineExceeded)},
		"_OTHER":            errors.New("no error of awsfed"),
	} {
		t.Run(want, func(t *testing.T) {
			r := newRecorder(t, false)
			r.Config(awsfed.Config{}).OnRefresh(awsfed.RefreshEvent{Kind: "token", Err: err})
			values := r.counts(t)
			require.Len(t, values, 1)
			for name := range values {
				assert.Contains(t, name, "error.type="+want+",")
			}
		})
	}
	t.Run("a timeout of the network", func(t *testing.T) {
		r := newRecorder(t, false)
		r.Config(awsfed.Config{}).OnRefresh(awsfed.RefreshEvent{Kind: "token", Err: &awsfed.Error{Err: &net.DNSError{IsTimeout: true}}})
		assert.Contains(t, r.counts(t), "refresh.duration{error.type=timeout,kind=token,outcome=failure}")
	})
}

func TestLostEventsAreCounted(t *testing.T) {
	r := newRecorder(t, true)
	r.Config(awsfed.Config{}).OnRefresh(awsfed.RefreshEvent{Kind: "token", ServiceAccount: "a", Dropped: 7})
	assert.Equal(t, map[string]float64{
		"refresh.duration{kind=token,outcome=success,service_account=a}": 1,
		"refresh.dropped_events{}":                                       7,
	}, r.counts(t))
}
