package awsfed_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestAFleetSpreadsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fleet = 1000
		cloud := awsfedtest.New(awsfedtest.Options{})
		var mu sync.Mutex
		perSecond := make(map[int64]int)
		start := time.Now()
		counting := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			perSecond[int64(time.Since(start)/time.Second)]++
			mu.Unlock()
			return cloud.Client().Transport.RoundTrip(req)
		})}
		credentials, err := cloud.Config().Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		var callers sync.WaitGroup
		for range fleet {
			ts := newSource(t, cloud, func(cfg *awsfed.Config) {
				cfg.HTTPClient = counting
				cfg.Credentials = staticCredentials(credentials)
			})
			callers.Go(func() {
				for range 3 * 60 {
					_, err := ts.Token()
					assert.NoError(t, err)
					time.Sleep(time.Minute)
				}
			})
		}
		callers.Wait()
		mu.Lock() // refreshes in the background go on
		defer mu.Unlock()
		worst := 0
		for second, requests := range perSecond {
			if second > 0 {
				worst = max(worst, requests)
			}
		}
		t.Logf("%d requests in the first second, at most %d in any later one", perSecond[0], worst)
		assert.Equal(t, 2*fleet, perSecond[0])
		assert.LessOrEqual(t, worst, 20)
	})
}
