package otel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/awsfed/awsfed-go/awsfed"
)

// metrics are the instruments that events are recorded with.
type metrics struct {
	accounts bool // as in Options
	attempts metric.Float64Histogram
	steps    metric.Float64Histogram
	waits    metric.Int64Counter
	repeats  metric.Int64Counter
	dropped  metric.Int64Counter
}

func (m *metrics) register(meter metric.Meter, accounts bool) error {
	// Those of the semantic conventions for HTTP, and 30 s, the default Timeout.
	boundaries := []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30}
	var faults []error
	histogram := func(name, description string) metric.Float64Histogram {
		h, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(boundaries...))
		faults = append(faults, err)
		return h
	}
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		faults = append(faults, err)
		return c
	}
	m.accounts = accounts
	m.attempts = histogram("awsfed.refresh.duration", "Duration of attempts to get a token.")
	m.steps = histogram("awsfed.refresh.step.duration", "Duration of the steps of attempts to get a token.")
	m.waits = counter("awsfed.refresh.waits", "{wait}", "Callers that waited for an attempt, counted at its end.")
	m.repeats = counter("awsfed.refresh.repeated_failures", "{failure}", "Failures of the federated token that a source above it repeats.")
	m.dropped = counter("awsfed.refresh.dropped_events", "{event}", "Events that were lost because the hook was too slow.")
	return errors.Join(faults...)
}

// record takes an event in. ctx has its span, for exemplars.
func (m *metrics) record(ctx context.Context, event awsfed.RefreshEvent) {
	account := event.ServiceAccount
	if !m.accounts {
		account = ""
	}
	with := func(more ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributes(append(identity(event.Kind, account), more...)...)
	}
	if event.Dropped > 0 { // of any kind
		m.dropped.Add(ctx, int64(event.Dropped))
	}
	if event.Waiting > 0 {
		m.waits.Add(ctx, int64(event.Waiting), with(outcome(event.Err)))
	}
	if event.Repeated {
		m.repeats.Add(ctx, 1, with())
	} else {
		m.attempts.Record(ctx, event.Duration.Seconds(), with(attempted(event.Err)...))
	}
	for _, step := range event.Steps {
		m.steps.Record(ctx, step.Duration.Seconds(), with(append(result(step.Err), keyStage.String(string(step.Stage)))...))
	}
}
