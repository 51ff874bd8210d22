package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func checkHealth(t *testing.T, args ...string) error {
	return run(t.Context(), append([]string{"health"}, args...), io.Discard, io.Discard)
}

func TestHealthTellsWhetherTheEmulatorIsThere(t *testing.T) {
	emulator := launch(t, "-fault", "sts-unavailable")
	require.NoError(t, checkHealth(t, "-url", emulator.url))
	require.NoError(t, checkHealth(t, "-url", emulator.url+"/"))
	assert.NotContains(t, emulator.stderr.String(), "healthz", "a check every minute is not worth a line")
	require.NoError(t, emulator.stop())
	require.ErrorContains(t, checkHealth(t, "-url", emulator.url), "refused")
}

func TestHealthTrustsTheAuthorityFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	emulator := launch(t, "-tls", "-ca-file", file)
	require.NoError(t, checkHealth(t, "-url", emulator.url, "-ca-file", file))
	require.ErrorContains(t, checkHealth(t, "-url", emulator.url), "certificate")
}

func TestHealthFails(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"at a server of another kind":          {[]string{"-url", other.URL}, "404"},
		"without an authority file":            {[]string{"-ca-file", filepath.Join("no", "such", "file")}, "no such file"},
		"with an authority file that is none":  {[]string{"-ca-file", "main.go"}, "no certificate"},
		"with an argument too many":            {[]string{"now"}, `"now"`},
		"with a URL that is none":              {[]string{"-url", "127.0.0.1:8085"}, "first path segment"},
		"with a scheme that it does not speak": {[]string{"-url", "ftp://127.0.0.1"}, "unsupported protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, checkHealth(t, c.args...), c.want)
		})
	}
}
