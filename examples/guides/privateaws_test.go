package guides_test

import (
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const interfaceEndpoint = "https://vpce-0123456789abcdef0-example.sts.eu-central-1.vpce.amazonaws.com"

// awsConfig is what the AWS SDK finds on this network, with keys of a role that may assume app.
func (n *network) awsConfig(t *testing.T) aws.Config {
	t.Helper()
	withoutAWS(t)
	_, err := n.cloud.AddRole(awsfedtest.Role{Name: "base"})
	require.NoError(t, err)
	_, err = n.cloud.AddRole(awsfedtest.Role{Name: "app", Trusts: []string{"123456789012"}})
	require.NoError(t, err)
	keys, err := n.cloud.AddSession("base", "base", time.Hour)
	require.NoError(t, err)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ENDPOINT_URL_STS", interfaceEndpoint)
	transport := n.transport()
	t.Cleanup(transport.CloseIdleConnections)
	loaded, err := config.LoadDefaultConfig(t.Context(), config.WithCredentialsProvider(fixedCredentials(keys)), config.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	return loaded
}

func TestAnInterfaceEndpointIsForAssumeRoleAndNotForGoogle(t *testing.T) {
	n := newNetwork(t)
	awsConfig := n.awsConfig(t)
	cfg := n.config(t)
	// [assume-role]
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(awsConfig), "arn:aws:iam::123456789012:role/app")
	cfg.Credentials = aws.NewCredentialsCache(provider)
	// [end]
	cfg.Region = "eu-central-1"
	n.gets(t, cfg)
	assert.Equal(t, []string{"iamcredentials.googleapis.com:443", "sts.googleapis.com:443", "vpce-0123456789abcdef0-example.sts.eu-central-1.vpce.amazonaws.com:443"}, n.reached())
	for _, r := range n.cloud.Requests() {
		if r.Endpoint == awsfedtest.AWSSTS && r.Replayed {
			assert.Equal(t, "sts.eu-central-1.amazonaws.com", r.Host, "Google is told AWS's own name")
		}
	}
}

func TestAnInterfaceEndpointIsForGetWebIdentityToken(t *testing.T) {
	n := newNetwork(t)
	awsConfig := n.awsConfig(t)
	n.cloud.EnableOutboundIdentity()
	cfg := n.config(t)
	cfg.Subject = awsfed.Subject{WebIdentity: &awsfed.WebIdentityOptions{Client: sts.NewFromConfig(awsConfig)}}
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	_, err = builder.SubjectToken(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"vpce-0123456789abcdef0-example.sts.eu-central-1.vpce.amazonaws.com:443"}, n.reached())
}

func TestWithPrivateDNSTheNameOfAWSStaysAndItsAddressIsTheEndpoints(t *testing.T) {
	n := newNetwork(t)
	n.names["sts.eu-central-1.amazonaws.com"] = "10.0.3.7"
	awsConfig := n.awsConfig(t)
	require.NoError(t, os.Unsetenv("AWS_ENDPOINT_URL_STS"))
	awsConfig.BaseEndpoint = nil
	cfg := n.config(t)
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(awsConfig), "arn:aws:iam::123456789012:role/app"))
	n.gets(t, cfg)
	assert.Contains(t, n.reached(), "10.0.3.7:443")
}

func TestVariablesAloneLeadThroughAProxyAndTrustItsAuthority(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE is not for this system")
	}
	const child = "GUIDES_TEST_CHILD"
	if os.Getenv(child) != "" {
		_, err := newTokens(t.Context())
		require.NoError(t, err)
		return
	}
	n := newNetwork(t)
	proxy := n.startProxy(t)
	withoutAWS(t)
	keys, err := n.cloud.AddSession("app", "session", time.Hour)
	require.NoError(t, err)
	// net/http reads the proxy once in a process, and crypto/x509 the authorities.
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), child+"=1", "NO_PROXY=", "no_proxy=", "http_proxy=", "https_proxy=", "HTTP_PROXY="+proxy, "HTTPS_PROXY="+proxy,
		"SSL_CERT_FILE="+writtenFile(t, "acme-ca.pem", string(n.root)), "SSL_CERT_DIR="+t.TempDir(),
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID="+keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey, "AWS_SESSION_TOKEN="+keys.SessionToken)
	said, err := command.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "--- PASS: "+t.Name())
	assert.Equal(t, []string{"iamcredentials.googleapis.com:443", "sts.googleapis.com:443"}, n.reached())
}
