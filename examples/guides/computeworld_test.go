package guides_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// pageWorld is the clouds whose names the page has: the AWS role app, which may become the service
// account aws-app.
func pageWorld() awsfedtest.Options {
	return awsfedtest.Options{Region: "eu-central-1", Pool: "aws-pool", Provider: "prod"}
}

// onAWS makes this process one that runs on AWS: the AWS SDK finds the credentials of a source at
// the server, on loopback, and Google's names lead to the cloud and nowhere else. So the code of
// the page runs as it stands.
func onAWS(t *testing.T, cloud *awsfedtest.Cloud, source awsfedtest.CredentialSource) *awsfedtest.Server {
	t.Helper()
	withoutAWS(t)
	server := withCredentials(t, cloud, source)
	home := t.TempDir() // has no shared files of AWS
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // of Windows
	t.Setenv("AWS_CONFIG_FILE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	googleAt(t, cloud.Client().Transport)
	return server
}

// googleAt replaces the transport of this process's HTTP clients.
func googleAt(t *testing.T, transport http.RoundTripper) {
	t.Helper()
	usual := http.DefaultTransport
	http.DefaultTransport = transport
	t.Cleanup(func() { http.DefaultTransport = usual })
}

// withoutAWS hides what the machine of the test knows of AWS and of GitHub.
func withoutAWS(t *testing.T) {
	t.Helper()
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		for _, prefix := range []string{"AWS_", "ECS_", "KUBERNETES_", "ACTIONS_"} {
			if strings.HasPrefix(name, prefix) {
				t.Setenv(name, "") // restores it afterwards
				require.NoError(t, os.Unsetenv(name))
			}
		}
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
}

// writtenFile writes a file of the test and gives its name.
func writtenFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// silent is a logger for failures that a test brings about.
func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// quietLog is silent for code that logs as a program does.
func quietLog(t *testing.T) {
	t.Helper()
	usual := slog.Default()
	slog.SetDefault(silent())
	t.Cleanup(func() { slog.SetDefault(usual) })
}

// fixedCredentials is a provider of these keys.
func fixedCredentials(c aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}
