package awsfed_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// clearAWSEnvironment hides what the machine of the test knows of AWS.
func clearAWSEnvironment(t *testing.T) {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "none")
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "ECS_") || strings.HasPrefix(name, "KUBERNETES_") {
			t.Setenv(name, "") // restores it afterwards
			require.NoError(t, os.Unsetenv(name))
		}
	}
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
}

// writeFile writes a file of the test and gives its name.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// serve starts the cloud on loopback and leads the AWS SDK of this process there.
func serve(t *testing.T, cloud *awsfedtest.Cloud, source awsfedtest.CredentialSource) *awsfedtest.Server {
	t.Helper()
	clearAWSEnvironment(t)
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	env, err := server.Env(source, t.TempDir())
	require.NoError(t, err)
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	return server
}

// remoteSources lead the AWS SDK of this process to a server of the test, each by another client of
// the SDK's.
var remoteSources = map[string]func(t *testing.T, url string){
	"EC2 metadata": func(t *testing.T, url string) { t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url) },
	"the endpoint of a task or pod": func(t *testing.T, url string) {
		t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url+"/credentials")
		t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the pod's own")
	},
	"a web identity": func(t *testing.T, url string) {
		t.Setenv("AWS_ENDPOINT_URL_STS", url)
		t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app")
		t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", writeFile(t, "token", "the service account's own"))
	},
	"SSO": func(t *testing.T, url string) {
		const start = "https://acme.awsapps.com/start"
		home := t.TempDir()
		t.Setenv("HOME", home)
		name := sha1.Sum([]byte(start))
		cached := filepath.Join(home, ".aws", "sso", "cache", hex.EncodeToString(name[:])+".json")
		require.NoError(t, os.MkdirAll(filepath.Dir(cached), 0o700))
		require.NoError(t, os.WriteFile(cached, []byte(`{"accessToken": "the session's own", "expiresAt": "2999-01-01T00:00:00Z"}`), 0o600))
		t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", "[default]\nsso_start_url = "+start+"\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = dev\n"))
		t.Setenv("AWS_ENDPOINT_URL_SSO", url)
	},
}

// lead leads the AWS SDK of this process to handler for its credentials.
func lead(t *testing.T, source string, handler http.HandlerFunc) {
	t.Helper()
	clearAWSEnvironment(t)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	remoteSources[source](t, server.URL)
}

// attempt asks the chain of this process for credentials, once.
func attempt(t *testing.T) error {
	t.Helper()
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Logger: quiet})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = builder.SubjectToken(ctx)
	return err
}
