package awsfed_test

import (
	"fmt"
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
	const endpoint = awsfedtest.GoogleSTS
	for _, rate := range []int{2_000, 10_000} {
		t.Run(fmt.Sprintf("%s/%d calls a second", endpoint, rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				restore := cloud.Inject(awsfedtest.Unavailable(endpoint))
				ts := newSource(t, cloud)
				const tick = 10 * time.Millisecond
				before, start := runtime.NumGoroutine(), time.Now()
				var most int
				var longest, later atomic.Int64 // of all calls, and of those after the first 30 seconds
				var memory uint64
				var calls sync.WaitGroup
				for time.Since(start) < time.Minute {
					for range rate / int(time.Second/tick) {
						calls.Go(func() {
							began := time.Now()
							_, _ = ts.Token()
							took := int64(time.Since(began))
							raise(&longest, took)
							if began.Sub(start) >= 30*time.Second {
								raise(&later, took)
							}
						})
					}
					time.Sleep(tick)
					most = max(most, runtime.NumGoroutine()-before)
					if time.Since(start)%time.Second == 0 {
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						memory = max(memory, m.HeapAlloc+m.StackInuse)
					}
				}
				sent := cloud.Count(endpoint)
				restore()
				recovered := time.Duration(-1)
				for recovered < 0 && time.Since(start) < 2*time.Minute {
					if _, err := ts.Token(); err == nil {
						recovered = time.Since(start) - time.Minute
					} else {
						time.Sleep(tick)
					}
				}
				calls.Wait()
				t.Logf("%d goroutines, %d MiB of heap and stacks, longest wait %v, after 30s %v, %d requests, recovered after %v",
					most, memory>>20, time.Duration(longest.Load()), time.Duration(later.Load()), sent, recovered)
				assert.Less(t, most, 5_000, "goroutines more")
				assert.LessOrEqual(t, time.Duration(later.Load()), 3*time.Second, "the longest wait of a call after the first 30 seconds")
				assert.LessOrEqual(t, sent, 60, "requests")
				assert.LessOrEqual(t, recovered, 5*time.Second)
				assert.GreaterOrEqual(t, recovered, time.Duration(0), "it recovers")
				time.Sleep(3 * time.Hour)
			})
		})
	}
}

// raise makes v the maximum of itself and n.
func raise(v *atomic.Int64, n int64) {
	for old := v.Load(); n > old && !v.CompareAndSwap(old, n); old = v.Load() {
	}
}
