package awsfed_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const childMarker = "AWSFED_TEST_CHILD"

func isChild() bool { return os.Getenv(childMarker) != "" }

// inChild runs the named test, which is to ask isChild, in a process of its own with these
// variables: net/http reads the proxy once.
func inChild(t *testing.T, test string, variables ...string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	child.Env = append(os.Environ(), "NO_PROXY=", "no_proxy=", "http_proxy=", "https_proxy=", "HTTPS_PROXY=", "REQUEST_METHOD=", childMarker+"=1")
	child.Env = append(child.Env, variables...)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+test)
}

func TestAWSChainAsksOtherHostsThroughTheProxy(t *testing.T) {
	if isChild() {
		require.NoError(t, attempt(t))
		return
	}
	for _, source := range []awsfedtest.CredentialSource{awsfedtest.SourceEC2Metadata, awsfedtest.SourceIRSA} {
		t.Run(string(source), func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server := serve(t, cloud, source)
			// The emulator is the proxy: nothing else would answer for these names.
			inChild(t, "TestAWSChainAsksOtherHostsThroughTheProxy", "HTTP_PROXY="+server.URL,
				"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://metadata.example", "AWS_ENDPOINT_URL_STS=http://sts.example")
			hosts := map[string]bool{}
			for _, r := range cloud.Requests() {
				hosts[r.Host] = true
			}
			want := map[awsfedtest.CredentialSource]string{awsfedtest.SourceEC2Metadata: "metadata.example", awsfedtest.SourceIRSA: "sts.example"}[source]
			assert.Equal(t, map[string]bool{want: true}, hosts)
		})
	}
}

func TestDiagnoseTellsOfProxiesThatMetadataIsNotAskedThrough(t *testing.T) {
	if isChild() {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cfg := cloud.Config()
		cfg.Region = "" // which EC2 metadata would be asked for, if the URL did not tell it
		cfg.VerificationURL = "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
		report := diagnose(t, cfg, nil)
		findings := strings.Join(stepOf(t, report, awsfed.StageNetwork).Findings, "\n")
		if want := os.Getenv("WANT_FINDING"); want != "" {
			assert.Contains(t, findings, want)
		} else {
			assert.NotContains(t, findings, "_PROXY")
		}
		return
	}
	clearAWSEnvironment(t)
	const proxy = "HTTP_PROXY=http://proxy.example:3128"
	for name, variables := range map[string][]string{
		"over IPv4":           {proxy, "WANT_FINDING=169.254.169.254: HTTP_PROXY is set and is not used for link-local addresses"},
		"over IPv6":           {proxy, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6", "WANT_FINDING=fd00:ec2::254: HTTP_PROXY is set and is not used for unique-local addresses"},
		"at another address":  {proxy, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://169.254.1.1", "WANT_FINDING=169.254.1.1: HTTP_PROXY is set and is not used for link-local addresses"},
		"not asked at all":    {proxy, "AWS_EC2_METADATA_DISABLED=true"},
		"exempt by NO_PROXY":  {proxy, "NO_PROXY=169.254.169.254"},
		"where none is set":   {"HTTP_PROXY="},
		"on loopback, exempt": {proxy, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			inChild(t, "TestDiagnoseTellsOfProxiesThatMetadataIsNotAskedThrough", variables...)
		})
	}
}
