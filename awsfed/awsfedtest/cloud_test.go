package awsfedtest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// fetch gets a new Google token by cfg, with the library itself as the client.
func fetch(ctx context.Context, cfg awsfed.Config) (*oauth2.Token, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	source, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return source.TokenContext(ctx)
}

func TestCloudOfAnyOptionsGivesTokens(t *testing.T) {
	for name, c := range map[string]struct {
		options awsfedtest.Options
		host    string // of the AWS STS that Google asks
	}{
		"the default one":      {awsfedtest.Options{}, "sts.us-east-1.amazonaws.com"},
		"one in Europe":        {awsfedtest.Options{Region: "eu-west-1"}, "sts.eu-west-1.amazonaws.com"},
		"one in China":         {awsfedtest.Options{Region: "cn-northwest-1"}, "sts.cn-northwest-1.amazonaws.com.cn"},
		"one for a government": {awsfedtest.Options{Partition: "aws-us-gov"}, "sts.us-gov-west-1.amazonaws.com"},
		"one of another owner": {awsfedtest.Options{
			Account: "210987654321", Role: "batch", ProjectNumber: "123456789", ProjectID: "other",
			Pool: "their-pool", Provider: "their-provider", ServiceAccount: "batch@other.iam.gserviceaccount.com",
		}, "sts.us-east-1.amazonaws.com"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(c.options)
				cfg := cloud.Config()
				token, err := fetch(t.Context(), cfg)
				require.NoError(t, err)

				access, err := cloud.Check(token.AccessToken)
				require.NoError(t, err)
				assert.Equal(t, cfg.ServiceAccount, access.Principal)

				var replayed []string
				for _, r := range cloud.Requests() {
					if r.Replayed {
						replayed = append(replayed, r.Host)
					}
				}
				assert.Equal(t, []string{c.host}, replayed)
			})
		})
	}
}

func TestCloudRequestsTellTheWholeTokenFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		cloud := awsfedtest.New(awsfedtest.Options{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		token, err := fetch(t.Context(), cloud.Config())
		require.NoError(t, err)

		var flow []string
		for _, r := range cloud.Requests() {
			assert.Equal(t, time.Now(), r.Time)
			flow = append(flow, strings.Join(strings.Fields(fmt.Sprint(r.Method, " ", r.Host, " ", r.Path, " ", r.Action, " ", r.Status, " ", r.Replayed)), " "))
		}
		assert.Equal(t, []string{
			"PUT 169.254.169.254 /latest/api/token 200 false",
			"GET 169.254.169.254 /latest/meta-data/iam/security-credentials/ 200 false",
			"GET 169.254.169.254 /latest/meta-data/iam/security-credentials/app 200 false",
			"POST sts.googleapis.com /v1/token ExchangeToken 200 false",
			"POST sts.us-east-1.amazonaws.com / GetCallerIdentity 200 true",
			"POST iamcredentials.googleapis.com /v1/projects/-/serviceAccounts/aws-app@my-project.iam.gserviceaccount.com:generateAccessToken generateAccessToken 200 false",
		}, flow)
		for endpoint, want := range map[awsfedtest.Endpoint]int{
			awsfedtest.EC2Metadata: 3, awsfedtest.GoogleSTS: 1, awsfedtest.AWSSTS: 1, awsfedtest.IAMCredentials: 1, awsfedtest.GoogleKeys: 0,
		} {
			assert.Equal(t, want, cloud.Count(endpoint), endpoint)
		}
		assert.Equal(t, len(flow), strings.Count(lines.String(), "\n"), "one line a request")

		keys, err := cloud.Config().Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		for _, secret := range []string{token.AccessToken, keys.SecretAccessKey, keys.SessionToken, "Signature", "ya29"} {
			assert.NotContains(t, lines.String(), secret)
			assert.NotContains(t, fmt.Sprintf("%+v", cloud.Requests()), secret)
		}

		cloud.ResetRequests()
		assert.Empty(t, cloud.Requests())
		assert.Zero(t, cloud.Count(awsfedtest.EC2Metadata))
	})
}

func TestCloudRequestsRememberTheLastTenThousandAndCountAll(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	client := cloud.Client()
	for i := range 10_002 {
		response, err := client.Get(fmt.Sprintf("http://169.254.169.254/latest/%d", i))
		require.NoError(t, err)
		response.Body.Close()
	}
	requests := cloud.Requests()
	require.Len(t, requests, 10_000)
	assert.Equal(t, "/latest/2", requests[0].Path)
	assert.Equal(t, "/latest/10001", requests[9_999].Path)
	assert.Equal(t, 10_002, cloud.Count(awsfedtest.EC2Metadata))
}

func TestActionIsNeverAClientsSecret(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	response, err := cloud.Client().Get("https://sts.amazonaws.com/?Action=AKIA0123456789%2Fsecret")
	require.NoError(t, err)
	response.Body.Close()
	assert.Empty(t, cloud.Requests()[0].Action)
}

func TestActionOfAFormIsKnown(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	form := strings.NewReader("Version=2011-06-15&Action=AssumeRole")
	response, err := cloud.Client().Post("https://sts.amazonaws.com/", "application/x-www-form-urlencoded", form)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, "AssumeRole", cloud.Requests()[0].Action)
}

func TestClientReachesNothingElse(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	for _, url := range []string{"https://example.com/v1/token", "http://127.0.0.1/v2/token", "https://s3.amazonaws.com/"} {
		body := &closing{Reader: strings.NewReader("subject_token=secret")}
		_, err := cloud.Client().Post(url, "text/plain", body)
		require.ErrorContains(t, err, "nothing leaves it", url)
		assert.True(t, body.closed, "a RoundTripper closes the body also when it fails")
	}
	assert.Empty(t, cloud.Requests())
}

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestClientKeepsToTheContract(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	body := &closing{Reader: strings.NewReader("grant_type=none")}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sts.googleapis.com/v1/token", body)
	require.NoError(t, err)
	r.Header.Set("X-Kept", "  as it is  ")
	before := r.Header.Clone()

	response, err := cloud.Client().Transport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Same(t, r, response.Request)
	assert.Equal(t, before, r.Header, "the request is the caller's")
	assert.Zero(t, r.ContentLength)
	assert.True(t, body.closed)
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, response.ContentLength, int64(len(answer)))
	assert.Equal(t, "400 Bad Request", response.Status)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = cloud.Client().Transport.RoundTrip(r.WithContext(ctx))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS), "a request that has ended is not sent")
}

func TestClientRefusesAnEndlessBody(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	_, err := cloud.Client().Post("https://sts.googleapis.com/v1/token", "text/plain", io.LimitReader(zeros{}, 1<<30))
	var tooLarge *http.MaxBytesError
	require.ErrorAs(t, err, &tooLarge)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestCloudSetClockMovesBothClouds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		client := cloud.Client()
		client.CheckRedirect = stay
		for _, offset := range []time.Duration{0, 3 * time.Hour, -20 * time.Minute} {
			cloud.SetClock(offset)
			want := time.Now().Add(offset)
			assert.Equal(t, want, cloud.Now())
			for _, url := range []string{
				"https://sts.amazonaws.com/", "http://169.254.169.254/latest/", "http://169.254.170.2/", keysURL,
				"https://sts.googleapis.com/v1/token", "https://iamcredentials.googleapis.com/v1/",
				"https://oauth2.googleapis.com/token",
			} {
				response, _, err := get(t.Context(), client, url)
				require.NoError(t, err)
				assert.Equal(t, want.UTC().Format(http.TimeFormat), response.Header.Get("Date"), url)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestReplayIsBlindToClientsAndStruckByFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		// A redirect is an answer like any other: Google's STS does not follow it.
		cloud.Inject(awsfedtest.Status(awsfedtest.AWSSTS, http.StatusTemporaryRedirect, http.Header{"Location": {"https://sts.us-east-1.amazonaws.com/elsewhere"}}, "").Times(1))
		_, err := fetch(t.Context(), cloud.Config())
		require.Error(t, err)
		var replays []int
		for _, r := range cloud.Requests() {
			if r.Endpoint == awsfedtest.AWSSTS {
				assert.True(t, r.Replayed)
				assert.Equal(t, "/", r.Path)
				replays = append(replays, r.Status)
			}
		}
		assert.Equal(t, http.StatusTemporaryRedirect, replays[0])
	})
}

func TestCloudBearsManyAtOnce(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	cloud := awsfedtest.New(awsfedtest.Options{})
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for range 8 {
				if _, err := fetch(t.Context(), cloud.Config()); err != nil {
					t.Errorf("goroutine %d: %v", i, err)
				}
				remove := cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, time.Microsecond).Times(3))
				cloud.SetClock(time.Duration(i) * time.Second)
				_ = cloud.Requests()
				_ = cloud.Count(awsfedtest.GoogleSTS)
				remove()
			}
		})
	}
	group.Wait()
	assert.Equal(t, 128, cloud.Count(awsfedtest.IAMCredentials))
}
