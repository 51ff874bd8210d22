package examples_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// onRefresh is a Config.OnRefresh for Prometheus: the attempts with their durations, and when the
// newest token ends. An event that repeats a failure of the federated token is no attempt. With
// several service accounts, event.ServiceAccount is a label too.
func onRefresh(registry prometheus.Registerer) func(awsfed.RefreshEvent) {
	factory := promauto.With(registry)
	attempts := factory.NewHistogramVec(prometheus.HistogramOpts{
		Name: "awsfed_refresh_duration_seconds", Help: "Duration of attempts to get a token."}, []string{"kind", "outcome"})
	expiry := factory.NewGaugeVec(prometheus.GaugeOpts{
		Name: "awsfed_token_expiry_timestamp_seconds", Help: "End of the newest token."}, []string{"kind"})
	return func(event awsfed.RefreshEvent) {
		switch kind := string(event.Kind); {
		case event.Err == nil:
			attempts.WithLabelValues(kind, "success").Observe(event.Duration.Seconds())
			expiry.WithLabelValues(kind).Set(float64(event.Expiry.Unix()))
		case !event.Repeated:
			attempts.WithLabelValues(kind, "failure").Observe(event.Duration.Seconds())
		}
	}
}

func Example_prometheus() {
	registry := prometheus.NewRegistry()
	record, told := onRefresh(registry), make(chan bool)
	cfg := awsfedtest.New(awsfedtest.Options{}).Config()
	cfg.OnRefresh = func(event awsfed.RefreshEvent) { record(event); told <- true } // = onRefresh(registry), in a program
	ts, err := awsfed.NewTokenSource(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ts.Token(); err != nil {
		log.Fatal(err)
	}

	<-told // the federated token's
	<-told // the service account's
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(page.Body.String()) {
		if strings.Contains(line, "_count{") {
			fmt.Print(line)
		}
	}
	// Output:
	// awsfed_refresh_duration_seconds_count{kind="federated-token",outcome="success"} 1
	// awsfed_refresh_duration_seconds_count{kind="service-account-token",outcome="success"} 1
}
