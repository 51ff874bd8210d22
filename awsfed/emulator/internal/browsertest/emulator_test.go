package browsertest_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// emulator is the program, in a process of its own.
type emulator struct {
	url, admin string // without a slash at the end
}

// launch builds the program and runs it until the test ends, and leads this process to it.
func launch(t *testing.T) emulator {
	t.Helper()
	dir := t.TempDir()
	program, env, file := filepath.Join(dir, "emulator"), filepath.Join(dir, "emulator.env"), filepath.Join(dir, "cred.json")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", output)

	command := exec.CommandContext(t.Context(), program, "-addr", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-env", env, "-credential-file", file)
	command.Stderr = t.Output()
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	})
	var e emulator
	lines := bufio.NewScanner(stdout)
	for e.url == "" && lines.Scan() {
		switch what, value, _ := strings.Cut(lines.Text(), " at "); what {
		case "emulator ready":
			e.url = value
		case "admin ready":
			e.admin = value
		}
	}
	require.NotEmpty(t, e.url)
	require.NotEmpty(t, e.admin)

	exports, err := os.ReadFile(env)
	require.NoError(t, err)
	for _, variable := range regexp.MustCompile(`(?m)^(?:unset (\w+)|export (\w+)='(.*)')$`).FindAllStringSubmatch(string(exports), -1) {
		t.Setenv(variable[1]+variable[2], variable[3])
	}
	return e
}

// askForToken is a client that asks for the token of the service account, once.
func (e emulator) askForToken(t *testing.T) error {
	t.Helper()
	host := []string{strings.TrimPrefix(e.url, "http://")}
	cfg, err := awsfed.ConfigFromEnv(&awsfed.FileOptions{TokenHosts: host, VerificationHosts: host, MetadataHosts: host})
	require.NoError(t, err)
	tokens, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = tokens.TokenContext(t.Context())
	return err
}

// order sends a request to the admin API and decodes the answer, if into is not nil.
func (e emulator) order(t *testing.T, method, path, body string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, e.admin+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Less(t, response.StatusCode, 300, "%s %s", method, path)
	if into != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(into))
	}
}

// requests is what the admin API says of all requests, each by its fields.
func (e emulator) requests(t *testing.T) []map[string]any {
	t.Helper()
	var list struct{ Requests []map[string]any }
	e.order(t, http.MethodGet, "/requests", "", &list)
	return list.Requests
}
