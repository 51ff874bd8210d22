package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An operation here moves the clock instead of taking time.
func TestAComparisonGivesEveryOperationItsTurnAndTheMedianOfItsTimes(t *testing.T) {
	var (
		now   time.Duration
		turns []string
	)
	taking := func(contender string, each ...time.Duration) operation {
		calls := 0
		return operation{contender, func(times int) error {
			turns = append(turns, contender)
			now += time.Duration(times) * each[min(calls, len(each)-1)]
			calls++
			return nil
		}}
	}
	// Its first run is the calibration, which already takes as long as a batch.
	medians, err := compare(effort{rounds: 3, batch: time.Millisecond}, func() time.Duration { return now }, []operation{
		taking(ours, time.Millisecond, 2*time.Millisecond, 9*time.Millisecond, 3*time.Millisecond),
		taking(xo, time.Millisecond),
	})
	require.NoError(t, err)
	assert.Equal(t, figures{ours: 3e6, xo: 1e6}, medians)
	assert.Equal(t, []string{ours, xo, ours, xo, xo, ours, ours, xo}, turns)
}

func TestAComparisonTellsWhoFailed(t *testing.T) {
	broken := errors.New("broken")
	_, err := compare(effort{rounds: 1, batch: time.Millisecond}, wallTime(), []operation{
		{xo, repeat(func() error { return broken })},
	})
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, xo)
}

func TestAMedianIsTheMiddleOrTheMeanOfBothMiddles(t *testing.T) {
	assert.InDelta(t, 3, median([]float64{9, 1, 3}), 0)
	assert.InDelta(t, 2, median([]float64{9, 1, 3, 0}), 0)
}
