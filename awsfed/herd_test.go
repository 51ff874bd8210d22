package awsfed_test

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A herd calls while there is no token: from the start of the process, while the service answers
// 503 at once.
func TestTokenSourceBoundsAHerdWithoutAToken(t *testing.T) {
	for _, endpoint := range []awsfedtest.Endpoint{awsfedtest.GoogleSTS, awsfedtest.IAMCredentials} {
		for _, rate := range []int{2_000, 10_000} {
			t.Run(fmt.Sprintf("%s/%d calls a second", endpoint, rate), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					restore := cloud.Inject(awsfedtest.Unavailable(endpoint))
					ts := newSource(t, cloud)
					const tick = 10 * time.Millisecond
					before, start := runtime.NumGoroutine(), time.Now()
					var most int
					var longest atomic.Int64 // of the calls after the first 30 seconds
					var memory uint64
					var calls sync.WaitGroup
					for time.Since(start) < time.Minute {
						for range rate / int(time.Second/tick) {
							calls.Go(func() {
								began := time.Now()
								_, err := ts.Token()
								assert.Error(t, err)
								if took := int64(time.Since(began)); began.Sub(start) >= 30*time.Second && took > longest.Load() {
									longest.Store(took)
								}
							})
						}
						time.Sleep(tick)
						most = max(most, runtime.NumGoroutine()-before)
						if time.Since(start)%(5*time.Second) == 0 {
							var m runtime.MemStats
							runtime.ReadMemStats(&m)
							memory = max(memory, m.HeapAlloc)
						}
					}
					sent := cloud.Count(endpoint)
					restore()
					var recovered time.Duration
					for {
						if _, err := ts.Token(); err == nil {
							recovered = time.Since(start) - time.Minute
							break
						}
						if time.Since(start) > 2*time.Minute {
							t.Fatal("it does not recover")
						}
						time.Sleep(tick)
					}
					calls.Wait()
					t.Logf("%d goroutines, %d MiB of heap, longest wait after 30s %v, %d requests, recovered after %v",
						most, memory>>20, time.Duration(longest.Load()), sent, recovered)
					assert.Less(t, most, 5_000, "goroutines more")
					assert.LessOrEqual(t, time.Duration(longest.Load()), 3*time.Second, "the longest wait of a call after the first 30 seconds")
					// 18 retries on average in the first 30 s, then 9: more than 60 have a chance
					// of 3e-19.
					assert.LessOrEqual(t, sent, 60, "requests")
					// A pause of 3.9 s below and one of 0.5 s above it are the longest.
					assert.LessOrEqual(t, recovered, 5*time.Second)
					time.Sleep(3 * time.Hour)
				})
			})
		}
	}
}

func TestTokenSourceServesABurstBeforeTheFirstAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		ts := newSource(t, cloud)
		var callers sync.WaitGroup
		for range 10_000 {
			callers.Go(func() {
				_, err := ts.Token()
				assert.NoError(t, err)
			})
		}
		callers.Wait()
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	})
}

func TestTokenSourceMakesNoStormOfRequestsOfAStormOfCallers(t *testing.T) {
	for name, fault := range map[string]func(awsfedtest.Endpoint) awsfedtest.Fault{
		"transient": awsfedtest.Unavailable,
		"permanent": func(e awsfedtest.Endpoint) awsfedtest.Fault {
			return awsfedtest.Status(e, http.StatusBadRequest, nil, `{"error":"invalid_target"}`)
		},
		"silent": awsfedtest.Drop,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(fault(awsfedtest.GoogleSTS))
				ts := newSource(t, cloud)
				var callers sync.WaitGroup
				for range 100 {
					callers.Go(func() {
						for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); {
							_, err := ts.Token()
							assert.Error(t, err)
							time.Sleep(100 * time.Millisecond)
						}
					})
				}
				callers.Wait()
				time.Sleep(time.Minute) // a refresh may still be under way
				sent := cloud.Count(awsfedtest.GoogleSTS)
				t.Logf("%d requests in ten minutes of 1,000 calls a second", sent)
				// 177 on average, 18 retries and then one in 3.4 to 3.9 s: more than 200 have a
				// chance of 7e-12. The longest pauses give 14.
				assert.LessOrEqual(t, sent, 200)
				assert.GreaterOrEqual(t, sent, 10)
			})
		})
	}
}
