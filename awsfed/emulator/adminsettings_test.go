package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runningAdmin is an emulator that runs in this process, with its admin API.
type runningAdmin struct {
	url, admin string   // without a slash at the end
	token      string   // that was printed; "" for none
	lines      []string // of its standard output
}

// launchAdmin runs the emulator until the test ends.
func launchAdmin(t *testing.T, args ...string) runningAdmin {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, line := io.Pipe()
	stderr := new(lockedBuffer)
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), line, stderr)
		line.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		assert.NoError(t, <-ended)
	})
	var r runningAdmin
	lines := bufio.NewScanner(stdout)
	for r.url == "" && lines.Scan() {
		r.lines = append(r.lines, lines.Text())
		what, value, _ := strings.Cut(lines.Text(), " at ")
		switch {
		case what == "emulator ready":
			r.url = value
		case what == "admin ready":
			r.admin = value
		default:
			r.token, _ = strings.CutPrefix(lines.Text(), "admin token ")
		}
	}
	require.NotEmpty(t, r.url, "no line; %s", stderr)
	require.NotEmpty(t, r.admin, "no line of the admin API; %s", stderr)
	return r
}

// order sends a request to the admin API and decodes the answer into a map.
func (r runningAdmin) order(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.admin+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	answer := make(map[string]any)
	if response.StatusCode != http.StatusNoContent {
		require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	}
	return response.StatusCode, answer
}

func TestAdminAPIChangesTheEmulatorThatRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "emulator.env")
	emulator := launchAdmin(t, "-admin", "127.0.0.1:0", "-fault", "sts-unavailable", "-source", "irsa", "-env", file)
	keys := func() int {
		response, err := http.Get(emulator.url + "/oauth2/v3/certs")
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	exchange := func() int {
		response, err := http.Post(emulator.url+"/v1/token", "text/plain", nil)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	assert.Equal(t, http.StatusServiceUnavailable, exchange(), "the fault of the command line")
	status, _ := emulator.order(t, "DELETE", "/faults", "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Equal(t, http.StatusBadRequest, exchange(), "it is undone like any other")

	_, requests := emulator.order(t, "GET", "/requests", "")
	assert.Len(t, requests["requests"], 2)

	status, answer := emulator.order(t, "PUT", "/config", `{"aws": {"accounts": [{"id": "111122223333", "roles": [{"name": "other"}]}]}}`)
	require.Equal(t, http.StatusNoContent, status, answer)
	assert.Equal(t, http.StatusOK, keys(), "the new world is served")
	_, requests = emulator.order(t, "GET", "/requests", "")
	assert.Len(t, requests["requests"], 1, "and knows nothing of the old one")
	_, config := emulator.order(t, "GET", "/config", "")
	assert.Equal(t, map[string]any{"accounts": []any{map[string]any{"id": "111122223333", "roles": []any{map[string]any{"name": "other"}}}}}, config["aws"])

	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(written), "111122223333", "clients can find it")

	status, answer = emulator.order(t, "PUT", "/config", `{"awz": {}, "google": 1}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer["error"], "awz: there is no such field")
	assert.Contains(t, answer["error"], "google: want fields")
}

func TestAdminAPIIsNotOnThePortOfTheEmulator(t *testing.T) {
	emulator := launchAdmin(t, "-admin", "localhost:0")
	for _, path := range []string{"/health", "/faults", "/config"} {
		response, err := http.Get(emulator.url + path)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
}

func TestExposedAdminAPIPrintsItsTokenOnce(t *testing.T) {
	emulator := launchAdmin(t, "-admin", "0.0.0.0:0", "-expose")
	require.NotEmpty(t, emulator.token)
	assert.Equal(t, 1, strings.Count(strings.Join(emulator.lines, "\n"), emulator.token))
	status, _ := emulator.order(t, "GET", "/faults", "")
	assert.Equal(t, http.StatusOK, status)
	emulator.token = ""
	status, _ = emulator.order(t, "GET", "/faults", "")
	assert.Equal(t, http.StatusUnauthorized, status)
}

func TestTokenOfAFileIsNotPrinted(t *testing.T) {
	const token = "correct horse battery"
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	emulator := launchAdmin(t, "-admin", "127.0.0.1:0", "-admin-token", file)
	assert.NotContains(t, strings.Join(emulator.lines, "\n"), token)
	status, _ := emulator.order(t, "GET", "/faults", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	emulator.token = token
	status, _ = emulator.order(t, "GET", "/faults", "")
	assert.Equal(t, http.StatusOK, status)
}

func TestMistakesOfTheAdminFlags(t *testing.T) {
	short, empty := filepath.Join(t.TempDir(), "short"), filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(short, []byte("secret"), 0o600))
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an address that others reach": {[]string{"-admin", "0.0.0.0:0"}, "-expose"},
		"an address without a port":    {[]string{"-admin", "127.0.0.1"}, "missing port"},
		"a token for nothing":          {[]string{"-admin-token", short}, "-admin-token without -admin"},
		"a token that can be guessed":  {[]string{"-admin", "127.0.0.1:0", "-admin-token", short}, "16 bytes"},
		"a token file that is empty":   {[]string{"-admin", "127.0.0.1:0", "-admin-token", empty}, "is empty"},
		"a token file that is missing": {[]string{"-admin", "127.0.0.1:0", "-admin-token", filepath.Join("no", "file")}, "-admin-token"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), append([]string{"-addr", "127.0.0.1:0"}, c.args...), io.Discard, io.Discard)
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}
