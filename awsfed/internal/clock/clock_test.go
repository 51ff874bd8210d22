package clock_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
)

// answer is the header of a server whose clock is off by skew at this instant. HTTP cuts off the
// fraction of a second.
func answer(skew time.Duration) http.Header {
	return http.Header{"Date": {time.Now().Add(skew).UTC().Format(http.TimeFormat)}}
}

func TestLearnTakesTheServersTime(t *testing.T) {
	for _, c := range []struct {
		name string
		skew time.Duration // of the servers against this machine
		trip time.Duration // there, and the same back
		want time.Duration
	}{
		{"right", 0, 0, 0},
		{"a second ahead, which whole seconds can feign", time.Second, 0, 0},
		{"a second behind", -time.Second, 0, 0},
		{"an hour ahead", time.Hour, 0, time.Hour},
		{"an hour behind", -time.Hour, 0, -time.Hour},
		{"three seconds ahead", 3 * time.Second, 0, 3 * time.Second},
		{"three seconds behind", -3 * time.Second, 0, -3 * time.Second},
		{"eleven hours ahead", 11 * time.Hour, 0, 11 * time.Hour},
		{"eleven hours behind", -11 * time.Hour, 0, -11 * time.Hour},
		{"twelve hours ahead, the most that is believed", clock.MaxSkew, 0, clock.MaxSkew},
		{"twelve hours behind", -clock.MaxSkew, 0, -clock.MaxSkew},
		{"more than twelve hours ahead", clock.MaxSkew + time.Second, 0, 0},
		{"more than twelve hours behind", -clock.MaxSkew - time.Second, 0, 0},
		{"years behind", -20 * 365 * 24 * time.Hour, 0, 0},
		{"years ahead", 20 * 365 * 24 * time.Hour, 0, 0},
		{"right, and slow", 0, 20 * time.Second, 0},
		{"right, and as slow as a timeout allows", 0, 10 * time.Minute, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var servers clock.Clock
				sent := time.Now()
				time.Sleep(c.trip)
				header := answer(c.skew)
				time.Sleep(c.trip)
				servers.Learn(sent, header.Get("Date"))
				assert.Equal(t, c.want, servers.Offset())
				assert.True(t, servers.Now().Equal(time.Now().Add(c.want)))
			})
		})
	}
}

func TestASlowAnswerOfASkewedServerIsTooFarByItsSlownessAtMost(t *testing.T) {
	for _, skew := range []time.Duration{time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			var servers clock.Clock
			sent := time.Now()
			time.Sleep(5 * time.Second)
			header := answer(skew)
			time.Sleep(5 * time.Second)
			servers.Learn(sent, header.Get("Date"))
			assert.InDelta(t, skew.Seconds(), servers.Offset().Seconds(), 10)
		})
	}
}

func TestTheFractionThatDateLacksIsNoSkew(t *testing.T) {
	for _, fraction := range []time.Duration{0, time.Nanosecond, 500 * time.Millisecond, time.Second - time.Nanosecond} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(fraction)
			var servers clock.Clock
			servers.Learn(time.Now(), answer(0).Get("Date"))
			assert.Zero(t, servers.Offset(), "%v after the full second", fraction)

			servers.Learn(time.Now(), answer(time.Hour).Get("Date"))
			assert.LessOrEqual(t, servers.Offset(), time.Hour)
			assert.Greater(t, servers.Offset(), time.Hour-time.Second, "the fraction is all that is lost")
		})
	}
}

func TestTheNewestAnswerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers clock.Clock
		assert.Zero(t, servers.Offset(), "the zero value trusts the machine")
		servers.Learn(time.Now(), answer(time.Hour).Get("Date"))
		servers.Learn(time.Now(), answer(-2*time.Hour).Get("Date"))
		assert.Equal(t, -2*time.Hour, servers.Offset())

		servers.Learn(time.Now(), answer(0).Get("Date"))
		assert.Zero(t, servers.Offset(), "a machine whose clock was set right is trusted again")
	})
}

func TestAnAnswerWithoutABelievableDateChangesNothing(t *testing.T) {
	for name, header := range map[string]http.Header{
		"no header":         nil,
		"no Date":           {"Content-Type": {"application/json"}},
		"an empty Date":     {"Date": {""}},
		"garbage":           {"Date": {"yesterday"}},
		"a number":          {"Date": {"1700000000"}},
		"the zero of Unix":  {"Date": {"Thu, 01 Jan 1970 00:00:00 GMT"}},
		"the end of years":  {"Date": {"Fri, 31 Dec 9999 23:59:59 GMT"}},
		"the start of time": {"Date": {"Mon, 01 Jan 0001 00:00:00 GMT"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var servers clock.Clock
				servers.Learn(time.Now(), answer(time.Hour).Get("Date"))
				servers.Learn(time.Now(), header.Get("Date"))
				assert.Equal(t, time.Hour, servers.Offset())

				end := time.Now().Add(30 * time.Minute)
				assert.Equal(t, end, clock.Local(end, time.Now(), header.Get("Date")))
			})
		})
	}
}

// The oldest of HTTP's date formats are still valid (RFC 9110 §5.6.7).
func TestObsoleteFormsOfDateAreRead(t *testing.T) {
	for _, layout := range []string{"Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		synctest.Test(t, func(t *testing.T) {
			var servers clock.Clock
			date := time.Now().UTC().Add(time.Hour).Format(layout)
			servers.Learn(time.Now(), date)
			assert.Equal(t, time.Hour, servers.Offset(), date)
		})
	}
}

func TestLocalIsNeverLate(t *testing.T) {
	for _, skew := range []time.Duration{
		0, time.Hour, -time.Hour, 11 * time.Hour, -11 * time.Hour, 5 * time.Second, -5 * time.Second, 3 * time.Second,
		-3 * time.Second, time.Hour + 400*time.Millisecond, -time.Hour - 400*time.Millisecond,
	} {
		for _, fraction := range []time.Duration{0, 300 * time.Millisecond, 999 * time.Millisecond} {
			for _, trip := range []time.Duration{0, 40 * time.Millisecond, 10 * time.Second} {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(fraction)
					sent := time.Now()
					time.Sleep(trip)
					header := answer(skew)
					end := time.Now().Add(skew).Add(time.Hour) // in the server's time: an hour from this instant
					truth := end.Add(-skew)
					local := clock.Local(end, sent, header.Get("Date"))
					early := truth.Sub(local)
					assert.GreaterOrEqual(t, early, time.Duration(0), "skew %v, fraction %v, trip %v", skew, fraction, trip)
					assert.LessOrEqual(t, early, time.Second+trip, "skew %v, fraction %v, trip %v", skew, fraction, trip)
				})
			}
		}
	}
}

// A Date that is less than two seconds off shows no skew, and its cut-off fraction hides one second
// more.
func TestASkewThatDateCannotShowCostsLessThanThreeSeconds(t *testing.T) {
	for skew := -3 * time.Second; skew <= 3*time.Second; skew += 100 * time.Millisecond {
		for fraction := time.Duration(0); fraction < time.Second; fraction += 50 * time.Millisecond {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(fraction)
				end := time.Now().Add(time.Hour) // in the server's time
				truth := end.Add(-skew)
				local := clock.Local(end, time.Now(), answer(skew).Get("Date"))
				assert.Less(t, truth.Sub(local).Abs(), 3*time.Second, "skew %v, fraction %v", skew, fraction)
			})
		}
	}
}

func TestLocalIgnoresASkewBeyondBelief(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Hour)
		for _, skew := range []time.Duration{clock.MaxSkew + time.Second, -clock.MaxSkew - time.Second} {
			assert.Equal(t, end, clock.Local(end, time.Now(), answer(skew).Get("Date")))
		}
	})
}

func TestAClockIsSafeForConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers clock.Clock
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for range 100 {
					servers.Learn(time.Now(), answer(time.Duration(i+1)*time.Hour).Get("Date"))
					offset := servers.Offset()
					assert.True(t, offset >= time.Hour && offset <= 8*time.Hour && offset%time.Hour == 0, "%v", offset)
				}
			})
		}
		all.Wait()
	})
}
