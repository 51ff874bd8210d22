package otel

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"weak"

	"go.opentelemetry.io/otel/metric"

	"github.com/awsfed/awsfed-go/awsfed"
)

// ObserveOptions are the options of [Instrumentation.Observe]. Nil and the zero value are good.
type ObserveOptions struct {
	// Kind and ServiceAccount are those of the source, as in [awsfed.CacheOptions]. Optional; the
	// default of Kind is right for a source of [awsfed.NewTokenSource]. ServiceAccount is for
	// Options.ServiceAccounts.
	Kind           awsfed.TokenKind
	ServiceAccount string
}

// sources are what the metrics of tokens are read from.
type sources struct {
	accounts bool // as in Options
	left     metric.Float64ObservableGauge
	waiters  metric.Int64ObservableUpDownCounter

	mu       sync.Mutex
	observed map[weak.Pointer[awsfed.TokenSource]]ObserveOptions
}

func (s *sources) register(meter metric.Meter, accounts bool) error {
	s.accounts = accounts
	s.observed = make(map[weak.Pointer[awsfed.TokenSource]]ObserveOptions)
	var faults [3]error
	s.left, faults[0] = meter.Float64ObservableGauge("awsfed.token.remaining", metric.WithUnit("s"),
		metric.WithDescription("What is left of the token's life; the least of several."))
	s.waiters, faults[1] = meter.Int64ObservableUpDownCounter("awsfed.token.waiters", metric.WithUnit("{caller}"),
		metric.WithDescription("Callers that wait now for want of a token."))
	_, faults[2] = meter.RegisterCallback(s.report, s.left, s.waiters)
	return errors.Join(faults[:]...)
}

// Observe reports what is left of the token of ts, and who waits for it, for as long as the program
// holds ts: it holds ts weakly. Observing a source again replaces its options.
func (i *Instrumentation) Observe(ts *awsfed.TokenSource, options *ObserveOptions) {
	if i == nil || i.tracer == nil || ts == nil {
		return
	}
	o := ObserveOptions{}
	if options != nil {
		o = *options
	}
	i.sources.mu.Lock()
	defer i.sources.mu.Unlock()
	i.sources.observed[weak.Make(ts)] = o
}

// A series is what sources with the same attributes share.
type series struct {
	kind    awsfed.TokenKind
	account string
}

// report is the callback of a collection.
func (s *sources) report(_ context.Context, observer metric.Observer) error {
	left, waiters := make(map[series]float64), make(map[series]int64)
	add := func(of series, status awsfed.Status) {
		waiters[of] += int64(status.Waiting)
		if status.Token != awsfed.TokenValid && status.Refresh != awsfed.RefreshFailing {
			return
		}
		seconds := status.ExpiresIn.Seconds()
		if least, ok := left[of]; ok {
			seconds = min(least, seconds)
		}
		left[of] = seconds
	}
	s.mu.Lock()
	for source, options := range s.observed {
		ts := source.Value()
		if ts == nil {
			delete(s.observed, source)
			continue
		}
		status := ts.Status()
		kind := awsfed.FederatedToken
		if status.Below != nil {
			kind = awsfed.ServiceAccountToken
			add(series{kind: awsfed.FederatedToken}, *status.Below)
		}
		of := series{kind: cmp.Or(options.Kind, kind)}
		if s.accounts {
			of.account = options.ServiceAccount
		}
		add(of, status)
	}
	s.mu.Unlock()
	for of, count := range waiters {
		observer.ObserveInt64(s.waiters, count, metric.WithAttributes(identity(of.kind, of.account)...))
	}
	for of, seconds := range left {
		observer.ObserveFloat64(s.left, seconds, metric.WithAttributes(identity(of.kind, of.account)...))
	}
	return nil
}
