package conformance_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// startServe runs awsfed serve on a port that is free, until the test ends.
func startServe(t *testing.T, env []string, flags ...string) (addr string) {
	t.Helper()
	cmd := exec.Command(built.program(t, "awsfed"), append([]string{"serve", "-port", "0", "-log", "json"}, flags...)...)
	cmd.Env = env
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(log)
	ended := make(chan struct{})
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		<-ended
		assert.NoError(t, cmd.Wait())
	})
	listens := make(chan string, 2)
	go func() {
		defer close(ended)
		defer close(listens)
		for lines.Scan() {
			var line struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Address != "" && len(listens) < cap(listens) {
				listens <- line.Address
			}
		}
	}()
	for address := range listens {
		if strings.HasPrefix(address, "127.0.0.1:") {
			return address
		}
	}
	require.Fail(t, "awsfed serve does not listen")
	return ""
}

// A token of Google's lives for an hour, and the server outlasts an outage of half of that: 30
// minutes. Here all is 100 times as fast, for the tokens live for 36 seconds and the outage lasts
// for 18. It begins 3 seconds after the first token and spans the time, from the 14th to the 18th
// second, in which that would be replaced.
//
// Only the client is no faster and asks every second, each time of the server, which has nobody to
// ask, and Cloud Storage judges what it got. The token is good for 15 seconds more when the outage
// ends, so that a slow machine fails no test.
func TestAPythonClientOfServeNoticesNoOutageOfHalfAnHour(t *testing.T) {
	t.Parallel()
	if what, _ := lacking(sdkPython())(); what != "" {
		t.Skip(what)
	}
	w := newExecWorld(t)
	env := w.Env(t, awsfedtest.SourceEnvironment)
	addr := startServe(t, env, "-lifetime", "36s")

	client := exec.Command(sdkPython(), "metadataclient/steady.py")
	client.Env = append(without(env, "GOOGLE_APPLICATION_CREDENTIALS", "NO_GCE_CHECK"), "PYTHONPATH="+sdkLibrary(),
		"GCE_METADATA_HOST="+addr, "GCE_METADATA_IP="+addr, "GCE_METADATA_ROOT="+addr, "GCE_METADATA_MTLS_MODE=none")
	client.Stderr = os.Stderr
	stdin, err := client.StdinPipe()
	require.NoError(t, err)
	stdout, err := client.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, client.Start())
	lines := bufio.NewScanner(stdout)
	asks := func(times int) { // each after a second
		t.Helper()
		for range times {
			if !assert.True(t, lines.Scan(), "the client ended") {
				return
			}
			assert.Equal(t, "ok", lines.Text())
		}
	}
	asks(3)
	before := w.refreshes()
	endSTS := w.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
	endIAM := w.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
	asks(18)
	during := w.refreshes()
	endSTS()
	endIAM()
	asks(2)
	assert.NoError(t, stdin.Close())
	_, err = io.Copy(io.Discard, stdout)
	assert.NoError(t, err)
	assert.NoError(t, client.Wait())

	assert.Equal(t, 1, before.succeeded, "more than the first token")
	assert.Equal(t, before.succeeded, during.succeeded, "there was no outage")
	assert.Positive(t, during.failed, "no refresh was due, so nothing was outlasted")
	assert.Empty(t, w.Proxy.Stray())
}

// refreshCount says how often a token of the service account was asked for.
type refreshCount struct{ succeeded, failed int }

func (w *execWorld) refreshes() (count refreshCount) {
	for _, r := range w.Requests() {
		switch {
		case r.Endpoint != awsfedtest.IAMCredentials && r.Endpoint != awsfedtest.GoogleSTS:
		case r.Status == http.StatusServiceUnavailable:
			count.failed++
		case r.Action == "generateAccessToken" && r.Status == http.StatusOK:
			count.succeeded++
		}
	}
	return count
}

// wait_for_change, as Google's Go client has it: with tokens that live for 4 seconds the server
// gets another one after 2.
func TestSubscribeOfTheGoClientIsToldOfTheNextToken(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t)
	run := w.exec(t, w.Env(t, awsfedtest.SourceEnvironment), "-lifetime", "4s")
	got, err := printed(t)(run(built.program(t, "metadataclient"), "subscribe", audience))
	require.NoError(t, err)
	assert.NotEmpty(t, got.Values["first"])
	assert.NotEmpty(t, got.Values["second"])
	assert.NotEqual(t, got.Values["first"], got.Values["second"])
}
