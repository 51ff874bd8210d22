package conformance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// inSDK is a file of the Google Cloud SDK, which has a Python of its own and Google's library for it.
// Without the SDK there is no such file.
func inSDK(name string) string {
	gcloud, err := exec.LookPath("gcloud")
	if err != nil {
		return filepath.Join("no-google-cloud-sdk", name)
	}
	if target, err := filepath.EvalSymlinks(gcloud); err == nil {
		gcloud = target
	}
	return filepath.Join(filepath.Dir(filepath.Dir(gcloud)), name)
}

func sdkPython() string  { return inSDK("platform/bundledpythonunix/bin/python3") }
func sdkLibrary() string { return inSDK("lib/third_party") }

func pythonClients() []client {
	all := []client{pythonClient("Python, google-auth of the Google Cloud SDK", sdkPython(), sdkLibrary())}
	if checkout := os.Getenv("AWSFED_PYTHON_CHECKOUT"); checkout != "" {
		local := pythonClient("Python, a checkout of google-auth", sdkPython(), checkout+string(filepath.ListSeparator)+sdkLibrary())
		local.local = true
		all = append(all, local)
	}
	return all
}

func pythonClient(name, python, path string) client {
	env := []string{"PYTHONPATH=" + path}
	return client{
		name: name, missing: lacking(python),
		version: func(t *testing.T) string {
			t.Helper()
			out, err := run(t, env, python, "-c", "import google.auth; print(google.auth.__version__)")
			require.NoError(t, err)
			return out
		},
		refuses: noTaskCredentials("Unable to determine"),
		try: func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error) {
			file, _ := w.CredentialFile(t, c)
			env := append(w.Env(t, source), append(env, "GOOGLE_APPLICATION_CREDENTIALS="+file, w.asked(t, c, 0))...)
			out, err := run(t, env, python, "client.py")
			return parse(t, out, err)
		},
	}
}

// pythonVersion is that of a package of the machine's own Python.
func pythonVersion(name string) (string, error) {
	out, err := exec.Command("python3", "-c", "import "+name+"; print("+name+".__version__)").Output()
	return strings.TrimSpace(string(out)), err
}
