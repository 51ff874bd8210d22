package commandtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A Workload is a place to run commands in: an AWS identity in the environment of the test, and
// clouds on a port of loopback that know it.
type Workload struct {
	Cloud *awsfedtest.Cloud
	// Server serves the Cloud until the test ends.
	Server *awsfedtest.Server
	// File is the path of a credential file that leads to the Server.
	File string
}

// Start starts the clouds and sets the environment, with AWS keys in variables. That of awsfed and
// of Google's programs is empty then: no variable names the File.
func Start(t *testing.T) Workload {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	directory := t.TempDir()
	environment, err := server.Env(awsfedtest.SourceEnvironment, directory)
	require.NoError(t, err)
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	ClearEnvironment(t)
	content, err := server.CredentialFile()
	require.NoError(t, err)
	// The diagnosis asks that URL itself.
	content = bytes.Replace(content, []byte("https://sts.{region}.amazonaws.com"), []byte(server.URL), 1)
	file := filepath.Join(directory, "credentials.json")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return Workload{Cloud: cloud, Server: server, File: file}
}

// Flags are those that lead a command to the clouds, with others behind them.
func (w Workload) Flags(others ...string) []string {
	return append([]string{"-credentials", w.File, "-allow-hosts", w.Server.Addr}, others...)
}

// ClearEnvironment makes every variable empty that says where a configuration is.
func ClearEnvironment(t *testing.T) {
	t.Helper()
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "")
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWSFED_") {
			t.Setenv(name, "")
		}
	}
}
