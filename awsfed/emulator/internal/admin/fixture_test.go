package admin_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
)

// memoryWorld takes every configuration that says so.
type memoryWorld struct {
	mu    sync.Mutex
	data  []byte
	cloud *awsfedtest.Cloud
}

func newWorld(config string) *memoryWorld {
	return &memoryWorld{data: []byte(config), cloud: awsfedtest.New(awsfedtest.Options{})}
}

func (w *memoryWorld) Config() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.data
}

func (w *memoryWorld) Replace(data []byte) error {
	if !strings.Contains(string(data), "good") {
		return errors.New("roles[0].name: it is empty")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.data, w.cloud = data, awsfedtest.New(awsfedtest.Options{})
	return nil
}

func (w *memoryWorld) Cloud() *awsfedtest.Cloud {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cloud
}

// start serves world until the test ends.
func start(t *testing.T, options admin.Options) *admin.Server {
	t.Helper()
	if options.Addr == "" {
		options.Addr = "127.0.0.1:0"
	}
	server, err := admin.Start(options)
	require.NoError(t, err)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, server.Close())
	})
	return server
}

// call sends a request with a body of JSON, if any, and header changes as NAME, VALUE pairs.
func call(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if method == http.MethodPost || method == http.MethodPut {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(answer)
}

// decode is call for an answer in JSON, of that status.
func decode(t *testing.T, status int, into any, method, url, body string) {
	t.Helper()
	response, answer := call(t, method, url, body)
	require.Equal(t, status, response.StatusCode, answer)
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	require.NoError(t, json.Unmarshal([]byte(answer), into), answer)
}

// ask makes the emulated clouds answer one request.
func ask(t *testing.T, cloud *awsfedtest.Cloud) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://www.googleapis.com/oauth2/v3/certs", nil)
	require.NoError(t, err)
	r.Header.Set("User-Agent", `<script>alert("client")</script>`)
	response, err := cloud.Client().Do(r)
	require.NoError(t, err)
	response.Body.Close()
}
