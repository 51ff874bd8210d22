package awsfed_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestAWrongClockCostsOneExchangeAndExpiryIsRight(t *testing.T) {
	for _, skew := range []time.Duration{-11 * time.Hour, -20 * time.Minute, 0, 20 * time.Minute, 11 * time.Hour} {
		for _, account := range []string{"", "aws-app@my-project.iam.gserviceaccount.com"} {
			t.Run(fmt.Sprintf("%v with account %q", skew, account), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					cloud.SetClock(-skew) // the machine is ahead by skew
					slow(cloud, 150*time.Millisecond)
					ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.ServiceAccount = account })
					start := time.Now()
					token, err := ts.Token()
					require.NoError(t, err)
					want := 1
					if skew != 0 {
						want = 2
					}
					assert.Equal(t, want, cloud.Count(awsfedtest.GoogleSTS))
					assert.WithinDuration(t, start.Add(time.Hour), token.Expiry, 2*time.Second)

					// And for the rest of the day no request is refused.
					before := cloud.Count(awsfedtest.GoogleSTS)
					var load tally
					load.everySecond(5*time.Hour, func() error { _, err := ts.Token(); return err })
					assert.Zero(t, load.failed.Load())
					assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS)-before, 13)
					time.Sleep(3 * time.Hour) // until nobody holds a token: a bubble must not end before a refresh
				})
			})
		}
	}
}
