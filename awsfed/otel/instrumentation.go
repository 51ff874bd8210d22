package otel

import (
	"context"
	"errors"

	global "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/awsfed/awsfed-go/awsfed"
)

// scope is the name of the instrumentation scope.
const scope = "github.com/awsfed/awsfed-go/awsfed/otel"

// Options are the options of [New]. Nil and the zero value are good.
type Options struct {
	// MeterProvider and TracerProvider take the metrics and the spans. Optional; the defaults are
	// the global ones of package go.opentelemetry.io/otel.
	MeterProvider  metric.MeterProvider
	TracerProvider trace.TracerProvider

	// ServiceAccounts puts the service account on the metrics, which multiplies the time series by
	// the number of accounts. Without it they are added up. Spans have it always.
	ServiceAccounts bool
}

// An Instrumentation makes metrics and spans of the token sources whose configuration it completes.
// One serves all sources of a program, and is safe for concurrent use. It stays registered with its
// MeterProvider. The zero value does nothing.
type Instrumentation struct {
	tracer  trace.Tracer // nil in the zero value
	metrics metrics
	sources sources
}

// New makes the instruments. Its errors are those of the MeterProvider.
func New(options *Options) (*Instrumentation, error) {
	o := Options{}
	if options != nil {
		o = *options
	}
	if o.MeterProvider == nil {
		o.MeterProvider = global.GetMeterProvider()
	}
	if o.TracerProvider == nil {
		o.TracerProvider = global.GetTracerProvider()
	}
	meter := o.MeterProvider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
	i := &Instrumentation{tracer: o.TracerProvider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))}
	if err := errors.Join(i.metrics.register(meter, o.ServiceAccounts), i.sources.register(meter, o.ServiceAccounts)); err != nil {
		return nil, err
	}
	return i, nil
}

// Config completes cfg: it sets OnRefresh and LinkOf. What was there is called too, after the event
// has been recorded, and gets the links that it made.
func (i *Instrumentation) Config(cfg awsfed.Config) awsfed.Config {
	cfg.OnRefresh, cfg.LinkOf = i.hooks(cfg.OnRefresh, cfg.LinkOf)
	return cfg
}

// CacheOptions completes a copy of options, nil for none, as Config does, for a source of
// [awsfed.NewCachedTokenSource].
func (i *Instrumentation) CacheOptions(options *awsfed.CacheOptions) *awsfed.CacheOptions {
	completed := awsfed.CacheOptions{}
	if options != nil {
		completed = *options
	}
	completed.OnRefresh, completed.LinkOf = i.hooks(completed.OnRefresh, completed.LinkOf)
	return &completed
}

// A link is the Link of an event. Of the caller's ctx it has the span context alone.
type link struct {
	caller trace.SpanContext
	other  any // of the LinkOf that was there
}

func (i *Instrumentation) hooks(onRefresh func(awsfed.RefreshEvent), linkOf func(context.Context) any) (func(awsfed.RefreshEvent), func(context.Context) any) {
	if i == nil || i.tracer == nil {
		return onRefresh, linkOf
	}
	record := func(event awsfed.RefreshEvent) {
		l, _ := event.Link.(link)
		i.metrics.record(i.trace(event, l.caller), event)
		if onRefresh != nil {
			event.Link = l.other
			onRefresh(event)
		}
	}
	tie := func(ctx context.Context) any {
		l := link{caller: trace.SpanContextFromContext(ctx)}
		if linkOf != nil {
			l.other = linkOf(ctx)
		}
		if l.other == nil && !l.caller.IsValid() {
			return nil
		}
		return l
	}
	return record, tie
}
