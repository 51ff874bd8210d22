package awsfed_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

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
