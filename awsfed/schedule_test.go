package awsfed_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed"
)

func TestSchedulePausesKeepTheirBounds(t *testing.T) {
	transient := &awsfed.Error{Transient: true}
	permanent := &awsfed.Error{}
	asked := func(d time.Duration) *awsfed.Error { return &awsfed.Error{Transient: true, RetryAfter: d} }
	for name, test := range map[string]struct {
		draw      func() time.Duration
		low, high time.Duration
	}{
		"a token is replaced at 40 to 50 percent":      {func() time.Duration { return awsfed.RefreshAfter(time.Hour, 0) }, 24 * time.Minute, 30 * time.Minute},
		"with a reserve of 50 of 60 minutes sooner":    {func() time.Duration { return awsfed.RefreshAfter(time.Hour, 50*time.Minute) }, 8 * time.Minute, 10 * time.Minute},
		"a reserve is 90 percent of a life at most":    {func() time.Duration { return awsfed.RefreshAfter(time.Hour, 2*time.Hour) }, 288 * time.Second, 6 * time.Minute},
		"the first background retry":                   {func() time.Duration { return awsfed.BackgroundPause(1, transient, time.Hour) }, time.Second, 4 * time.Second},
		"a late background retry":                      {func() time.Duration { return awsfed.BackgroundPause(20, transient, 2*time.Hour) }, time.Second, 10 * time.Minute},
		"a background retry of what cannot heal":       {func() time.Duration { return awsfed.BackgroundPause(1, permanent, time.Hour) }, 5 * time.Minute, 10 * time.Minute},
		"there is a try in the last minute":            {func() time.Duration { return awsfed.BackgroundPause(20, permanent, 3*time.Minute) }, 2 * time.Minute, 165 * time.Second},
		"and one is enough":                            {func() time.Duration { return awsfed.BackgroundPause(20, permanent, time.Minute) }, 5 * time.Minute, 10 * time.Minute},
		"the server's wish comes first, and is spread": {func() time.Duration { return awsfed.BackgroundPause(1, asked(16*time.Minute), time.Hour) }, 16 * time.Minute, 18 * time.Minute},
		"no wish is for more than an hour":             {func() time.Duration { return awsfed.BackgroundPause(1, asked(1<<63-1), 12*time.Hour) }, time.Hour, 68 * time.Minute},
		"the first retry while callers wait":           {func() time.Duration { return awsfed.RetryPause(1, transient) }, 50 * time.Millisecond, 250 * time.Millisecond},
		"a late retry while callers wait":              {func() time.Duration { return awsfed.RetryPause(20, transient) }, 50 * time.Millisecond, 4 * time.Second},
		"a first failure is held for a moment":         {func() time.Duration { return awsfed.FailingPause(1, transient) }, 875 * time.Millisecond, time.Second},
		"a late one for less than four seconds":        {func() time.Duration { return awsfed.FailingPause(20, transient) }, 3412 * time.Millisecond, 3900 * time.Millisecond},
		"one that cannot heal for up to a minute":      {func() time.Duration { return awsfed.FailingPause(20, permanent) }, 52500 * time.Millisecond, time.Minute},
		"a server cannot silence a source for long":    {func() time.Duration { return awsfed.FailingPause(1, asked(time.Hour)) }, 5 * time.Minute, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			lowest, highest := time.Duration(1<<63-1), time.Duration(0)
			for range 2000 {
				d := test.draw()
				lowest, highest = min(lowest, d), max(highest, d)
			}
			assert.GreaterOrEqual(t, lowest, test.low)
			assert.LessOrEqual(t, highest, test.high)
			// 2,000 draws miss a fifth of the range with a chance of 0.8^2000, and 0.85^2000 if the
			// low end is a floor: below 1e-140.
			if spread := test.high - test.low; spread > 0 {
				assert.Less(t, lowest, test.low+spread/5, "drawn from the whole range")
				assert.Greater(t, highest, test.high-spread/5, "drawn from the whole range")
			}
		})
	}
}
