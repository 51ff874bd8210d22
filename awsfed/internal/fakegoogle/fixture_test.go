package fakegoogle_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// testCloud is Google with an AWS behind it, a network in the process and a clock that can be set.
type testCloud struct {
	AWS    *fakeaws.Cloud
	Google *fakegoogle.Cloud

	aws  http.Handler // whom Google asks in the place of AWS STS; nil for nobody
	skew time.Duration
}

// newCloud makes the default provider, role and service account, with the mapping and condition of
// opts.
func newCloud(opts fakegoogle.Options) *testCloud { return newCloudWith(opts, "aws") }

func newCloudIn(partition string) *testCloud {
	return newCloudWith(fakegoogle.Options{}, partition)
}

func newCloudWith(opts fakegoogle.Options, partition string) *testCloud {
	c := new(testCloud)
	c.AWS = fakeaws.New(fakeaws.Options{Partition: partition, Now: c.Now})
	c.aws = http.HandlerFunc(c.AWS.ServeSTS)
	opts.Provider = principal.Provider{ProjectNumber: "912480652101", Pool: "my-aws-pool", ID: "my-aws-provider"}
	opts.ProjectID, opts.Universe = "my-project", "apis-tpc.goog"
	opts.ServiceAccount = appEmail
	opts.Account = c.AWS.Account()
	opts.RoleARN = "arn:" + partition + ":sts::" + c.AWS.Account() + ":assumed-role/app"
	opts.Now = c.Now
	opts.Replay = func(r *http.Request) *http.Response {
		if c.aws == nil {
			return nil
		}
		response, err := inprocess.Transport{Handler: c.aws}.RoundTrip(r)
		if err != nil {
			return nil
		}
		return response
	}
	opts.OwnHost = func(host string) bool { return fakeaws.Hostname(host) == "127.0.0.1" }
	opts.STSRegion = fakeaws.STSRegion
	c.Google = fakegoogle.New(opts)
	return c
}

func (c *testCloud) Now() time.Time { return time.Now().Add(c.skew) }

func (c *testCloud) SetClock(offset time.Duration) { c.skew = offset }

func (c *testCloud) Client() *http.Client {
	return &http.Client{Transport: inprocess.Transport{Handler: c}}
}

// ServeHTTP lets the service of Google's answer that the host names.
func (c *testCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch host, _, _ := strings.Cut(r.Host, "."); host {
	case "sts":
		c.Google.ServeSTS(w, r)
	case "iamcredentials":
		c.Google.ServeIAMCredentials(w, r)
	case "cloudresourcemanager":
		c.Google.ServeResourceManager(w, r)
	case "oauth2", "openidconnect", "127":
		c.Google.ServeOAuth(w, r)
	default:
		c.Google.ServeKeys(w, r)
	}
}

// status answers with a status and a body.
func status(code int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}

// signedTo returns a POST that the AWS SDK signed for AWS STS.
func signedTo(t testing.TB, to, region string, keys aws.Credentials, at time.Time, change ...func(*http.Request)) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, nil)
	require.NoError(t, err)
	for _, f := range change {
		f(r)
	}
	const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no body
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), keys, r, emptyHash, "sts", region, at))
	return r
}
