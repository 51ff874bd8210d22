package awsfedtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// start serves a cloud until the test ends, and then asserts that nothing of it is left. The client
// keeps no connections.
func start(t *testing.T, cloud *awsfedtest.Cloud) (*awsfedtest.Server, *http.Client) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		goleak.VerifyNone(t, before)
	})
	return server, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: stay}
}

// stay keeps a client where it is: AWS STS answers a stranger with a redirect to its advertisement.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// childConfig tells this program, run again, to be a client: it holds the awsfed.Config of a server
// as JSON.
const childConfig = "AWSFEDTEST_CHILD_CONFIG"

func TestServerEnvLeadsAnUnmodifiedClient(t *testing.T) {
	for _, source := range awsfedtest.CredentialSources() {
		t.Run(string(source), func(t *testing.T) {
			t.Parallel()
			cloud := awsfedtest.New(awsfedtest.Options{})
			server, err := cloud.Start()
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, server.Close()) })
			env, err := server.Env(source, t.TempDir())
			require.NoError(t, err)
			cfg := server.Config()
			asJSON, err := json.Marshal(map[string]string{
				"Audience": cfg.Audience, "ServiceAccount": cfg.ServiceAccount, "TokenURL": cfg.TokenURL,
				"IAMCredentialsEndpoint": cfg.IAMCredentialsEndpoint,
			})
			require.NoError(t, err)

			// In a process of its own, since net/http reads HTTP_PROXY once. The variables of a
			// machine's own must lose against the emulator's.
			client := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServerEnvChild$")
			client.Env = append(os.Environ(), "AWS_PROFILE=mine", "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=AKIAMINE",
				"AWS_SECRET_ACCESS_KEY=mine", "NO_PROXY=*", childConfig+"="+string(asJSON))
			client.Env = append(client.Env, env...)
			out, err := client.CombinedOutput()
			require.NoError(t, err, "%s", out)

			assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
			asked := map[awsfedtest.CredentialSource]awsfedtest.Endpoint{
				awsfedtest.SourceEC2Metadata: awsfedtest.EC2Metadata, awsfedtest.SourceECS: awsfedtest.ContainerCredentials,
				awsfedtest.SourceECSRelative: awsfedtest.ContainerCredentials, awsfedtest.SourceEKSPodIdentity: awsfedtest.ContainerCredentials,
			}[source]
			for _, endpoint := range []awsfedtest.Endpoint{awsfedtest.EC2Metadata, awsfedtest.ContainerCredentials} {
				assert.Equal(t, endpoint == asked, cloud.Count(endpoint) > 0, endpoint)
			}
			assumed := 0
			for _, r := range cloud.Requests() {
				if r.Action == "AssumeRoleWithWebIdentity" {
					assumed++
				}
			}
			assert.Equal(t, source == awsfedtest.SourceIRSA, assumed > 0)
		})
	}
}

func TestServerEnvChild(t *testing.T) {
	encoded := os.Getenv(childConfig)
	if encoded == "" {
		t.Skip("is the client of TestServerEnvLeadsAnUnmodifiedClient")
	}
	var cfg awsfed.Config
	require.NoError(t, json.Unmarshal([]byte(encoded), &cfg))
	if os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" {
		// The SDK as it is goes to 169.254.170.2 through HTTP_PROXY. The chain of awsfed does not.
		loaded, err := config.LoadDefaultConfig(t.Context())
		require.NoError(t, err)
		cfg.Credentials = loaded.Credentials
	}
	_, err := fetch(t.Context(), cfg)
	require.NoError(t, err)
}

func TestServerEnvRefusesAnUnknownSource(t *testing.T) {
	server, _ := start(t, awsfedtest.New(awsfedtest.Options{}))
	_, err := server.Env("vault", t.TempDir())
	require.ErrorContains(t, err, `"vault"`)
}

func TestServerEnvWritesTokensForTheirOwnerAlone(t *testing.T) {
	server, _ := start(t, awsfedtest.New(awsfedtest.Options{}))
	for _, source := range []awsfedtest.CredentialSource{awsfedtest.SourceEKSPodIdentity, awsfedtest.SourceIRSA} {
		env, err := server.Env(source, t.TempDir())
		require.NoError(t, err)
		found := false
		for _, variable := range env {
			name, value, _ := strings.Cut(variable, "=")
			if strings.HasSuffix(name, "TOKEN_FILE") && value != "" {
				info, err := os.Stat(value)
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
				found = true
			}
		}
		assert.True(t, found, source)
	}
}

func TestServerCredentialFileLeadsToIt(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{Region: "cn-north-1"})
	server, _ := start(t, cloud)
	file, err := server.CredentialFile()
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(file, &got))
	assert.Equal(t, map[string]any{
		"universe_domain":                   "googleapis.com",
		"type":                              "external_account",
		"audience":                          "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider",
		"subject_token_type":                "urn:ietf:params:aws:token-type:aws4_request",
		"token_url":                         server.URL + "/v1/token",
		"service_account_impersonation_url": server.URL + "/v1/projects/-/serviceAccounts/aws-app@my-project.iam.gserviceaccount.com:generateAccessToken",
		"credential_source": map[string]any{
			"environment_id":                 "aws1",
			"region_url":                     server.URL + "/latest/meta-data/placement/availability-zone",
			"url":                            server.URL + "/latest/meta-data/iam/security-credentials",
			"imdsv2_session_token_url":       server.URL + "/latest/api/token",
			"regional_cred_verification_url": "https://sts.{region}.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15",
		},
	}, got)
	assert.Contains(t, string(file), "&Version", "a reader that only cuts strings finds the query whole")
}

func TestServerAnswersForRealHostsToo(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, client := start(t, cloud)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/latest/meta-data/placement/region", nil)
	require.NoError(t, err)
	r.Host = "sts.us-east-1.amazonaws.com" // the host counts before the path
	response, err := client.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, awsfedtest.AWSSTS, cloud.Requests()[0].Endpoint)
}

func TestServerKnowsNoOtherPath(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, client := start(t, cloud)
	response, _, err := get(t.Context(), client, server.URL+"/favicon.ico")
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	require.Len(t, cloud.Requests(), 1)
	assert.Empty(t, cloud.Requests()[0].Endpoint)
}

func TestServerURL(t *testing.T) {
	for addr, host := range map[string]string{
		"127.0.0.1:0": "127.0.0.1", "localhost:0": "localhost", ":0": "127.0.0.1", "0.0.0.0:0": "127.0.0.1",
	} {
		server, err := awsfedtest.New(awsfedtest.Options{}).StartAt(addr)
		require.NoError(t, err)
		u, err := url.Parse(server.URL)
		require.NoError(t, err)
		assert.Equal(t, host, u.Hostname(), addr)
		assert.NotEqual(t, "0", u.Port())
		require.NoError(t, server.Close())
	}
}

func TestServerStartAtSaysWhatFails(t *testing.T) {
	server, _ := start(t, awsfedtest.New(awsfedtest.Options{}))
	_, err := awsfedtest.New(awsfedtest.Options{}).StartAt(strings.TrimPrefix(server.URL, "http://"))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
}

func TestServerFaultsOnTheWire(t *testing.T) {
	keys := awsfedtest.GoogleKeys
	for name, c := range map[string]struct {
		fault awsfedtest.Fault
		want  error
	}{
		"a reset is a reset":                       {awsfedtest.Reset(keys), syscall.ECONNRESET},
		"a truncated answer ends within the body":  {awsfedtest.Truncate(keys), io.ErrUnexpectedEOF},
		"a drop lasts until the client leaves":     {awsfedtest.Drop(keys), context.DeadlineExceeded},
		"a delay may outlast the client":           {awsfedtest.Delay(keys, time.Hour), context.DeadlineExceeded},
		"a latency may outlast the client":         {awsfedtest.Latency(keys, time.Hour), context.DeadlineExceeded},
		"an answer in the service's place is seen": {awsfedtest.Unavailable(keys), nil},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server, client := start(t, cloud)
			cloud.Inject(c.fault)
			ctx := t.Context()
			if c.want == context.DeadlineExceeded {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
				defer cancel()
			}
			response, _, err := get(ctx, client, server.URL+"/oauth2/v3/certs")
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		})
	}
}

func TestServerCloseBreaksWhatIsHeldAndFreesThePort(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	arrived := make(chan struct{})
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleKeys))
	server, err := cloud.Start()
	require.NoError(t, err)
	cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleKeys, 0).When(func(awsfedtest.Request) bool { close(arrived); return true }))

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	broken := make(chan error)
	go func() {
		_, _, err := get(context.Background(), client, server.URL+"/oauth2/v3/certs")
		broken <- err
	}()
	<-arrived
	require.NoError(t, server.Close())
	require.NoError(t, server.Close(), "twice is no harm")
	require.ErrorIs(t, <-broken, io.EOF)

	listener, err := net.Listen("tcp", strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err, "the port is free")
	require.NoError(t, listener.Close())
}

func TestServerRefusesAnEndlessBody(t *testing.T) {
	server, client := start(t, awsfedtest.New(awsfedtest.Options{}))
	response, err := client.Post(server.URL+"/v1/token", "text/plain", io.LimitReader(zeros{}, 16<<20+1))
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}

func TestServersOfOneCloudServeManyClientsEach(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	var asked atomic.Int64
	for i := range 3 {
		server, client := start(t, cloud)
		t.Run(fmt.Sprintf("server %d", i), func(t *testing.T) {
			for i := range 8 {
				t.Run(fmt.Sprintf("client %d", i), func(t *testing.T) {
					t.Parallel()
					asked.Add(1)
					response, _, err := get(t.Context(), client, server.URL+"/oauth2/v3/certs")
					require.NoError(t, err)
					assert.Equal(t, http.StatusOK, response.StatusCode)
				})
			}
		})
	}
	assert.EqualValues(t, asked.Load(), cloud.Count(awsfedtest.GoogleKeys))
}

func TestServerItselfMayBeTheVerificationURL(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, _ := start(t, cloud)
	cfg := cloud.Config()
	cfg.Region = "eu-central-1" // a server stands for every region
	cfg.VerificationURL = server.URL + "?Action=GetCallerIdentity&Version=2011-06-15"
	_, err := fetch(t.Context(), cfg)
	require.NoError(t, err)
	replayed := cloud.Requests()[4]
	assert.True(t, replayed.Replayed)
	assert.Equal(t, strings.TrimPrefix(server.URL, "http://"), replayed.Host)
}
