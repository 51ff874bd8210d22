package otel_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/otel"
)

const provider = "projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"

// A recorder keeps what an Instrumentation makes.
type recorder struct {
	*otel.Instrumentation
	reader *sdkmetric.ManualReader
	spans  *tracetest.SpanRecorder
	tracer *sdktrace.TracerProvider
}

func newRecorder(t *testing.T, accounts bool) *recorder {
	t.Helper()
	r := &recorder{reader: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	r.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))
	var err error
	r.Instrumentation, err = otel.New(&otel.Options{
		MeterProvider:   sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader)),
		TracerProvider:  r.tracer,
		ServiceAccounts: accounts,
	})
	require.NoError(t, err)
	return r
}

// source is an observed source in the cloud.
func (r *recorder) source(t *testing.T, cloud *awsfedtest.Cloud, changes ...func(*awsfed.Config)) *awsfed.TokenSource {
	t.Helper()
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	for _, change := range changes {
		change(&cfg)
	}
	ts, err := awsfed.NewTokenSource(t.Context(), r.Config(cfg))
	require.NoError(t, err)
	r.Observe(ts, nil)
	return ts
}

// name is a metric with its attributes, as in awsfed.refresh.waits{awsfed.kind=federated-token}.
func name(metric string, attributes attribute.Set) string {
	var pairs []string
	for _, a := range attributes.ToSlice() {
		pairs = append(pairs, strings.TrimPrefix(string(a.Key), "awsfed.")+"="+a.Value.String())
	}
	slices.Sort(pairs)
	return strings.TrimPrefix(metric, "awsfed.") + "{" + strings.Join(pairs, ",") + "}"
}

// collect has the value of every counter and gauge, and the count and sum of every histogram.
func (r *recorder) collect(t *testing.T) (values, sums map[string]float64) {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.reader.Collect(context.Background(), &all))
	values, sums = make(map[string]float64), make(map[string]float64)
	for _, scope := range all.ScopeMetrics {
		assert.Equal(t, "github.com/awsfed/awsfed-go/awsfed/otel", scope.Scope.Name)
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					values[name(m.Name, p.Attributes)], sums[name(m.Name, p.Attributes)] = float64(p.Count), p.Sum
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					values[name(m.Name, p.Attributes)] = float64(p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					values[name(m.Name, p.Attributes)] = p.Value
				}
			default:
				t.Errorf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	return values, sums
}

// counts are the values without what the gauges say.
func (r *recorder) counts(t *testing.T) map[string]float64 {
	t.Helper()
	values, _ := r.collect(t)
	for name := range values {
		if strings.HasPrefix(name, "token.") {
			delete(values, name)
		}
	}
	return values
}

// slow holds the answers of all services back.
func slow(cloud *awsfedtest.Cloud, d time.Duration) {
	cloud.Inject(awsfedtest.Latency(awsfedtest.GoogleSTS, d))
	cloud.Inject(awsfedtest.Latency(awsfedtest.IAMCredentials, d))
}

// down ends Google's services until up is called.
func down(cloud *awsfedtest.Cloud) (up func()) {
	sts := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
	iam := cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
	return func() { sts(); iam() }
}
