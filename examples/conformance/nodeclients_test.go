package conformance_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// lacking returns what a client needs that is not there: programs, by name or path, and then files.
func lacking(program string, files ...string) func() (string, bool) {
	return func() (string, bool) {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed", false
		}
		for _, file := range files {
			if _, err := os.Stat(file); err != nil {
				return file + " is not there", true
			}
		}
		return "", true
	}
}

// parse reads what a program of this directory printed.
func parse(t *testing.T, out string, err error) (result, error) {
	t.Helper()
	if err != nil {
		return result{}, err
	}
	var got result
	require.NoError(t, json.Unmarshal([]byte(out), &got), out)
	return got, nil
}

// nodeClients are the major versions of google-auth-library that are in use.
func nodeClients() []client {
	var all []client
	for _, major := range []int{8, 9, 10, 11} {
		directory := "node" + strconv.Itoa(major)
		module := filepath.Join(directory, "node_modules", "google-auth-library", "package.json")
		all = append(all, client{
			name:    "Node.js, google-auth-library " + strconv.Itoa(major),
			missing: lacking("node", module),
			version: packageVersion(module),
			refuses: noTaskCredentials("Unable to determine AWS"),
			try: func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error) {
				file, _ := w.CredentialFile(t, c)
				env := append(w.Env(t, source), "GOOGLE_APPLICATION_CREDENTIALS="+file, w.asked(t, c, major))
				out, err := run(t, env, "node", "client.mjs", directory)
				return parse(t, out, err)
			},
		})
	}
	return all
}

// packageVersion reads the version in an installed package.json.
func packageVersion(name string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var fields struct {
			Version string `json:"version"`
		}
		require.NoError(t, json.Unmarshal(text, &fields))
		return fields.Version
	}
}
