package awsfed_test

import (
	"context"
	"runtime"
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

func TestAnUnusedSourceGoesQuietAndWakesAtTheNextCall(t *testing.T) {
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

func TestIdleSourcesHaveNoGoroutines(t *testing.T) {
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
		sources[i] = cached(t, func(context.Context) (*oauth2.Token, error) { return tokenFor(time.Hour), nil })
		_, err := sources[i].Token()
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 5*time.Second, 10*time.Millisecond)
	runtime.KeepAlive(sources)
}

func TestADroppedSourceIsCollectedThoughItsTimerRuns(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud)
	_, err := ts.Token()
	require.NoError(t, err)
	dropped := weak.Make(ts)
	ts = nil
	require.Eventually(t, func() bool { runtime.GC(); return dropped.Value() == nil }, 5*time.Second, 10*time.Millisecond)
}

func TestAValidTokenCostsOneAllocation(t *testing.T) {
	ts := newSource(t, awsfedtest.New(awsfedtest.Options{}))
	_, err := ts.Token()
	require.NoError(t, err)
	ctx := context.Background()
	allocations := testing.AllocsPerRun(100, func() { _, _ = ts.TokenContext(ctx) })
	assert.Equal(t, 1.0, allocations, "the caller's copy")
}
