package awshttp_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"testing"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
)

// inEnvironment runs the test that calls it in a process of its own with these variables, since
// net/http reads its proxy once. It reports whether this is that process.
func inEnvironment(t *testing.T, variables ...string) bool {
	t.Helper()
	const marker = "AWSHTTP_TEST_CHILD"
	if os.Getenv(marker) != "" {
		return true
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), "NO_PROXY=", "no_proxy=", "http_proxy=", "https_proxy=", "REQUEST_METHOD=", marker+"=1")
	child.Env = append(child.Env, variables...)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
	return false
}

func request(t *testing.T, raw string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, raw, nil)
	require.NoError(t, err)
	return req
}

// direct are the URLs that no proxy may see, with what BypassedProxy says of them.
var direct = map[string]struct{ variable, kind string }{
	"http://169.254.169.254/latest/api/token":            {"HTTP_PROXY", "link-local"},
	"http://169.254.169.254:8080/":                       {"HTTP_PROXY", "link-local"},
	"https://169.254.169.254/":                           {"HTTPS_PROXY", "link-local"},
	"http://169.254.170.2/v2/credentials/1":              {"HTTP_PROXY", "link-local"},
	"http://169.254.170.23/v1/credentials":               {"HTTP_PROXY", "link-local"},
	"http://[::ffff:169.254.169.254]/":                   {"HTTP_PROXY", "link-local"},
	"http://[fe80::1%25eth0]/":                           {"HTTP_PROXY", "link-local"},
	"http://[fd00:ec2::254]/latest/api/token":            {"HTTP_PROXY", "unique-local"},
	"http://[fd00:ec2::23]/v1/credentials":               {"HTTP_PROXY", "unique-local"},
	"http://[fc00::1]/":                                  {"HTTP_PROXY", "unique-local"},
	"http://127.0.0.1:1338/latest/api/token":             {},
	"http://127.9.9.9/":                                  {},
	"http://[::1]:51679/v2/credentials":                  {},
	"http://localhost:51679/v2/credentials":              {},
	"http://LOCALHOST./":                                 {"HTTP_PROXY", "loopback"}, // the standard library's rule misses it
	"https://localhost:8443/credentials?one=two#nothing": {},
}

// proxied are the URLs for which the variables count.
var proxied = map[string]string{
	"https://sts.us-east-1.amazonaws.com/":       "secure.example:3128",
	"https://portal.sso.eu-west-1.amazonaws.com": "secure.example:3128",
	"http://metadata.example/latest/":            "plain.example:3128",
	"http://10.0.0.1/":                           "plain.example:3128",
	"http://169.253.0.1/":                        "plain.example:3128",
	"http://169.254.169.254.example/":            "plain.example:3128",
	"http://[2001:db8::1]/":                      "plain.example:3128",
	"http://localhost.example/":                  "plain.example:3128",
}

func TestNoProxySeesMetadataAddresses(t *testing.T) {
	if !inEnvironment(t, "HTTP_PROXY=http://plain.example:3128", "HTTPS_PROXY=http://secure.example:3128") {
		return
	}
	for name, client := range map[string]*sdkhttp.BuildableClient{"of the SDK": awshttp.NewClient(), "of the endpoint": awshttp.NewEndpointClient()} {
		proxy := client.GetTransport().Proxy
		for raw := range direct {
			through, err := proxy(request(t, raw))
			assert.NoError(t, err, raw)
			assert.Nil(t, through, "%s, %s", name, raw)
		}
		for raw, want := range proxied {
			if name == "of the endpoint" && raw[:5] == "http:" {
				continue // see TestAnEndpointInClearTextIsNotAskedThroughAProxy
			}
			through, err := proxy(request(t, raw))
			require.NoError(t, err, raw)
			if assert.NotNil(t, through, "%s, %s", name, raw) {
				assert.Equal(t, want, through.Host, raw)
			}
		}
	}
}

// The SDK has resolved the name, and found the address of ECS, of EKS or of this machine.
func TestAnEndpointInClearTextIsNotAskedThroughAProxy(t *testing.T) {
	if !inEnvironment(t, "HTTP_PROXY=http://plain.example:3128", "HTTPS_PROXY=http://secure.example:3128") {
		return
	}
	through, err := awshttp.NewEndpointClient().GetTransport().Proxy(request(t, "http://agent.example/v1/credentials"))
	assert.NoError(t, err)
	assert.Nil(t, through)
}

func TestProxiesThatAreNotUsedAreTold(t *testing.T) {
	if !inEnvironment(t, "HTTP_PROXY=http://plain.example:3128", "HTTPS_PROXY=http://secure.example:3128") {
		return
	}
	for raw, want := range direct {
		variable, kind := awshttp.BypassedProxy(request(t, raw).URL)
		assert.Equal(t, want.variable, variable, raw)
		if want.variable != "" {
			assert.Equal(t, want.kind, kind, raw)
		}
	}
	for raw := range proxied {
		variable, _ := awshttp.BypassedProxy(request(t, raw).URL)
		assert.Empty(t, variable, raw)
	}
}

func TestWithoutAProxyThereIsNothingToTell(t *testing.T) {
	for _, environment := range [][]string{{"HTTP_PROXY=", "HTTPS_PROXY="}, {"HTTP_PROXY=http://plain.example:3128", "NO_PROXY=169.254.0.0/16"}} {
		if inEnvironment(t, environment...) {
			variable, kind := awshttp.BypassedProxy(&url.URL{Scheme: "http", Host: "169.254.169.254"})
			assert.Empty(t, variable+kind)
			return
		}
	}
}

func TestAClientOfTheSDKBoundsItsRequests(t *testing.T) {
	for name, client := range map[string]*sdkhttp.BuildableClient{"of the SDK": awshttp.NewClient(), "of the endpoint": awshttp.NewEndpointClient()} {
		assert.Positive(t, client.GetTimeout(), name)
		assert.EqualValues(t, 64<<10, client.GetTransport().MaxResponseHeaderBytes, name)
	}
}

func TestARedirectIsRefusedBeforeAnythingIsSent(t *testing.T) {
	req := request(t, "http://169.254.169.254/").WithContext(context.Background())
	req.Response = &http.Response{StatusCode: http.StatusTemporaryRedirect}
	for _, client := range []*sdkhttp.BuildableClient{awshttp.NewClient(), awshttp.NewEndpointClient()} {
		_, err := client.Do(req)
		var redirect *awshttp.RedirectError
		require.ErrorAs(t, err, &redirect)
		assert.Equal(t, http.StatusTemporaryRedirect, redirect.StatusCode)
		assert.False(t, redirect.RetryableError())
	}
}
