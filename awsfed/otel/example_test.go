package otel_test

import (
	"context"
	"fmt"
	"log"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/otel"
)

// A program gives its providers exporters, and hands them over or makes them the global ones.
func ExampleNew() {
	reader, spans := sdkmetric.NewManualReader(), tracetest.NewSpanRecorder()
	telemetry, err := otel.New(&otel.Options{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
	})
	if err != nil {
		log.Fatal(err)
	}

	cfg := awsfedtest.New(awsfedtest.Options{}).Config()
	told := make(chan awsfed.RefreshEvent, 2)
	cfg.OnRefresh = func(event awsfed.RefreshEvent) { told <- event } // of the program's own
	ts, err := awsfed.NewTokenSource(context.Background(), telemetry.Config(cfg))
	if err != nil {
		log.Fatal(err)
	}
	telemetry.Observe(ts, nil)
	if _, err := ts.Token(); err != nil {
		log.Fatal(err)
	}

	<-told // the federated token's
	<-told // the service account's
	var metrics metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &metrics); err != nil {
		log.Fatal(err)
	}
	for _, m := range metrics.ScopeMetrics[0].Metrics {
		fmt.Println(m.Name, m.Unit)
	}
	for _, span := range spans.Ended() {
		fmt.Println(span.Name())
	}
	fmt.Println("the token is", ts.Status().Token)
	// Output:
	// awsfed.refresh.duration s
	// awsfed.refresh.step.duration s
	// awsfed.refresh.waits {wait}
	// awsfed.token.remaining s
	// awsfed.token.waiters {caller}
	// aws-credentials
	// aws-region
	// subject-token
	// token-exchange
	// refresh federated-token
	// impersonation
	// refresh service-account-token
	// the token is valid
}
