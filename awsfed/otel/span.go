package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/awsfed/awsfed-go/awsfed"
)

// trace makes the spans of an event, and gives the ctx of the attempt's.
func (i *Instrumentation) trace(event awsfed.RefreshEvent, caller trace.SpanContext) context.Context {
	ctx := context.Background()
	options := []trace.SpanStartOption{
		trace.WithTimestamp(event.Start),
		trace.WithAttributes(identity(event.Kind, event.ServiceAccount)...),
		trace.WithAttributes(attempted(event.Err)...),
		trace.WithAttributes(keyAttempt.Int(event.Attempt), keyWaiting.Int(event.Waiting), keyBackground.Bool(event.Background), keyRepeated.Bool(event.Repeated)),
	}
	switch {
	case caller.IsValid():
		options = append(options, trace.WithLinks(trace.Link{SpanContext: caller}))
	case event.Repeated:
		return ctx
	}
	if event.Provider != "" {
		options = append(options, trace.WithAttributes(keyProvider.String(event.Provider)))
	}
	if event.Target != "" {
		options = append(options, trace.WithAttributes(keyTarget.String(event.Target)))
	}
	ctx, span := i.tracer.Start(ctx, "refresh "+string(event.Kind), options...)
	at := firstStep(event)
	for _, step := range event.Steps {
		_, child := i.tracer.Start(ctx, string(step.Stage), trace.WithTimestamp(at),
			trace.WithAttributes(append(result(step.Err), keyStage.String(string(step.Stage)))...))
		at = at.Add(step.Duration)
		end(child, step.Err, at)
	}
	end(span, event.Err, event.Start.Add(event.Duration))
	return ctx
}

// firstStep is when the steps begin, as far as their durations tell. A wait for the federated token
// comes before all steps; what ends an attempt outside of any step comes after them.
func firstStep(event awsfed.RefreshEvent) time.Time {
	if n := len(event.Steps); event.Err != nil && (n == 0 || event.Steps[n-1].Err == nil) {
		return event.Start
	}
	gap := event.Duration
	for _, step := range event.Steps {
		gap -= step.Duration
	}
	return event.Start.Add(max(gap, 0))
}

func end(span trace.Span, err error, at time.Time) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End(trace.WithTimestamp(at))
}
