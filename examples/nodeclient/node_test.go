// Package nodeclient_test runs google-auth-library, Google's library for Node.js,
// against the emulator.
package nodeclient_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestNodeClientGetsAServiceAccountToken(t *testing.T) {
	for _, source := range []awsfedtest.CredentialSource{awsfedtest.SourceEnvironment, awsfedtest.SourceEC2Metadata} {
		t.Run("with credentials from "+string(source), func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			out, err := runNode(t, cloud, source)
			require.NoError(t, err)
			assert.Equal(t, "acme-orders\n", out)
			assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
			assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
		})
	}
}

func TestNodeClientIsRefusedWithoutABinding(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	missing, _ := awsfedtest.FaultByName("missing-binding")
	missing.Inject(cloud)
	out, err := runNode(t, cloud, awsfedtest.SourceEnvironment)
	require.Error(t, err)
	assert.ErrorContains(t, err, "Permission 'iam.serviceAccounts.getAccessToken' denied")
	assert.Empty(t, out)
}

// runNode runs main.mjs in the world of cloud, with a storage that lets in only the
// service account. The error has what Node.js printed about it.
func runNode(t *testing.T, cloud *awsfedtest.Cloud, source awsfedtest.CredentialSource) (stdout string, err error) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js is not installed")
	}
	if _, err := os.Stat("node_modules/google-auth-library"); err != nil {
		t.Skip("google-auth-library is not installed: run npm ci --prefix examples/nodeclient")
	}
	server, err := cloud.Start()
	require.NoError(t, err)
	defer server.Close()
	storage := httptest.NewServer(cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"items": [{"name": "acme-orders"}]}`))
	})))
	defer storage.Close()
	file, err := server.CredentialFile()
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "cred.json")
	require.NoError(t, os.WriteFile(name, file, 0o600))
	env, err := server.Env(source, t.TempDir())
	require.NoError(t, err)

	var out, diagnostics bytes.Buffer
	cmd := exec.CommandContext(t.Context(), node, "main.mjs")
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir(),
		"GOOGLE_APPLICATION_CREDENTIALS="+name, "GOOGLE_CLOUD_PROJECT=my-project", "STORAGE_URL="+storage.URL)
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, diagnostics.String())
	}
	return out.String(), nil
}
