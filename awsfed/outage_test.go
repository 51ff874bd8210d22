package awsfed_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestTokenSourceMakesNobodyWaitInADayAfterTheFirstToken(t *testing.T) {
	for name, hold := range holders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				slow(cloud, 150*time.Millisecond)
				call := hold(newSource(t, cloud))

				var first, day tally
				first.call(call)
				var callers sync.WaitGroup
				for i := range 16 {
					callers.Go(func() {
						time.Sleep(time.Duration(i) * time.Second / 16)
						for range 24 * 60 * 60 {
							day.call(call)
							time.Sleep(time.Second)
						}
					})
				}
				callers.Wait()

				assert.Equal(t, 300*time.Millisecond, time.Duration(first.slowest.Load()), "the first call, two requests")
				assert.EqualValues(t, 16*24*60*60, day.calls.Load())
				assert.Zero(t, day.failed.Load(), "failed calls")
				assert.LessOrEqual(t, time.Duration(day.slowest.Load()), time.Millisecond, "the slowest call after the first")
				// 60 pauses of 24 to 30 minutes end in a day with a chance of 1e-40: 27 h ± 13 min.
				assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS), 60, "exchanges")
				assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials), 60, "impersonations")
				t.Logf("%d exchanges, %d impersonations", cloud.Count(awsfedtest.GoogleSTS), cloud.Count(awsfedtest.IAMCredentials))
				time.Sleep(3 * time.Hour) // until nobody holds a token: a bubble must not end before a refresh
			})
		})
	}
}

func TestTokenSourceFailsNoCallInAnOutageOfHalfAnHour(t *testing.T) {
	for name, hold := range holders {
		for _, outage := range []time.Duration{30 * time.Second, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute} {
			t.Run(fmt.Sprintf("%s/%v", name, outage), func(t *testing.T) {
				t.Parallel()
				most := 0
				sweep(t, outage, func(t *testing.T, phase time.Duration) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					call := hold(newSource(t, cloud))
					require.NoError(t, call())

					var load tally
					load.everySecond(phase, call)
					restore := blackout(cloud)
					before := cloud.Count(awsfedtest.GoogleSTS) + cloud.Count(awsfedtest.IAMCredentials)
					load.everySecond(outage, call)
					sent := cloud.Count(awsfedtest.GoogleSTS) + cloud.Count(awsfedtest.IAMCredentials) - before
					restore()
					load.everySecond(time.Hour, call)

					assert.Zero(t, load.failed.Load(), "failed of %d calls", load.calls.Load())
					// Two sources pause for up to 4, 8, ... 512, 600, 600 s: more than 45 retries
					// in half an hour have a chance of 5e-10, and in one of 72 such outages of
					// 4e-8.
					assert.LessOrEqual(t, sent, 45, "requests sent into the outage")
					most = max(most, sent)
				})
				t.Logf("at most %d requests went into an outage", most)
			})
		}
	}
}

func TestConfigReserveOf50MinutesFailsNoCallInAnOutageOf45(t *testing.T) {
	for name, hold := range holders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := int64(0)
			sweep(t, 45*time.Minute, func(t *testing.T, phase time.Duration) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				call := hold(newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Reserve = 50 * time.Minute }))
				require.NoError(t, call())
				var load tally
				load.everySecond(phase, call)
				restore := blackout(cloud)
				load.everySecond(45*time.Minute, call)
				restore()
				load.everySecond(time.Hour, call)
				assert.Zero(t, load.failed.Load(), "failed of %d calls", load.calls.Load())
				calls += load.calls.Load()
			})
			t.Logf("0 of %d calls failed", calls)
		})
	}
}

func TestConfigReserveHasAPriceInRequests(t *testing.T) {
	for reserve, want := range map[time.Duration][2]int{
		0:                {48, 60},
		30 * time.Minute: {48, 60},
		50 * time.Minute: {144, 180},
		2 * time.Hour:    {240, 300},
	} {
		t.Run(reserve.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Reserve = reserve })
				var load tally
				load.everySecond(24*time.Hour, func() error { _, err := ts.Token(); return err })
				assert.Zero(t, load.failed.Load())
				// The longest pauses give the lower bound. As many of the shortest as the upper one
				// have a chance below 1e-40.
				for _, endpoint := range []awsfedtest.Endpoint{awsfedtest.GoogleSTS, awsfedtest.IAMCredentials} {
					assert.GreaterOrEqual(t, cloud.Count(endpoint), want[0], endpoint)
					assert.LessOrEqual(t, cloud.Count(endpoint), want[1], endpoint)
				}
				t.Logf("%d exchanges, %d impersonations a day", cloud.Count(awsfedtest.GoogleSTS), cloud.Count(awsfedtest.IAMCredentials))
				time.Sleep(3 * time.Hour)
			})
		})
	}
}

func TestConfigReserveHoldsForTheKeysOfTheAWSChain(t *testing.T) {
	for reserve, want := range map[time.Duration]int{0: 1, 50 * time.Minute: 1, 1000 * time.Hour: 2} {
		t.Run(reserve.String(), func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cfg := serve(t, cloud, awsfedtest.SourceECS).Config()
			cfg.Reserve = reserve
			builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
			require.NoError(t, err)
			for range 2 {
				_, err = builder.SubjectToken(t.Context())
				require.NoError(t, err)
			}
			assert.Equal(t, want, cloud.Count(awsfedtest.ContainerCredentials), "keys that would end sooner are asked for again")
		})
	}
}

func TestTokenSourceSurvivesAShortOutageAtStartUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).During(20 * time.Second))
		ts := newSource(t, cloud)
		var callers sync.WaitGroup
		for range 500 {
			callers.Go(func() {
				_, err := ts.Token()
				assert.NoError(t, err)
			})
		}
		callers.Wait()
	})
}

func TestTokenSourceWaitsAgainForALoneCallerAfterALongFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		restore := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		ts := newSource(t, cloud)
		_, err := ts.Token()
		assert.Error(t, err)
		time.Sleep(10 * time.Minute)
		restore()
		start := time.Now()
		_, err = ts.Token()
		assert.NoError(t, err, "an error of ten minutes ago says nothing")
		assert.Zero(t, time.Since(start))
	})
}
