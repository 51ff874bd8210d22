package awsfedtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// keysURL is answered with 200 and a JSON object by a cloud that nothing ails.
const keysURL = "https://www.googleapis.com/oauth2/v3/certs"

func get(ctx context.Context, client *http.Client, url string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// status asks for Google's keys and returns the HTTP status.
func status(t *testing.T, cloud *awsfedtest.Cloud) int {
	t.Helper()
	response, _, err := get(t.Context(), cloud.Client(), keysURL)
	require.NoError(t, err)
	return response.StatusCode
}

func TestFaultsInProcess(t *testing.T) {
	keys := awsfedtest.GoogleKeys
	for name, c := range map[string]struct {
		fault awsfedtest.Fault
		check func(t *testing.T, response *http.Response, body string, err error, took time.Duration)
	}{
		"a delay holds the request back": {
			awsfedtest.Delay(keys, time.Second),
			func(t *testing.T, response *http.Response, _ string, err error, took time.Duration) {
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, response.StatusCode)
				assert.Equal(t, time.Second, took)
				assert.Equal(t, time.Now().UTC().Format(http.TimeFormat), response.Header.Get("Date"), "served after the delay")
			},
		},
		"a latency holds the answer back": {
			awsfedtest.Latency(keys, time.Minute-time.Second),
			func(t *testing.T, response *http.Response, _ string, err error, took time.Duration) {
				require.NoError(t, err)
				assert.Equal(t, time.Minute-time.Second, took)
				served := time.Now().Add(-took).UTC().Format(http.TimeFormat)
				assert.Equal(t, served, response.Header.Get("Date"), "served before the latency")
			},
		},
		"a delay longer than the client's patience ends with the client's error": {
			awsfedtest.Delay(keys, time.Hour),
			func(t *testing.T, _ *http.Response, _ string, err error, took time.Duration) {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, time.Minute, took)
			},
		},
		"a drop lasts until the client leaves": {
			awsfedtest.Drop(keys),
			func(t *testing.T, _ *http.Response, _ string, err error, took time.Duration) {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, time.Minute, took)
			},
		},
		"a reset is a reset": {
			awsfedtest.Reset(keys),
			func(t *testing.T, _ *http.Response, _ string, err error, _ time.Duration) {
				require.ErrorIs(t, err, syscall.ECONNRESET)
			},
		},
		"a truncated answer ends within the body": {
			awsfedtest.Truncate(keys),
			func(t *testing.T, response *http.Response, body string, err error, _ time.Duration) {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				assert.Equal(t, http.StatusOK, response.StatusCode)
				assert.NotEmpty(t, body)
				assert.Less(t, int64(len(body)), response.ContentLength)
			},
		},
		"a status may be that of a success": {
			awsfedtest.Status(keys, http.StatusOK, nil, "\x00\xff\xfe{]<\x1b"),
			func(t *testing.T, response *http.Response, body string, err error, _ time.Duration) {
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, response.StatusCode)
				assert.Equal(t, "\x00\xff\xfe{]<\x1b", body)
			},
		},
		"a status comes with its header and body": {
			awsfedtest.Status(keys, http.StatusTeapot, http.Header{"X-Pot": {"short"}}, "stout"),
			func(t *testing.T, response *http.Response, body string, err error, _ time.Duration) {
				require.NoError(t, err)
				assert.Equal(t, http.StatusTeapot, response.StatusCode)
				assert.Equal(t, "short", response.Header.Get("X-Pot"))
				assert.Equal(t, "stout", body)
				assert.NotEmpty(t, response.Header.Get("Date"))
			},
		},
		"too many requests says when to come back": {
			awsfedtest.TooManyRequests(keys, 1500*time.Millisecond),
			func(t *testing.T, response *http.Response, _ string, err error, _ time.Duration) {
				require.NoError(t, err)
				assert.Equal(t, http.StatusTooManyRequests, response.StatusCode)
				assert.Equal(t, "2", response.Header.Get("Retry-After"), "rounded up")
			},
		},
		"too many requests need not say when to come back": {
			awsfedtest.TooManyRequests(keys, 0),
			func(t *testing.T, response *http.Response, _ string, err error, _ time.Duration) {
				require.NoError(t, err)
				assert.NotContains(t, response.Header, "Retry-After")
			},
		},
		"an unavailable service says so": {
			awsfedtest.Unavailable(keys),
			func(t *testing.T, response *http.Response, _ string, err error, _ time.Duration) {
				require.NoError(t, err)
				assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
			},
		},
		"a redirect to elsewhere never leaves the emulator": {
			awsfedtest.Status(keys, http.StatusTemporaryRedirect, http.Header{"Location": {"https://example.com/stolen"}}, ""),
			func(t *testing.T, _ *http.Response, _ string, err error, _ time.Duration) {
				require.ErrorContains(t, err, `"example.com"`)
				require.ErrorContains(t, err, "nothing leaves")
			},
		},
		"a fault at another endpoint is none here": {
			awsfedtest.Reset(awsfedtest.GoogleSTS),
			func(t *testing.T, response *http.Response, _ string, err error, _ time.Duration) {
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, response.StatusCode)
			},
		},
		"a fault without an endpoint is everywhere": {
			awsfedtest.Reset(""),
			func(t *testing.T, _ *http.Response, _ string, err error, _ time.Duration) {
				require.ErrorIs(t, err, syscall.ECONNRESET)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(c.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begin := time.Now()
				response, body, err := get(ctx, cloud.Client(), keysURL)
				c.check(t, response, body, err, time.Since(begin))
			})
		})
	}
}

func TestFaultEndsAfterSoManyRequests(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleKeys).Times(2))
	var got []int
	for range 3 {
		got = append(got, status(t, cloud))
	}
	assert.Equal(t, []int{503, 503, 200}, got)
}

func TestFaultHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleKeys).After(time.Hour).During(10 * time.Minute))
		cloud.SetClock(65 * time.Minute) // the clouds' clock must not matter

		assert.Equal(t, 200, status(t, cloud), "before")
		time.Sleep(time.Hour - time.Nanosecond)
		assert.Equal(t, 200, status(t, cloud), "just before")
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 503, status(t, cloud), "from the first moment on")
		time.Sleep(10*time.Minute - time.Nanosecond)
		assert.Equal(t, 503, status(t, cloud), "until the last moment")
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 200, status(t, cloud), "after")
	})
}

func TestFaultEndsWhenRemoved(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	remove := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleKeys))
	cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleKeys, time.Nanosecond))
	require.Equal(t, 503, status(t, cloud))
	remove()
	remove()
	assert.Equal(t, 200, status(t, cloud))
}

func TestFaultsLastOneDecidesTheAnswerAndDelaysAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Latency(awsfedtest.GoogleKeys, 3*time.Second))
		cloud.Inject(awsfedtest.Status(awsfedtest.GoogleKeys, 500, nil, "").Times(1))
		cloud.Inject(awsfedtest.Delay("", 2*time.Second))
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleKeys).Times(1))

		begin := time.Now()
		assert.Equal(t, 503, status(t, cloud), "the last one")
		assert.Equal(t, 5*time.Second, time.Since(begin))
		assert.Equal(t, 500, status(t, cloud), "the one that was hidden is not spent")
		assert.Equal(t, 200, status(t, cloud))

		var faults []string
		for _, r := range cloud.Requests() {
			faults = append(faults, r.Fault)
		}
		assert.Equal(t, []string{"latency,delay,503", "latency,500,delay", "latency,delay"}, faults)
	})
}

func TestFaultMayAskTheCloudWhetherItMatches(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleKeys).When(func(r awsfedtest.Request) bool {
		return cloud.Count(r.Endpoint) > 0 && strings.HasSuffix(r.Path, "certs") // takes the cloud's locks
	}))
	assert.Equal(t, 200, status(t, cloud))
	assert.Equal(t, 503, status(t, cloud))
}

func TestFaultIsACopy(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	header := http.Header{"X-Kept": {"yes"}}
	fault := awsfedtest.Status(awsfedtest.GoogleKeys, 500, header, "")
	cloud.Inject(fault)
	header.Del("X-Kept")
	for range 2 {
		response, _, err := get(t.Context(), cloud.Client(), keysURL)
		require.NoError(t, err)
		assert.Equal(t, "yes", response.Header.Get("X-Kept"))
		response.Header.Del("X-Kept") // a client's header is its own
	}
}

func TestFaultDropIsVisibleWhileItLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleKeys))
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := make(chan error)
		go func() {
			_, _, err := get(ctx, cloud.Client(), keysURL)
			gone <- err
		}()
		synctest.Wait()
		requests := cloud.Requests()
		require.Len(t, requests, 1)
		assert.Equal(t, "drop", requests[0].Fault)
		assert.Zero(t, requests[0].Status)

		left := errors.New("the client left")
		cancel(left)
		require.ErrorIs(t, <-gone, left)
	})
}
