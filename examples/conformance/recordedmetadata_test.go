package conformance_test

import (
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// A recordedMetadata is the metadata server in the test's process, which keeps what it was asked.
type recordedMetadata struct {
	Addr string

	mu     sync.Mutex
	asked  map[string]bool
	broken []string // answered with 5xx
}

func recordMetadata(t *testing.T, w *execWorld) *recordedMetadata {
	t.Helper()
	cfg := w.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	handler, err := metadataserver.New(t.Context(), cfg, &metadataserver.Options{Zone: zone})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m := &recordedMetadata{Addr: listener.Addr().String(), asked: make(map[string]bool)}
	server := handler.NewServer()
	server.Handler = m.record(server.Handler, cfg.ServiceAccount)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		assert.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return m
}

func (m *recordedMetadata) record(next http.Handler, account string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		answered := &statusWriter{ResponseWriter: rw}
		next.ServeHTTP(answered, r)
		key := strings.ReplaceAll(strings.TrimPrefix(r.URL.Path, "/computeMetadata/v1/"), account, "EMAIL")
		if query := slices.Sorted(maps.Keys(r.URL.Query())); len(query) > 0 {
			key += "?" + strings.Join(query, "&")
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if answered.status >= http.StatusInternalServerError {
			m.broken = append(m.broken, key)
		}
		if answered.status != http.StatusOK {
			key += " (" + strings.ToLower(http.StatusText(answered.status)) + ")"
		}
		m.asked[key] = true
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Asked returns the keys that were asked for, each once, with the names of their parameters.
func (m *recordedMetadata) Asked() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.asked))
}

// Broken returns the keys that were answered with a status of 5xx.
func (m *recordedMetadata) Broken() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.broken)
}

// runner runs programs in the environment that awsfed exec makes, but for the server's address.
func (m *recordedMetadata) runner(t *testing.T, w *execWorld, env []string) runner {
	t.Helper()
	out, err := w.exec(t, env)("env", "-0")
	require.NoError(t, err)
	entries := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	i := slices.IndexFunc(entries, func(entry string) bool { return strings.HasPrefix(entry, "GCE_METADATA_HOST=") })
	require.GreaterOrEqual(t, i, 0, "awsfed exec names no server")
	server := strings.TrimPrefix(entries[i], "GCE_METADATA_HOST=")
	for i, entry := range entries {
		entries[i] = strings.ReplaceAll(entry, server, m.Addr)
	}
	return func(program string, args ...string) (string, error) { return run(t, entries, program, args...) }
}
