package metadataserver_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// abuseRefusals are a request for each reason, with a word that no log line may have.
func abuseRefusals() map[string]func(*http.Request) {
	return map[string]func(*http.Request){
		"host":      func(r *http.Request) { r.Host = "marker.example" },
		"peer":      func(r *http.Request) { r.RemoteAddr = "127.0.0.2:1024" },
		"forwarded": func(r *http.Request) { r.Header.Set("X-Forwarded-For", "marker") },
		"flavor":    func(r *http.Request) { r.Header.Set("Metadata-Flavor", "marker") },
		"method":    func(r *http.Request) { r.Method = "MARKER" },
	}
}

// abuseLogged is a handler for which a peer at 127.0.0.2 is one of another user, and its log.
func abuseLogged(t *testing.T) (*metadataserver.Handler, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	h := abuseHandler(t, &metadataserver.Options{Logger: slog.New(slog.NewJSONHandler(log, nil))})
	h.LookUpUsers(func(_, remote net.Addr) (uint32, error) {
		uid := uint32(os.Getuid())
		if remote.(*net.TCPAddr).IP.Equal(net.IPv4(127, 0, 0, 2)) {
			uid++
		}
		return uid, nil
	})
	return h, log
}

func abuseMarked(change func(*http.Request)) *http.Request {
	r := abuseArrived("127.0.0.1:8988", "127.0.0.1:1024", "127.0.0.1:8988")
	r.URL.Path, r.URL.RawQuery = abuseKeys+"marker", "marker"
	r.Header.Set("User-Agent", "marker")
	change(r)
	return r
}

func TestRefusalsAreWarnedOfOnceAMinuteForEachReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, log := abuseLogged(t)
		warnings := func(reason string) int {
			return strings.Count(log.String(), `"level":"WARN","msg":"awsfed: a request to the metadata server was refused","reason":"`+reason+`"`)
		}
		for minute := range 3 {
			for range 20 { // at 0, 3, … 57 seconds
				for reason, change := range abuseRefusals() {
					assert.NotEqual(t, http.StatusOK, abuseStatus(h, abuseMarked(change)))
					assert.Equal(t, minute+1, warnings(reason), reason)
				}
				time.Sleep(3 * time.Second)
			}
		}
		assert.NotContains(t, strings.ToLower(log.String()), "marker")
		assert.Equal(t, 3*len(abuseRefusals()), strings.Count(log.String(), "\n"), "nothing else is logged")
		for reason := range abuseRefusals() {
			assert.Equal(t, 60, abuseMetric(t, h, `awsfed_metadata_refused_total{reason="`+reason+`"}`), reason)
		}
	})
}

func TestRefusalsAtOnceAreWarnedOfOnce(t *testing.T) {
	h, log := abuseLogged(t)
	var requests sync.WaitGroup
	for range 100 {
		requests.Go(func() { abuseStatus(h, abuseMarked(abuseRefusals()["host"])) })
	}
	requests.Wait()
	assert.Equal(t, 1, strings.Count(log.String(), "\n"))
	assert.Equal(t, 100, abuseMetric(t, h, `awsfed_metadata_refused_total{reason="host"}`))
}

func TestRequestsThatAreAnsweredAreNotWarnedOf(t *testing.T) {
	h, log := abuseLogged(t)
	for _, path := range []string{"/", abuseToken, abuseKeys + "marker", "/computeMetadata"} {
		r := abuseArrived("127.0.0.1:8988", "127.0.0.1:1024", "127.0.0.1:8988")
		r.URL.Path = path
		abuseStatus(h, r)
	}
	assert.Empty(t, log.String())
}

// A map of label values that requests choose would grow without end.
func TestMetricsHaveNoMoreLinesThanThereAreRoutesAndStatuses(t *testing.T) {
	h, _ := abuseLogged(t)
	lines := func() int {
		var b bytes.Buffer
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		require.NoError(t, err)
		h.Metrics().ServeHTTP(abuseBody{&b}, r)
		assert.NotContains(t, b.String(), "marker")
		return strings.Count(b.String(), "\n")
	}
	ask := func(i int) {
		for _, change := range abuseRefusals() {
			abuseStatus(h, abuseMarked(change))
		}
		r := abuseMarked(func(*http.Request) {})
		r.URL.Path += strings.Repeat("x", i)
		abuseStatus(h, r)
	}
	ask(0)
	before := lines()
	for i := range 100 {
		ask(i)
	}
	assert.Equal(t, before, lines())
}

// An abuseBody keeps the body of an answer alone.
type abuseBody struct{ *bytes.Buffer }

func (abuseBody) Header() http.Header { return http.Header{} }
func (abuseBody) WriteHeader(int)     {}

// An abuseLog is written to by other goroutines too.
type abuseLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *abuseLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *abuseLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestNoLogLineOfARefusedRequestHasAToken(t *testing.T) {
	var log abuseLog
	cfg := awsfedtest.New(awsfedtest.Options{}).Config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := metadataserver.New(t.Context(), cfg, &metadataserver.Options{AllowAnyUID: true})
	require.NoError(t, err)
	require.NoError(t, h.Warm(t.Context()))
	for _, change := range abuseRefusals() {
		abuseStatus(h, abuseMarked(change))
	}
	assert.Contains(t, log.String(), "was refused")
	assert.NotContains(t, log.String(), "ya29.")
	assert.NotContains(t, log.String(), "marker")
}
