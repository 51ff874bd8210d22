package awsfed_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// newSource makes the source that the tests of refreshing use: quiet, and wired to the cloud.
func newSource(t *testing.T, cloud *awsfedtest.Cloud, change ...func(*awsfed.Config)) *awsfed.TokenSource {
	t.Helper()
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	for _, c := range change {
		c(&cfg)
	}
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	return ts
}

// slow makes every request at Google take d.
func slow(cloud *awsfedtest.Cloud, d time.Duration) {
	cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, d))
	cloud.Inject(awsfedtest.Delay(awsfedtest.IAMCredentials, d))
}

// blackout makes both of Google's services unavailable.
func blackout(cloud *awsfedtest.Cloud) (restore func()) {
	first := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
	second := cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
	return func() { first(); second() }
}

// A tally counts what a load of callers saw.
type tally struct {
	calls, failed atomic.Int64
	slowest       atomic.Int64
}

// call makes one call and counts it.
func (c *tally) call(get func() error) {
	start := time.Now()
	err := get()
	c.calls.Add(1)
	if err != nil {
		c.failed.Add(1)
	}
	for took := int64(time.Since(start)); ; {
		old := c.slowest.Load()
		if took <= old || c.slowest.CompareAndSwap(old, took) {
			return
		}
	}
}

// everySecond makes one call a second for d, whether or not the calls before have ended.
func (c *tally) everySecond(d time.Duration, get func() error) {
	var calls sync.WaitGroup
	for range int(d / time.Second) {
		calls.Go(func() { c.call(get) })
		time.Sleep(time.Second)
	}
	calls.Wait()
}

// The ways in which Go programs hold a token source. Each gives a func that does what a request
// would do.
var holders = map[string]func(*awsfed.TokenSource) func() error{
	"the source itself": func(ts *awsfed.TokenSource) func() error {
		return func() error { _, err := ts.TokenContext(context.Background()); return err }
	},
	"oauth2.NewClient": func(ts *awsfed.TokenSource) func() error {
		ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: judge{}})
		return get(oauth2.NewClient(ctx, ts))
	},
	"oauth2.Transport": func(ts *awsfed.TokenSource) func() error {
		return get(&http.Client{Transport: &oauth2.Transport{Source: ts, Base: judge{}}})
	},
}

// judge is a Google API that takes any bearer token: expiry is what the tests of holders are about.
type judge struct{}

func (judge) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Authorization") == "" {
		return nil, fmt.Errorf("no token")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

func get(client *http.Client) func() error {
	return func() error {
		resp, err := client.Get("https://storage.googleapis.com/storage/v1/b")
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
}

func TestADayOfCallersWaitsForNothingAfterTheFirstToken(t *testing.T) {
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
				assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS), 60, "exchanges")
				assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials), 60, "impersonations")
				t.Logf("%d exchanges, %d impersonations", cloud.Count(awsfedtest.GoogleSTS), cloud.Count(awsfedtest.IAMCredentials))
				time.Sleep(3 * time.Hour) // until nobody holds a token: a bubble must not end before a refresh
			})
		})
	}
}

// outages are swept over all phases of a token's life.
func sweep(t *testing.T, outage time.Duration, run func(t *testing.T, phase time.Duration)) {
	for phase := time.Duration(0); phase < time.Hour; phase += 150 * time.Second {
		synctest.Test(t, func(t *testing.T) { run(t, phase) })
		if t.Failed() {
			t.Fatalf("in an outage of %v that began %v into the token's life", outage, phase)
		}
	}
}

func TestNoCallFailsInAnOutageOfHalfAnHour(t *testing.T) {
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
					assert.LessOrEqual(t, sent, 40, "requests sent into the outage")
					most = max(most, sent)
				})
				t.Logf("at most %d requests went into an outage", most)
			})
		}
	}
}
