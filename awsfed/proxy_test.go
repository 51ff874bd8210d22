package awsfed_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const childMarker = "AWSFED_TEST_CHILD"

func isChild() bool { return os.Getenv(childMarker) != "" }

// inChild runs the named test, which is to ask isChild, in a process of its own with these
// variables: net/http reads the proxy once, and some tests end their process.
func inChild(t *testing.T, test string, variables ...string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v", "-test.timeout=20s")
	child.Env = append(os.Environ(), "NO_PROXY=", "no_proxy=", "http_proxy=", "https_proxy=", "HTTPS_PROXY=", "REQUEST_METHOD=", childMarker+"=1")
	child.Env = append(child.Env, variables...)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%.3000s", out)
	require.Contains(t, string(out), "--- PASS: "+test)
}

func TestNoProxySeesMetadataAddresses(t *testing.T) {
	if isChild() {
		_ = attempt(t) // The proxy tells what it saw.
		return
	}
	for name, variables := range map[string][]string{
		"EC2 metadata":           nil,
		"EC2 metadata over IPv6": {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6"},
		"ECS":                    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/container/ecs/app", "AWS_CONTAINER_AUTHORIZATION_TOKEN=of-the-task"},
		"EKS Pod Identity":       {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN=of-the-pod"},
	} {
		t.Run(name, func(t *testing.T) {
			clearAWSEnvironment(t)
			cloud := awsfedtest.New(awsfedtest.Options{})
			var (
				mu   sync.Mutex
				seen []string // in clear text
			)
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				seen = append(seen, strings.TrimSpace(r.Method+" http://"+r.Host+r.URL.Path+
					" "+r.Header.Get("X-Aws-Ec2-Metadata-Token")+r.Header.Get("Authorization")))
				mu.Unlock()
				cloud.ServeHTTP(w, r)
			}))
			defer proxy.Close()
			inChild(t, "TestNoProxySeesMetadataAddresses", append(variables, "HTTP_PROXY="+proxy.URL)...)
			mu.Lock()
			defer mu.Unlock()
			assert.Empty(t, seen, "the proxy sees a session token, a role's keys or a token of a task or pod")
		})
	}
}

func TestADiagnosisTellsOfProxiesThatMetadataIsNotAskedThrough(t *testing.T) {
	if isChild() {
		cfg := awsfedtest.New(awsfedtest.Options{}).Config()
		cfg.Region = "" // which EC2 metadata would be asked for, if the URL did not tell it
		cfg.VerificationURL = "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
		findings := strings.Join(stepOf(t, diagnose(t, cfg), "network").Findings, "\n")
		assert.Contains(t, findings, os.Getenv("WANT_FINDING"))
		return
	}
	clearAWSEnvironment(t)
	const proxy = "HTTP_PROXY=http://proxy.example:3128"
	for name, variables := range map[string][]string{
		"over IPv4": {proxy, "WANT_FINDING=169.254.169.254: HTTP_PROXY is set and is not used for link-local addresses"},
		"over IPv6": {proxy, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6", "WANT_FINDING=fd00:ec2::254: HTTP_PROXY is set and is not used for unique-local addresses"},
	} {
		t.Run(name, func(t *testing.T) {
			inChild(t, "TestADiagnosisTellsOfProxiesThatMetadataIsNotAskedThrough", variables...)
		})
	}
}
