package awsfed_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

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

// tokenRefused makes the impersonation refuse the federated token.
func tokenRefused() awsfedtest.Fault {
	return awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusUnauthorized, nil, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`)
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
		ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: roundTripper(judge)})
		return get(oauth2.NewClient(ctx, ts))
	},
	"oauth2.Transport": func(ts *awsfed.TokenSource) func() error {
		return get(&http.Client{Transport: &oauth2.Transport{Source: ts, Base: roundTripper(judge)}})
	},
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
