package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A world is a cloud of one cell's own, served on loopback, with what a client in a process of its
// own needs to find it.
type world struct {
	*awsfedtest.Cloud
	Server *awsfedtest.Server
	Proxy  *proxy
	Dir    string // for files of the client's

	// realNames: the credential file has the real names of the services, which are reached by Proxy.
	realNames bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	w := &world{Cloud: cloud, Server: server, Proxy: startProxy(t, cloud.Client().Transport), Dir: shortDir(t)}
	// So that an account may ask for ID tokens and signatures of its own.
	account := cloud.Config().ServiceAccount
	require.NoError(t, cloud.Grant(account, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+account))
	for _, host := range []string{"storage.googleapis.com", "www.googleapis.com", "bigquery.googleapis.com"} {
		cloud.Handle(host, serveGoogle(cloud))
	}
	return w
}

// shortDir is a temporary directory with room for the name of a Unix socket, which has 108 bytes.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "c")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// serveGoogle is as much of Cloud Storage and BigQuery as listing takes, for whoever has a token of
// the cloud's; and Google's public keys, which are on one of the hosts.
func serveGoogle(cloud *awsfedtest.Cloud) http.Handler {
	mux := http.NewServeMux()
	list := func(body string) http.Handler {
		return cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			_, _ = w.Write([]byte(body))
		}))
	}
	mux.Handle("GET /storage/v1/b", list(`{"kind": "storage#buckets", "items": [{"kind": "storage#bucket", "id": "acme-orders", "name": "acme-orders"}]}`))
	mux.Handle("GET /bigquery/v2/projects/{project}/datasets", list(`{"kind": "bigquery#datasetList", "datasets": [
		{"kind": "bigquery#dataset", "id": "my-project:orders", "datasetReference": {"projectId": "my-project", "datasetId": "orders"}}]}`))
	mux.Handle("/", cloud)
	return mux
}

// CredentialFile writes the external_account file that a client is given in a column.
func (w *world) CredentialFile(t *testing.T, c column) (name string, content []byte) {
	t.Helper()
	content, err := w.Server.CredentialFile()
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, json.Unmarshal(content, &file))
	if c == direct {
		delete(file, "service_account_impersonation_url")
	}
	if c != metadata { // so that nothing but the environment has credentials
		source, ok := file["credential_source"].(map[string]any)
		require.True(t, ok)
		for _, name := range []string{"url", "region_url", "imdsv2_session_token_url"} {
			delete(source, name)
		}
	}
	content, err = json.Marshal(file)
	if w.realNames {
		for path, host := range map[string]string{"/v1/token": "https://sts.", "/v1/projects": "https://iamcredentials."} {
			content = bytes.ReplaceAll(content, []byte(w.Server.URL+path), []byte(host+"googleapis.com"+path))
		}
		content = bytes.ReplaceAll(content, []byte(w.Server.URL), []byte("http://169.254.169.254"))
	}
	require.NoError(t, err)
	name = filepath.Join(w.Dir, "cred.json")
	require.NoError(t, os.WriteFile(name, content, 0o600))
	return name, content
}

// Env is the whole environment of a program: AWS credentials from source, the proxy with its
// authority for whatever is not on loopback, and a home of its own.
func (w *world) Env(t *testing.T, source awsfedtest.CredentialSource) []string {
	t.Helper()
	env, err := w.Server.Env(source, w.Dir)
	require.NoError(t, err)
	env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+w.Dir, "TMPDIR="+w.Dir, "GOOGLE_CLOUD_PROJECT=my-project",
		"NODE_EXTRA_CA_CERTS="+w.Proxy.CAFile, "REQUESTS_CA_BUNDLE="+w.Proxy.CAFile, "SSL_CERT_FILE="+w.Proxy.CAFile,
		"AWS_CA_BUNDLE="+w.Proxy.CAFile, "NO_GCE_CHECK=true", "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8")
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		env = append(env, name+"="+w.Proxy.URL, strings.ToLower(name)+"="+w.Proxy.URL)
	}
	return append(env, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
}

// run runs a program to its end, within three minutes. The error has what the program wrote.
func run(t *testing.T, env []string, program string, args ...string) (stdout string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var out, diagnostics bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &diagnostics
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s%s", filepath.Base(program), err, diagnostics.String(), out.String())
	}
	return strings.TrimSpace(out.String()), nil
}
