package metadataserver_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

func metricsOf(t testing.TB, h *metadataserver.Handler) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	h.Metrics().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, recorder.Code)
	require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", recorder.Header().Get("Content-Type"))
	require.Equal(t, strconv.Itoa(recorder.Body.Len()), recorder.Header().Get("Content-Length"))
	return recorder.Body.String()
}

func TestMetricsCountWhatWasAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{})
		for range 3 {
			get(t, h, tokenKey)
		}
		get(t, h, identityKey)
		get(t, h, identityKey+"?audience=x")
		get(t, h, "/")
		get(t, h, v1+"/instance")
		get(t, h, v1+"/instance/")
		get(t, h, project)
		get(t, h, v1+"/project/secret-of-the-path")
		get(t, h, "/healthz")
		h.ServeHTTP(httptest.NewRecorder(), requestFor(t.Context(), http.MethodPost, tokenKey))
		forwarded := requestFor(t.Context(), http.MethodGet, tokenKey)
		forwarded.Header.Set("X-Forwarded-For", "192.0.2.1")
		h.ServeHTTP(httptest.NewRecorder(), forwarded)
		time.Sleep(10 * time.Second) // the events of refreshes come by themselves

		const want = `# HELP awsfed_metadata_requests_total Requests that were answered, refused ones among them.
# TYPE awsfed_metadata_requests_total counter
awsfed_metadata_requests_total{route="root",code="200"} 1
awsfed_metadata_requests_total{route="directory",code="200"} 1
awsfed_metadata_requests_total{route="directory",code="301"} 1
awsfed_metadata_requests_total{route="value",code="200"} 1
awsfed_metadata_requests_total{route="token",code="200"} 3
awsfed_metadata_requests_total{route="identity",code="200"} 1
awsfed_metadata_requests_total{route="identity",code="400"} 1
awsfed_metadata_requests_total{route="health",code="200"} 1
awsfed_metadata_requests_total{route="unknown",code="403"} 1
awsfed_metadata_requests_total{route="unknown",code="404"} 1
awsfed_metadata_requests_total{route="unknown",code="405"} 1
# HELP awsfed_metadata_refused_total Requests that were refused for what they came with.
# TYPE awsfed_metadata_refused_total counter
awsfed_metadata_refused_total{reason="host"} 0
awsfed_metadata_refused_total{reason="peer"} 0
awsfed_metadata_refused_total{reason="forwarded"} 1
awsfed_metadata_refused_total{reason="flavor"} 0
awsfed_metadata_refused_total{reason="method"} 1
# HELP awsfed_token_expires_in_seconds What is left of the default account's token; 0 for none.
# TYPE awsfed_token_expires_in_seconds gauge
awsfed_token_expires_in_seconds 3590
# HELP awsfed_token_refresh_failing 1 while the default account's token cannot be replaced.
# TYPE awsfed_token_refresh_failing gauge
awsfed_token_refresh_failing 0
# HELP awsfed_token_refreshes_total Attempts to get a new token.
# TYPE awsfed_token_refreshes_total counter
awsfed_token_refreshes_total{kind="federated-token",result="ok"} 1
awsfed_token_refreshes_total{kind="id-token",result="ok"} 1
awsfed_token_refreshes_total{kind="service-account-token",result="ok"} 1
`
		assert.Equal(t, want, metricsOf(t, h))
		time.Sleep(3 * time.Hour)
		cloud.Wait()
	})
}

func TestMetricsTellOfAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		var told atomic.Int64 // each of its sources calls it
		h := handlerOf(t, cloud, metadataserver.Options{}, func(cfg *awsfed.Config) { cfg.OnRefresh = func(awsfed.RefreshEvent) { told.Add(1) } })
		before := metricsOf(t, h)
		assert.Contains(t, before, "\nawsfed_token_expires_in_seconds 0\n")
		assert.Contains(t, before, "\nawsfed_token_refresh_failing 0\n")
		undo := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		get(t, h, tokenKey)
		during := metricsOf(t, h)
		assert.Contains(t, during, "\nawsfed_token_expires_in_seconds 0\n")
		assert.Contains(t, during, "\nawsfed_token_refresh_failing 1\n")
		assert.Regexp(t, `awsfed_token_refreshes_total{kind="federated-token",result="failed"} [1-9]`, during)
		assert.Contains(t, during, `awsfed_metadata_requests_total{route="token",code="503"} 1`)
		undo()
		time.Sleep(10 * time.Second)
		get(t, h, tokenKey)
		assert.Contains(t, metricsOf(t, h), "\nawsfed_token_refresh_failing 0\n")
		time.Sleep(3 * time.Hour)
		cloud.Wait()
		assert.Greater(t, told.Load(), int64(2), "the hook of the configuration is called as well")
	})
}

func TestMetricsTellOfTheConnectionsOfAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{MaxConnections: 3})
		assert.NotContains(t, metricsOf(t, h), "awsfed_metadata_connections")
		l, stop := serveBubble(t, h)
		connections := func(open, evicted int) {
			t.Helper()
			synctest.Wait()
			metrics := metricsOf(t, h)
			assert.Contains(t, metrics, "# TYPE awsfed_metadata_connections gauge\nawsfed_metadata_connections "+strconv.Itoa(open)+"\n")
			assert.Contains(t, metrics, "# TYPE awsfed_metadata_evicted_total counter\nawsfed_metadata_evicted_total "+strconv.Itoa(evicted)+"\n")
		}
		connections(0, 0)
		conn := l.dial()
		connections(1, 0)
		require.NoError(t, ask(t, conn, project).Body.Close())
		connections(1, 0)
		require.NoError(t, conn.Close())
		connections(0, 0)
		for range 5 {
			l.dial()
		}
		connections(3, 2)
		stop()
		connections(0, 2)
	})
}

func TestMetricsHaveNoLabelThatAClientChooses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := severalAccounts(t)
		h := handlerOf(t, cloud, metadataserver.Options{Accounts: []string{reader}})
		lines := 0
		for i := range 200 {
			odd := strconv.Itoa(i)
			for _, target := range []string{"/" + odd, v1 + "/" + odd, accounts + "/" + odd + "/token", accounts + "/" + reader + "/email?alt=" + odd,
				v1 + "/project/?recursive=" + odd, tokenKey + "?x=" + odd, tokenKey + "?scopes=" + odd + "%20", identityKey + "?audience=" + odd + "%20", "/%22%0a" + odd} {
				get(t, h, target)
			}
			request := requestFor(t.Context(), "M"+odd, tokenKey)
			request.Host = odd
			h.ServeHTTP(httptest.NewRecorder(), request)
			synctest.Wait() // the event of the first token comes by itself
			metrics := metricsOf(t, h)
			if i == 0 {
				lines = strings.Count(metrics, "\n")
			}
			require.Equal(t, lines, strings.Count(metrics, "\n"), "no further line")
		}
		metrics := metricsOf(t, h)
		requireTextFormat(t, metrics)
		for line := range strings.Lines(metrics) {
			labels, _, _ := strings.Cut(line, "} ")
			for _, word := range []string{reader, appAccount, "199", "my-project"} {
				assert.NotContains(t, labels, word)
			}
		}
		time.Sleep(3 * time.Hour)
		cloud.Wait()
	})
}

// requireTextFormat judges by the rules of Prometheus' text format: each family once, its help and
// type before its samples, samples together and each once, and nothing else.
func requireTextFormat(t *testing.T, text string) {
	t.Helper()
	require.True(t, strings.HasSuffix(text, "\n"))
	sample := regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="[a-z0-9-]+"(,[a-z]+="[a-z0-9-]+")*\})? [0-9]+$`)
	var families, samples []string
	described := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch words := strings.SplitN(line, " ", 4); {
		case strings.HasPrefix(line, "# HELP "):
			require.Len(t, words, 4)
			described = words[2]
		case strings.HasPrefix(line, "# TYPE "):
			require.Equal(t, described, words[2])
			require.NotContains(t, families, words[2])
			require.Contains(t, []string{"counter", "gauge"}, words[3])
			require.Equal(t, words[3] == "counter", strings.HasSuffix(words[2], "_total"))
			families = append(families, words[2])
		default:
			match := sample.FindStringSubmatch(line)
			require.NotNil(t, match, line)
			require.NotEmpty(t, families)
			require.Equal(t, families[len(families)-1], match[1])
			require.NotContains(t, samples, match[1]+match[2])
			samples = append(samples, match[1]+match[2])
		}
	}
	require.True(t, slices.Contains(families, "awsfed_metadata_requests_total"))
}
