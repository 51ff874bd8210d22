package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// running is an emulator that runs in this process.
type running struct {
	url    string // what its line says
	addr   string // where it is
	stderr *lockedBuffer
	stop   func() error // ends it, and returns what run returned
}

// launch runs the emulator and waits for its line.
func launch(t *testing.T, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, line := io.Pipe()
	r := running{stderr: new(lockedBuffer)}
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), line, r.stderr)
		line.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan(), "no line; %s", r.stderr)
	url, ok := strings.CutPrefix(lines.Text(), "emulator ready at ")
	require.True(t, ok, lines.Text())
	r.url, r.addr, ok = strings.Cut(url, " ")
	if r.addr = strings.Trim(r.addr, "()"); !ok {
		_, r.addr, _ = strings.Cut(r.url, "://")
	}
	r.stop = sync.OnceValue(func() error {
		cancel()
		for lines.Scan() {
			t.Errorf("a second line: %q", lines.Text())
		}
		return <-ended
	})
	t.Cleanup(func() { assert.NoError(t, r.stop()) })
	return r
}

// lockedBuffer is what the emulator logs, from the goroutines of its requests.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// source sets the variables of a file of exports as a shell reads it.
func source(t *testing.T, file string) {
	t.Helper()
	// The shell starts with nothing, so what it has afterwards is the file's.
	shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", `. "$1" && env -0`, "sh", file)
	shell.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := shell.Output()
	require.NoError(t, err)
	for variable := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if name, value, _ := strings.Cut(variable, "="); name != "PATH" {
			t.Setenv(name, value)
		}
	}
}

func TestFilesLeadAClientToTheEmulator(t *testing.T) {
	for _, name := range []string{"environment", "ec2-metadata", "ecs", "eks-pod-identity", "irsa"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "it's here") // which a shell must not stumble over
			require.NoError(t, os.Mkdir(dir, 0o700))
			file, env := filepath.Join(dir, "cred.json"), filepath.Join(dir, "emulator.env")
			emulator := launch(t, "-source", name, "-credential-file", file, "-env", env)
			for _, name := range []string{file, env} {
				info, err := os.Stat(name)
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
			}

			source(t, env)
			host := strings.TrimPrefix(emulator.url, "http://")
			cfg, err := awsfed.ConfigFromEnv(&awsfed.FileOptions{TokenHosts: []string{host}, VerificationHosts: []string{host}, MetadataHosts: []string{host}})
			require.NoError(t, err)
			tokens, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			_, err = tokens.TokenContext(t.Context())
			require.NoError(t, err)

			http.DefaultClient.CloseIdleConnections()
			require.NoError(t, emulator.stop())
			assert.Equal(t, 1, strings.Count(emulator.stderr.String(), "action=generateAccessToken"), "one line a request")
		})
	}
}

func TestFaultOfTheCommandLineIsInjected(t *testing.T) {
	emulator := launch(t, "-fault", "sts-unavailable", "-fault", "iam-unavailable")
	for _, path := range []string{"/v1/token", "/v1/projects/-/serviceAccounts/a:generateAccessToken"} {
		response, err := http.Post(emulator.url+path, "text/plain", nil)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	}
}

func TestFilesAreReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cred.json")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o644))
	launch(t, "-credential-file", file)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "an old file's mode does not stay")
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing but the file")
}

func TestListOfFaults(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-list-faults"}, &out, io.Discard))
	assert.Contains(t, out.String(), "missing-binding ")
}

func TestMistakesOfTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an address that others reach": {[]string{"-addr", "0.0.0.0:0"}, "-expose"},
		"an address without a host":    {[]string{"-addr", ":0"}, "-expose"},
		"an address without a port":    {[]string{"-addr", "127.0.0.1"}, "missing port"},
		"an unknown source":            {[]string{"-source", "vault"}, "ec2-metadata"},
		"an unknown fault":             {[]string{"-fault", "gremlins"}, "-list-faults"},
		"an argument too many":         {[]string{"serve"}, `"serve"`},
		"an authority without TLS":     {[]string{"-ca-file", "ca.pem"}, "-tls"},
		"a public URL that is none":    {[]string{"-addr", "127.0.0.1:0", "-public-url", "emulator:8085"}, "public URL"},
		"a public URL without TLS":     {[]string{"-tls", "-public-url", "HTTP://emulator"}, "https alone"},
		"a directory that is not there": {
			[]string{"-addr", "127.0.0.1:0", "-credential-file", filepath.Join("no", "such", "directory", "cred.json")}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.args, io.Discard, io.Discard)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestExposeAllowsAnAddressThatOthersReach(t *testing.T) {
	emulator := launch(t, "-addr", "0.0.0.0:0", "-expose")
	assert.Contains(t, emulator.url, "http://127.0.0.1:")
}

func TestFilesNameThePublicURL(t *testing.T) {
	dir := t.TempDir()
	file, env := filepath.Join(dir, "cred.json"), filepath.Join(dir, "emulator.env")
	emulator := launch(t, "-public-url", "https://emulator.test", "-credential-file", file, "-env", env)
	assert.Equal(t, "https://emulator.test", emulator.url)
	for _, name := range []string{file, env} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Contains(t, string(text), "https://emulator.test")
		assert.NotContains(t, string(text), "127.0.0.1")
	}
}

func TestExportsNameTheProject(t *testing.T) {
	env := filepath.Join(t.TempDir(), "emulator.env")
	launch(t, "-project-id", "other-project", "-env", env)
	source(t, env)
	assert.Equal(t, "other-project", os.Getenv("GOOGLE_CLOUD_PROJECT"))
}

func TestFilesDoNotFollowLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "precious")
	require.NoError(t, os.WriteFile(elsewhere, []byte("precious"), 0o644))
	names := []string{filepath.Join(dir, "cred.json"), filepath.Join(dir, "emulator.env"), filepath.Join(dir, "irsa-token")}
	for _, name := range names {
		require.NoError(t, os.Symlink(elsewhere, name))
	}
	launch(t, "-source", "irsa", "-credential-file", names[0], "-env", names[1])
	for _, name := range names {
		info, err := os.Lstat(name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode(), "%s is a regular file, of its owner", name)
	}
	left, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(left))
}
