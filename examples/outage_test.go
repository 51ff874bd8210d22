package examples_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/auth/credentials/externalaccount"
	"cloud.google.com/go/storage"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	oldaccount "golang.org/x/oauth2/google/externalaccount"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	htransport "google.golang.org/api/transport/http"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A caller makes one request's worth of use of a credential.
type caller func() error

// contenders are the Go libraries that have this flow, each wired to the same cloud in the same
// process.
var contenders = map[string]func(t testing.TB, cloud *awsfedtest.Cloud) caller{
	"awsfed": func(t testing.TB, cloud *awsfedtest.Cloud) caller {
		ts := newSource(t, cloud)
		return func() error { _, err := ts.Token(); return err }
	},
	"cloud.google.com/go/auth": func(t testing.TB, cloud *awsfedtest.Cloud) caller {
		cfg := cloud.Config()
		creds, err := externalaccount.NewCredentials(&externalaccount.Options{
			Audience:                       cfg.Audience,
			SubjectTokenType:               awsfed.AWSSubjectTokenType,
			ServiceAccountImpersonationURL: impersonationURL(cfg),
			Scopes:                         []string{awsfed.CloudPlatformScope},
			AwsSecurityCredentialsProvider: newSupplier{cfg},
			Client:                         cloud.Client(),
		})
		require.NoError(t, err)
		return func() error { _, err := creds.Token(context.Background()); return err }
	},
	"golang.org/x/oauth2": func(t testing.TB, cloud *awsfedtest.Cloud) caller {
		cfg := cloud.Config()
		ts, err := oldaccount.NewTokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, cloud.Client()), oldaccount.Config{
			Audience:                       cfg.Audience,
			SubjectTokenType:               awsfed.AWSSubjectTokenType,
			ServiceAccountImpersonationURL: impersonationURL(cfg),
			Scopes:                         []string{awsfed.CloudPlatformScope},
			AwsSecurityCredentialsSupplier: oldSupplier{cfg},
		})
		require.NoError(t, err)
		return func() error { _, err := ts.Token(); return err }
	},
}

func newSource(t testing.TB, cloud *awsfedtest.Cloud) *awsfed.TokenSource {
	t.Helper()
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	ts, err := awsfed.NewTokenSource(context.Background(), cfg)
	require.NoError(t, err)
	return ts
}

func impersonationURL(cfg awsfed.Config) string {
	return "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + cfg.ServiceAccount + ":generateAccessToken"
}

// The suppliers give Google's libraries the credentials that the AWS SDK has: what a user of theirs
// has to write.
type newSupplier struct{ cfg awsfed.Config }

func (s newSupplier) AwsRegion(context.Context, *externalaccount.RequestOptions) (string, error) {
	return s.cfg.Region, nil
}

func (s newSupplier) AwsSecurityCredentials(ctx context.Context, _ *externalaccount.RequestOptions) (*externalaccount.AwsSecurityCredentials, error) {
	c, err := s.cfg.Credentials.Retrieve(ctx)
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
}

type oldSupplier struct{ cfg awsfed.Config }

func (s oldSupplier) AwsRegion(context.Context, oldaccount.SupplierOptions) (string, error) {
	return s.cfg.Region, nil
}

func (s oldSupplier) AwsSecurityCredentials(ctx context.Context, _ oldaccount.SupplierOptions) (*oldaccount.AwsSecurityCredentials, error) {
	c, err := s.cfg.Credentials.Retrieve(ctx)
	return &oldaccount.AwsSecurityCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
}

// A result is what the callers of one outage saw.
type result struct {
	failed   int64
	recovery time.Duration // from the end of the outage to the end of the last failed call
}

// outage runs a call every interval: for phase before an outage of both of Google's services,
// during it, and for a quarter of an hour after.
func outage(call caller, cloud *awsfedtest.Cloud, phase, length, interval time.Duration) result {
	var (
		calls  sync.WaitGroup
		failed atomic.Int64
		last   atomic.Int64 // when a call failed last, since start
		start  = time.Now()
	)
	load := func(d time.Duration) {
		for range int(d / interval) {
			calls.Go(func() {
				if err := call(); err != nil {
					failed.Add(1)
					last.Store(max(last.Load(), int64(time.Since(start))))
				}
			})
			time.Sleep(interval)
		}
	}
	load(phase)
	sts := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
	iam := cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
	load(length)
	sts()
	iam()
	end := time.Since(start)
	load(15 * time.Minute)
	calls.Wait()
	return result{failed.Load(), max(0, time.Duration(last.Load())-end)}
}

func TestOutagesSideBySide(t *testing.T) {
	for length, step := range map[time.Duration]time.Duration{
		15 * time.Minute: 150 * time.Second,
		30 * time.Minute: 150 * time.Second,
		45 * time.Minute: 20 * time.Second, // closer, since the failures that are compared are drawn at random
	} {
		t.Run(length.String(), func(t *testing.T) {
			t.Parallel()
			failed, worst := make(map[string]int64), make(map[string]result)
			for name, contender := range contenders {
				if length > 30*time.Minute && name == "golang.org/x/oauth2" {
					continue // nothing is said of it
				}
				for phase := time.Duration(0); phase < time.Hour; phase += step {
					synctest.Test(t, func(t *testing.T) {
						cloud := awsfedtest.New(awsfedtest.Options{})
						call := contender(t, cloud)
						require.NoError(t, call())
						r := outage(call, cloud, phase, length, time.Second)
						failed[name] += r.failed
						worst[name] = result{max(worst[name].failed, r.failed), max(worst[name].recovery, r.recovery)}
					})
				}
			}
			for name := range failed {
				t.Logf("%-25s %6d failed calls over all phases, at most %5d in one outage, recovery within %v",
					name, failed[name], worst[name].failed, worst[name].recovery)
			}
			const ours, theirs = "awsfed", "cloud.google.com/go/auth"
			if length <= 30*time.Minute {
				assert.Zero(t, failed[ours])
				assert.Positive(t, failed["golang.org/x/oauth2"])
			}
			assert.Positive(t, failed[theirs], "else there is nothing to compare with")
			// In 180 outages of 45 minutes it is 17 % ± 1.3 % of theirs, who fail the same calls
			// each time: a quarter is more than five standard deviations off, which has a chance of
			// 1e-7 at most.
			assert.Less(t, float64(failed[ours]), 0.25*float64(failed[theirs]))
			assert.LessOrEqual(t, worst[ours].recovery, 10*time.Second, "one back-off")
		})
	}
}

// inProcess is an HTTP handler in the place of a network.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, req)
	resp := recorder.Result()
	resp.Request = req
	return resp, nil
}

func TestTheStorageClientFailsInNoOutageOfHalfAnHour(t *testing.T) {
	for _, length := range []time.Duration{30 * time.Second, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute} {
		t.Run(length.String(), func(t *testing.T) {
			t.Parallel()
			for phase := time.Duration(0); phase < time.Hour; phase += 150 * time.Second {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					call := listBuckets(t, cloud)
					require.NoError(t, call())
					r := outage(call, cloud, phase, length, 10*time.Second)
					assert.Zero(t, r.failed, fmt.Sprintf("an outage of %v that began %v into the token's life", length, phase))
				})
			}
		})
	}
}

// listBuckets is the real storage client, with Google's own caching of tokens, in front of storage
// in the process.
func listBuckets(t *testing.T, cloud *awsfedtest.Cloud) caller {
	t.Helper()
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true})
	require.NoError(t, err)
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "orders"})
	ctx := context.Background()
	transport, err := htransport.NewTransport(ctx, inProcess{cloud.Protect(fake.HTTPHandler())}, option.WithTokenSource(newSource(t, cloud)))
	require.NoError(t, err)
	client, err := storage.NewClient(ctx, option.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	return func() error {
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		_, err := client.Buckets(bounded, "my-project").Next()
		if err == iterator.Done {
			return nil
		}
		return err
	}
}
