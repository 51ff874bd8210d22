package metadataserver

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed"
)

// Metrics is a handler that answers any request with the server's metrics, in the text format of
// Prometheus, version 0.0.4. It belongs on a port of its own: it does not judge who asks, and shows
// counts alone. The names are
//
//   - awsfed_metadata_requests_total, by route and code;
//   - awsfed_metadata_refused_total, by reason: host, peer, forwarded, flavor, method;
//   - awsfed_metadata_connections, and awsfed_metadata_evicted_total of those that made room;
//   - awsfed_token_expires_in_seconds and awsfed_token_refresh_failing, of the account "default";
//   - awsfed_token_refreshes_total, by kind and result: ok, failed.
func (h *Handler) Metrics() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		h.writeMetrics(&b)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
		_, _ = w.Write([]byte(b.String())) // the client has gone
	})
}

func (h *Handler) writeMetrics(b *strings.Builder) {
	family := func(name, kind, help string) {
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	family("awsfed_metadata_requests_total", "counter", "Requests that were answered, refused ones among them.")
	for at := range routes {
		for i := range statuses {
			if n := h.counters.requests[at][i].Load(); n > 0 {
				fmt.Fprintf(b, "awsfed_metadata_requests_total{route=%q,code=\"%d\"} %d\n", at, statusAt(i), n)
			}
		}
	}
	family("awsfed_metadata_refused_total", "counter", "Requests that were refused for what they came with.")
	for reason := range refusals {
		fmt.Fprintf(b, "awsfed_metadata_refused_total{reason=%q} %d\n", reason, h.counters.refusals[reason].Load())
	}
	if places := h.counters.places.Load(); places != nil {
		open, evicted := places.counts()
		family("awsfed_metadata_connections", "gauge", "Connections that are open.")
		fmt.Fprintf(b, "awsfed_metadata_connections %d\n", open)
		family("awsfed_metadata_evicted_total", "counter", "Connections that were closed to make room for others.")
		fmt.Fprintf(b, "awsfed_metadata_evicted_total %d\n", evicted)
	}
	status := h.Status()
	family("awsfed_token_expires_in_seconds", "gauge", "What is left of the default account's token; 0 for none.")
	fmt.Fprintf(b, "awsfed_token_expires_in_seconds %.0f\n", status.ExpiresIn.Seconds())
	failing := 0
	if status.Refresh == awsfed.RefreshFailing {
		failing = 1
	}
	family("awsfed_token_refresh_failing", "gauge", "1 while the default account's token cannot be replaced.")
	fmt.Fprintf(b, "awsfed_token_refresh_failing %d\n", failing)
	family("awsfed_token_refreshes_total", "counter", "Attempts to get a new token.")
	h.counters.mu.Lock()
	defer h.counters.mu.Unlock()
	for _, key := range slices.SortedFunc(maps.Keys(h.counters.refreshes), refreshKey.compare) {
		result := "ok"
		if key.failed {
			result = "failed"
		}
		fmt.Fprintf(b, "awsfed_token_refreshes_total{kind=%q,result=%q} %d\n", key.kind, result, h.counters.refreshes[key])
	}
}

func (k refreshKey) compare(other refreshKey) int {
	if c := cmp.Compare(k.kind, other.kind); c != 0 || k.failed == other.failed {
		return c
	}
	if k.failed {
		return 1
	}
	return -1
}
