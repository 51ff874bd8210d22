package awsfed

import (
	"context"
	"sync"
	"time"
)

// A RefreshEvent reports one attempt to get a new token, for [Config.OnRefresh].
type RefreshEvent struct {
	Kind       TokenKind     // what was to be had
	Background bool          // nobody waited: a valid token was at hand
	Attempt    int           // from 1, counted since the last success
	Start      time.Time     // of the attempt
	Duration   time.Duration // of the attempt, without the pause before it
	Hops       []Hop         // the steps of the attempt in their order; those of a source that it waited for are in its own event
	Expiry     time.Time     // of the new token; zero when there is none
	Next       time.Time     // when the next attempt is due, if the token is still in use by then
	Err        error         // nil after a success; an *Error unless the source is not of this package
}

// A TokenKind names what a [TokenSource] holds, in events and log lines.
type TokenKind string

const (
	FederatedToken      TokenKind = "federated token"
	ServiceAccountToken TokenKind = "service-account token"
)

// A Hop is one step of a [RefreshEvent].
type Hop struct {
	Stage    Stage
	Duration time.Duration
	Err      error // nil if the step succeeded
}

// A trace collects the hops of one attempt. It travels in the ctx, since the layers know nothing of each other.
type trace struct {
	outer *trace // of the attempt that waits for this one

	mu    sync.Mutex
	hops  []Hop
	now   Stage // of the hop under way
	known bool  // the failure was told already, by a TokenSource on the way
}

type traceKey struct{}

func withTrace(ctx context.Context) (context.Context, *trace) {
	t := &trace{}
	t.outer, _ = ctx.Value(traceKey{}).(*trace)
	return context.WithValue(ctx, traceKey{}, t), t
}

// depth is how many attempts wait for what ctx is of.
func depth(ctx context.Context) int {
	n := 0
	for t, _ := ctx.Value(traceKey{}).(*trace); t != nil; t = t.outer {
		n++
	}
	return n
}

func (t *trace) result() (hops []Hop, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hops, t.known
}

// enter notes the hop under way, here and with all who wait for it.
func (t *trace) enter(stage Stage) {
	for ; t != nil; t = t.outer {
		t.mu.Lock()
		t.now = stage
		t.mu.Unlock()
	}
}

// stage is the hop under way, or the last one; "" before the first.
func (t *trace) stage() Stage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// markKnown keeps the attempt that ctx belongs to, if any, from warning of a failure that was warned of.
func markKnown(ctx context.Context) {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.known = true
	}
}

// startHop begins a hop of the attempt that ctx belongs to, if any; the func that it returns ends it.
func startHop(ctx context.Context, stage Stage) func(error) {
	t, ok := ctx.Value(traceKey{}).(*trace)
	if !ok {
		return func(error) {}
	}
	t.enter(stage)
	start := time.Now()
	return func(err error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.hops = append(t.hops, Hop{Stage: stage, Duration: time.Since(start), Err: err})
	}
}
