package awsfed_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed"
)

func TestPausesKeepTheirBounds(t *testing.T) {
	transient := &awsfed.Error{Transient: true}
	permanent := &awsfed.Error{}
	asked := func(d time.Duration) error { return &awsfed.Error{Transient: true, RetryAfter: d} }
	for name, test := range map[string]struct {
		draw      func() time.Duration
		low, high time.Duration
	}{
		"a token is replaced at 40 to 48.5 percent":    {func() time.Duration { return awsfed.RefreshAfter(time.Hour) }, 24 * time.Minute, 29*time.Minute + 6*time.Second},
		"the first background retry":                   {func() time.Duration { return awsfed.BackgroundPause(1, transient, time.Hour) }, time.Second, 4 * time.Second},
		"a late background retry":                      {func() time.Duration { return awsfed.BackgroundPause(20, transient, 2*time.Hour) }, time.Second, 10 * time.Minute},
		"a background retry of what cannot heal":       {func() time.Duration { return awsfed.BackgroundPause(1, permanent, time.Hour) }, 5 * time.Minute, 10 * time.Minute},
		"there is a try in the last minute":            {func() time.Duration { return awsfed.BackgroundPause(20, permanent, 3*time.Minute) }, 2 * time.Minute, 165 * time.Second},
		"and one is enough":                            {func() time.Duration { return awsfed.BackgroundPause(20, permanent, time.Minute) }, 5 * time.Minute, 10 * time.Minute},
		"the server's wish comes first, and is spread": {func() time.Duration { return awsfed.BackgroundPause(1, asked(16*time.Minute), time.Hour) }, 16 * time.Minute, 18 * time.Minute},
		"no wish is for more than an hour":             {func() time.Duration { return awsfed.BackgroundPause(1, asked(1<<63-1), 12*time.Hour) }, time.Hour, 68 * time.Minute},
		"the first retry of a flight":                  {func() time.Duration { return awsfed.FlightPause(1, transient) }, 50 * time.Millisecond, 250 * time.Millisecond},
		"a late retry of a flight":                     {func() time.Duration { return awsfed.FlightPause(20, transient) }, 50 * time.Millisecond, 8 * time.Second},
		"a first failure is held for a moment":         {func() time.Duration { return awsfed.HoldPause(1, transient) }, 500 * time.Millisecond, time.Second},
		"a late one for no longer than five seconds":   {func() time.Duration { return awsfed.HoldPause(20, transient) }, 2500 * time.Millisecond, 5 * time.Second},
		"one that cannot heal for up to a minute":      {func() time.Duration { return awsfed.HoldPause(20, permanent) }, 30 * time.Second, time.Minute},
		"a server cannot silence a source for long":    {func() time.Duration { return awsfed.HoldPause(1, asked(time.Hour)) }, 5 * time.Minute, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			lowest, highest := time.Duration(1<<63-1), time.Duration(0)
			for range 2000 {
				d := test.draw()
				lowest, highest = min(lowest, d), max(highest, d)
			}
			assert.GreaterOrEqual(t, lowest, test.low)
			assert.LessOrEqual(t, highest, test.high)
			if spread := test.high - test.low; spread > 0 {
				assert.Less(t, lowest, test.low+spread/5, "drawn from the whole range")
				assert.Greater(t, highest, test.high-spread/5, "drawn from the whole range")
			}
		})
	}
}
