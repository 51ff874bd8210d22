package otel_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/otel"
)

func TestGaugesTellOfThisMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		r := newRecorder(t, false)
		ts := r.source(t, cloud)
		r.Observe(ts, nil) // again, which counts nothing twice
		for range 5 {
			go func() { _, err := ts.Token(); assert.NoError(t, err) }()
		}
		time.Sleep(200 * time.Millisecond)
		values, _ := r.collect(t)
		assert.EqualValues(t, 5, values["token.waiters{kind=service-account-token}"])
		assert.EqualValues(t, 0, values["token.waiters{kind=federated-token}"], "it has come")
		assert.Positive(t, values["token.remaining{kind=federated-token}"])
		assert.NotContains(t, values, "token.remaining{kind=service-account-token}")

		time.Sleep(10 * time.Minute)
		values, _ = r.collect(t)
		assert.EqualValues(t, 0, values["token.waiters{kind=service-account-token}"])
		assert.InDelta(t, ts.Status().ExpiresIn.Seconds(), values["token.remaining{kind=service-account-token}"], 1e-9)
		assert.InDelta(t, 3000, values["token.remaining{kind=service-account-token}"], 2)
		time.Sleep(3 * time.Hour)
	})
}

func TestADirectSourceHasAFederatedTokenAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder(t, true)
		ts := r.source(t, awsfedtest.New(awsfedtest.Options{}), func(cfg *awsfed.Config) { cfg.ServiceAccount = "" })
		_, err := ts.Token()
		require.NoError(t, err)
		values, _ := r.collect(t)
		runtime.KeepAlive(ts)
		assert.Contains(t, values, "token.remaining{kind=federated-token}")
		assert.NotContains(t, values, "token.waiters{kind=service-account-token}")
		time.Sleep(3 * time.Hour)
	})
}

func TestASourceThatNobodyHoldsIsForgotten(t *testing.T) {
	r := newRecorder(t, false)
	ts := r.source(t, awsfedtest.New(awsfedtest.Options{}))
	runtime.GC()
	values, _ := r.collect(t)
	require.Contains(t, values, "token.waiters{kind=service-account-token}")
	runtime.KeepAlive(ts)
	require.Eventually(t, func() bool {
		runtime.GC()
		values, _ := r.collect(t)
		return len(values) == 0
	}, 10*time.Second, time.Millisecond)
}

func TestTheZeroValueDoesNothing(t *testing.T) {
	for _, i := range []*otel.Instrumentation{nil, {}} {
		cfg := i.Config(awsfed.Config{Audience: "a"})
		assert.Equal(t, "a", cfg.Audience)
		assert.Nil(t, cfg.OnRefresh)
		assert.Nil(t, cfg.LinkOf)
		assert.NotNil(t, i.CacheOptions(nil))
		i.Observe(nil, nil)
		i.Observe(&awsfed.TokenSource{}, nil)
	}
}

func TestTheGlobalProvidersAreTheDefault(t *testing.T) {
	i, err := otel.New(nil)
	require.NoError(t, err)
	i.Observe(nil, nil)
	i.Config(awsfed.Config{}).OnRefresh(awsfed.RefreshEvent{Kind: awsfed.FederatedToken})
}
