package call_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// A crowd counts the requests that are in flight at each host.
type crowd struct {
	answerTime time.Duration
	deaf       bool // to the end of a request's ctx

	mu       sync.Mutex
	inFlight map[string]int
	most     map[string]int
}

func (c *crowd) RoundTrip(req *http.Request) (*http.Response, error) {
	c.count(req.URL.Host, 1)
	defer c.count(req.URL.Host, -1)
	ended := req.Context().Done()
	if c.deaf {
		ended = nil
	}
	select {
	case <-time.After(c.answerTime):
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	case <-ended:
		return nil, req.Context().Err()
	}
}

func (c *crowd) count(host string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inFlight == nil {
		c.inFlight, c.most = make(map[string]int), make(map[string]int)
	}
	c.inFlight[host] += n
	c.most[host] = max(c.most[host], c.inFlight[host])
}

func TestAHostGetsAtMost64RequestsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &crowd{answerTime: time.Second}
		start := time.Now()
		var requests sync.WaitGroup
		for range 500 {
			for _, host := range []string{"a.example", "b.example"} {
				requests.Go(func() {
					client := call.NewClient(&http.Client{Transport: transport}) // each has its own
					_, err := client.Post(t.Context(), "https://"+host, nil, "")
					assert.NoError(t, err)
				})
			}
		}
		requests.Wait()
		assert.Equal(t, map[string]int{"a.example": 64, "b.example": 64}, transport.most)
		assert.Equal(t, 8*time.Second, time.Since(start), "500 in groups of 64")
	})
}

func TestARequestWaitsForOthersNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &crowd{answerTime: time.Hour}
		client := call.NewClient(&http.Client{Transport: transport})
		var ended atomic.Int32
		for range 100 {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := client.Post(ctx, endpoint, nil, "")
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				ended.Add(1)
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Post(ctx, endpoint, nil, "")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "waiting for one of 64 requests to end")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.EqualValues(t, 100, ended.Load())

		transport.answerTime = 0
		_, err = client.Post(t.Context(), endpoint, nil, "")
		assert.NoError(t, err, "all places are free again")
	})
}

func TestATransportThatIgnoresTheEndOfRequestsLeavesPlaceForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &crowd{answerTime: time.Hour, deaf: true}
		client := call.NewClient(&http.Client{Transport: transport})
		var asked, answered sync.WaitGroup
		for range 64 {
			answered.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, _ = client.Post(ctx, endpoint, nil, "")
			})
		}
		time.Sleep(time.Minute)
		for range 32 {
			asked.Go(func() {
				_, err := client.Post(t.Context(), endpoint, nil, "")
				assert.NoError(t, err)
			})
		}
		start := time.Now()
		asked.Wait()
		assert.Equal(t, time.Hour, time.Since(start), "all of them at once")
		answered.Wait()
	})
}
