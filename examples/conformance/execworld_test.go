package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// zone is what clients are told by -zone.
const zone = "europe-west4-a"

// An execWorld is a world with fake-gcs-server for Cloud Storage, whose clients find a metadata
// server and nothing else: by awsfed exec, or a server of the test's own.
type execWorld struct {
	*world
	// Storage is Cloud Storage by a URL of loopback, for clients that know no proxy.
	Storage *httptest.Server

	mu      sync.Mutex
	callers []string // whose tokens Cloud Storage and BigQuery took
}

func newExecWorld(t *testing.T) *execWorld {
	t.Helper()
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true})
	require.NoError(t, err)
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "acme-orders"})
	w := &execWorld{world: newWorld(t)}
	buckets := w.Protect(w.remember(fake.HTTPHandler()))
	for _, host := range []string{"storage.googleapis.com", "www.googleapis.com"} {
		mux := http.NewServeMux()
		mux.Handle("/storage/v1/b", buckets)
		mux.Handle("/", w.Cloud) // Google's keys are on one of the hosts
		w.Handle(host, mux)
	}
	w.Storage = httptest.NewServer(buckets)
	t.Cleanup(w.Storage.Close)
	w.Handle("bigquery.googleapis.com", w.Protect(w.remember(serveGoogle(w.Cloud))))
	return w
}

// remember notes whose token it was that came with a request.
func (w *execWorld) remember(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		access, _ := awsfedtest.AccessFrom(r.Context())
		w.mu.Lock()
		w.callers = append(w.callers, access.Principal)
		w.mu.Unlock()
		next.ServeHTTP(rw, r)
	})
}

// Callers returns whose tokens were taken since the last call.
func (w *execWorld) Callers() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	callers := w.callers
	w.callers = nil
	return callers
}

// Env is the environment in which awsfed runs, and what it runs: GOOGLE_APPLICATION_CREDENTIALS
// leads to a credential file, NO_GCE_CHECK forbids the metadata server, and no variable names the
// project.
func (w *execWorld) Env(t *testing.T, source awsfedtest.CredentialSource) []string {
	t.Helper()
	file, _ := w.CredentialFile(t, serviceAccount)
	env := without(w.world.Env(t, source), "GOOGLE_CLOUD_PROJECT")
	return append(env, "GOOGLE_APPLICATION_CREDENTIALS="+file, "AWSFED_ALLOW_HOSTS="+w.Server.Addr,
		"CLOUDSDK_CONFIG="+filepath.Join(w.Dir, "gcloud"), "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE="+w.Proxy.CAFile,
		"CLOUDSDK_CORE_DISABLE_PROMPTS=1", "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true",
		"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=true", "BOTO_CONFIG="+w.botoFile(t),
		"CURL_CA_BUNDLE="+w.Proxy.CAFile, "RCLONE_CONFIG="+os.DevNull)
}

// without takes variables out of an environment.
func without(env []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(names, name)
	})
}

// botoFile is gsutil's configuration. It has no credentials.
func (w *execWorld) botoFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(w.Dir, "boto")
	require.NoError(t, os.WriteFile(name, []byte("[Boto]\nca_certificates_file = "+w.Proxy.CAFile+"\nnum_retries = 1\n"+
		"[GSUtil]\nstate_dir = "+w.Dir+"\nsoftware_update_check_period = 0\n"), 0o600))
	return name
}

// A runner runs a program of a client, where it finds a metadata server.
type runner func(program string, args ...string) (stdout string, err error)

// exec runs programs as users do, by awsfed exec, with its flags.
func (w *execWorld) exec(t *testing.T, env []string, flags ...string) runner {
	t.Helper()
	awsfed := built.program(t, "awsfed")
	return func(program string, args ...string) (string, error) {
		line := append(append([]string{"exec"}, flags...), "--", program)
		return run(t, env, awsfed, append(line, args...)...)
	}
}
