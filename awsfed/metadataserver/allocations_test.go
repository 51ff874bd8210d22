package metadataserver_test

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// A reusedWriter takes answers without an allocation of its own.
type reusedWriter struct {
	header http.Header
	status int
}

func (w *reusedWriter) Header() http.Header               { return w.header }
func (w *reusedWriter) WriteHeader(status int)            { w.status = status }
func (w *reusedWriter) Write(b []byte) (int, error)       { return len(b), nil }
func (w *reusedWriter) WriteString(s string) (int, error) { return len(s), nil }

// requests are what one connection of the server asks, and how many allocations each may take: what
// was measured, and four more.
func requests() map[string]struct {
	target string
	most   float64
} {
	return map[string]struct {
		target string
		most   float64
	}{
		"a token":             {tokenKey, 6 + 4},
		"a token with scopes": {tokenKey + "?scopes=" + scope, 18 + 4},
		"an ID token":         {identityKey + "?audience=" + ofRun, 7 + 4},
		"a value":             {project, 3 + 4},
		"a refusal":           {"/favicon.ico", 12 + 4},
	}
}

// answering gives what answers a request for target again and again, on one connection.
func answering(t testing.TB, h *metadataserver.Handler, target string) (answer func(), w *reusedWriter) {
	server, client := net.Pipe()
	t.Cleanup(func() { assert.NoError(t, server.Close()); assert.NoError(t, client.Close()) })
	w = &reusedWriter{header: http.Header{}}
	r := requestFor(t.Context(), http.MethodGet, target)
	r = r.WithContext(h.NewServer().ConnContext(r.Context(), pipeEnd{server}))
	return func() { clear(w.header); h.ServeHTTP(w, r) }, w
}

func TestARequestTakesFewAllocations(t *testing.T) {
	h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
	for name, request := range requests() {
		t.Run(name, func(t *testing.T) {
			answer, w := answering(t, h, request.target)
			answer()
			got := testing.AllocsPerRun(1000, answer)
			t.Logf("%.0f allocations", got)
			assert.LessOrEqual(t, got, request.most)
			assert.Contains(t, []int{http.StatusOK, http.StatusNotFound}, w.status)
		})
	}
}

func TestAnswersShareTheirHeadersUnharmed(t *testing.T) {
	h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
	require.NoError(t, h.Warm(t.Context()))
	for range 2 { // what is around a handler may add to headers
		w := &reusedWriter{header: http.Header{}}
		h.ServeHTTP(w, requestFor(t.Context(), http.MethodGet, project))
		for name, values := range w.header {
			assert.Len(t, values, 1, name)
			w.header[name] = append(values, "more")
		}
		assert.Equal(t, []string{"10", "more"}, w.header["Content-Length"])
	}
}

func BenchmarkRequests(b *testing.B) {
	h := handlerOf(b, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
	for name, request := range requests() {
		b.Run(name, func(b *testing.B) {
			answer, _ := answering(b, h, request.target)
			answer()
			b.ReportAllocs()
			for b.Loop() {
				answer()
			}
		})
	}
}

var _ io.StringWriter = (*reusedWriter)(nil)
