package awsfed_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// readiness answers a readiness probe. It asks for a token where there is none: a source makes
// attempts as long as somebody asks, and nobody else asks an instance that is not ready. A restart
// does not help, so this is no liveness probe.
func readiness(ts *awsfed.TokenSource) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := ts.Status()
		if status.Token != awsfed.TokenValid {
			ctx, cancel := context.WithTimeout(r.Context(), 500*time.Millisecond) // less than the probe's own
			defer cancel()
			if _, err := ts.TokenContext(ctx); err != nil {
				http.Error(w, "not ready: no token", http.StatusServiceUnavailable) // the log says why
				return
			}
		}
		fmt.Fprintln(w, "ready, refresh:", ts.Status().Refresh) // failing: an alert, and still ready
	}
}

// A readiness handler that goes by the status of the source.
func ExampleTokenSource_Status() {
	probe := func(cloud *awsfedtest.Cloud) {
		cfg := cloud.Config()
		cfg.Logger = slog.New(slog.DiscardHandler)
		ts, err := awsfed.NewTokenSource(context.Background(), cfg)
		if err != nil {
			log.Fatal(err)
		}
		answer := httptest.NewRecorder()
		readiness(ts)(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		fmt.Print(answer.Code, " ", answer.Body)
	}

	cloud := awsfedtest.New(awsfedtest.Options{})
	probe(cloud)
	missing, _ := awsfedtest.FaultByName("missing-binding")
	missing.Inject(cloud)
	probe(cloud)
	// Output:
	// 200 ready, refresh: ok
	// 503 not ready: no token
}
