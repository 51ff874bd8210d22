package awsfed

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
)

// A TokenSource hands out a token and replaces it in time. It is an [oauth2.TokenSource], a [ContextTokenSource] and,
// without importing gRPC, gRPC's per-RPC credentials. It is safe for any number of goroutines and needs no closing.
//
// While its token is valid nobody waits and nobody fails. The token is replaced in the background at 40 to 48.5 percent
// of its life, as long as a token that was handed out is alive: whoever holds one, a cache of Google's clients for
// example, will be back. A failed replacement is tried again until it succeeds. Without a valid token callers share
// one flight, which tries again by itself; its error stands for a moment, so that a storm of callers does not become a
// storm of requests.
type TokenSource struct {
	source       ContextTokenSource
	kind         TokenKind
	timeout      time.Duration
	logger       *slog.Logger
	onRefresh    func(RefreshEvent)
	quotaProject string

	mu       sync.Mutex
	token    *oauth2.Token // nil before the first, and after Invalidate
	fetched  time.Time     // when its life began, with the monotonic reading
	life     time.Duration
	next     time.Time // when it is to be replaced, or that to be tried again
	used     time.Time // the latest end of all tokens that were handed out
	timer    *time.Timer
	flight   *flight   // nil when nothing is under way
	attempts int       // since the last success
	failed   int       // flights since the last success
	err      error     // of the last attempt; nil after a success
	held     time.Time // until when err stands, while there is no token
	slow     bool      // the last attempt used up its time
	dropped  time.Time // when Invalidate last dropped a token
}

// CacheOptions are the options of [NewCachedTokenSource]. The zero value is good.
type CacheOptions struct {
	// Kind says in events and log lines what the source gives. Optional; the default is "token".
	Kind TokenKind
	// Timeout, Logger and OnRefresh are as in [Config].
	Timeout   time.Duration
	Logger    *slog.Logger
	OnRefresh func(RefreshEvent)
}

// NewTokenSource puts the whole road together: a [SubjectTokenBuilder], a cached [Exchanger] and, if cfg names a
// service account, a cached [Impersonator]. ctx is for loading the AWS configuration and is not kept; no token is
// fetched yet. All faults of cfg are reported at once, each as a [*FieldError].
func NewTokenSource(ctx context.Context, cfg Config) (*TokenSource, error) {
	builder, err := NewSubjectTokenBuilder(ctx, cfg)
	if err != nil {
		return nil, err
	}
	exchanger, err := NewExchanger(cfg, builder)
	if err != nil {
		return nil, err
	}
	options := CacheOptions{Kind: FederatedToken, Timeout: cfg.Timeout, Logger: cfg.Logger, OnRefresh: cfg.OnRefresh}
	ts, err := NewCachedTokenSource(exchanger, options)
	if err != nil {
		return nil, err
	}
	if cfg.ServiceAccount != "" {
		impersonator, err := NewImpersonator(cfg, ts)
		if err != nil {
			return nil, err
		}
		options.Kind = ServiceAccountToken
		if ts, err = NewCachedTokenSource(impersonator, options); err != nil {
			return nil, err
		}
	}
	ts.quotaProject = cfg.QuotaProject
	return ts, nil
}

// NewCachedTokenSource makes a [TokenSource] of any source, so that one cached federated token can feed many
// [Impersonator]s. The tokens of source must have an Expiry.
func NewCachedTokenSource(source ContextTokenSource, options CacheOptions) (*TokenSource, error) {
	var faults []error
	if source == nil {
		faults = append(faults, &FieldError{Field: "the source of tokens", Want: "an Exchanger, for example"})
	}
	if options.Timeout < 0 {
		faults = append(faults, &FieldError{Field: "Timeout", Found: options.Timeout.String(), Want: "a positive duration, or 0 for 30s"})
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	ts := &TokenSource{source: source, kind: options.Kind, timeout: options.Timeout, logger: options.Logger, onRefresh: options.OnRefresh}
	if ts.kind == "" {
		ts.kind = "token"
	}
	if ts.timeout == 0 {
		ts.timeout = defaultTimeout
	}
	if ts.logger == nil {
		ts.logger = slog.Default()
	}
	return ts, nil
}

// Token is TokenContext with a ctx that ends after the Timeout of the configuration.
func (ts *TokenSource) Token() (*oauth2.Token, error) {
	ts.mu.Lock()
	token := ts.take(time.Now())
	ts.mu.Unlock()
	if token != nil {
		return token, nil // without the price of a ctx
	}
	ctx, cancel := context.WithTimeout(context.Background(), ts.timeout)
	defer cancel()
	return ts.TokenContext(ctx)
}

// TokenContext gives a valid token that is the caller's own. It waits only while there is none, and no longer than ctx
// lasts; the refresh that it waited for then goes on for the others. Values of the ctx reach the refresh that this call
// starts, its end does not. Errors are of type [*Error] unless the source is not of this package.
func (ts *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	ts.mu.Lock()
	if token := ts.take(time.Now()); token != nil {
		ts.mu.Unlock()
		return token, nil
	}
	if ctx.Err() != nil {
		defer ts.mu.Unlock()
		return ts.leave(ctx, nil)
	}
	if now := time.Now(); ts.flight == nil && !passed(ts.held, now) {
		defer ts.mu.Unlock()
		markKnown(ctx)
		return nil, ts.heldError(now)
	}
	if ts.flight == nil {
		ts.start(context.WithoutCancel(ctx), true)
	}
	f := ts.flight
	f.join(time.Now())
	ts.mu.Unlock()

	select {
	case <-f.done:
	case <-ctx.Done():
		ts.mu.Lock()
		defer ts.mu.Unlock()
		return ts.leave(ctx, f)
	}
	if f.err != nil {
		markKnown(ctx)
		return nil, f.err
	}
	token := *f.token
	return &token, nil
}

// take gives a copy of the token if it is valid, else nil, and starts its replacement if that is due: the timer does so
// too, but not for a source that went quiet, nor in time on a machine that was suspended. The caller holds mu.
func (ts *TokenSource) take(now time.Time) *oauth2.Token {
	if !ts.valid(now) {
		return nil
	}
	ts.used = later(ts.used, ts.token.Expiry)
	if ts.flight == nil && passed(ts.next, now) {
		ts.start(context.Background(), false)
	}
	return ts.copy(now)
}

// copy is the token for a caller. If the wall clock was set back since it was fetched, its end is where it would have
// been with the clock as it is now. The caller holds mu.
func (ts *TokenSource) copy(now time.Time) *oauth2.Token {
	token := *ts.token
	if end := now.Round(0).Add(ts.remaining(now)); token.Expiry.Sub(end) > time.Second {
		token.Expiry = end
	}
	return &token
}

// invalidatePause keeps many users of one source from dropping each other's new tokens while a server refuses all.
const invalidatePause = time.Minute

// Invalidate drops a token that a server refused although it has not ended, so that the next call gets a new one. It
// does nothing if another token has taken its place already, and no more than once a minute.
func (ts *TokenSource) Invalidate(token *oauth2.Token) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	now := time.Now()
	if token == nil || ts.token == nil || ts.token.AccessToken != token.AccessToken ||
		!ts.dropped.IsZero() && !passed(ts.dropped.Add(invalidatePause), now) {
		return
	}
	ts.token, ts.dropped = nil, now
}

// A Status is what a health check wants to know of a [TokenSource].
type Status struct {
	Expiry    time.Time     // of the token at hand, by this machine's clock; zero when there is none
	ExpiresIn time.Duration // what is left of it; zero when it has ended
	Attempts  int           // that failed since the last success
	Err       error         // of the last attempt; nil after a success, and before the first attempt
}

// Status asks nobody: it tells what is known.
func (ts *TokenSource) Status() Status {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	status := Status{Attempts: ts.attempts, Err: ts.err}
	if now := time.Now(); ts.token != nil && ts.remaining(now) > 0 {
		status.Expiry, status.ExpiresIn = ts.copy(now).Expiry, ts.remaining(now)
	}
	return status
}

// valid reports whether there is a token to hand out. One in its last seconds is none, since it would end on its way,
// unless the next has been asked for and did not come: then it is the best there is.
func (ts *TokenSource) valid(now time.Time) bool {
	if ts.token == nil {
		return false
	}
	if ts.attempts > 0 {
		return ts.remaining(now) > 0
	}
	return ts.remaining(now) > margin(ts.life)
}

// remaining is what is left of the token's life. The wall clock goes on while the machine is suspended, and may be set
// back; the monotonic one the other way round. The sooner end counts.
func (ts *TokenSource) remaining(now time.Time) time.Duration {
	return min(ts.token.Expiry.Sub(now.Round(0)), ts.life-now.Sub(ts.fetched))
}

// heldError is the last error, with what is left of the pause that the server asked for. The caller holds mu.
func (ts *TokenSource) heldError(now time.Time) error {
	var e *Error
	if !errors.As(ts.err, &e) || e.RetryAfter == 0 {
		return ts.err
	}
	e = e.clone()
	e.RetryAfter = min(e.RetryAfter, ts.held.Sub(now))
	return e
}

// leave is what a caller gets whose ctx ended while it waited for f, nil if it did not come to that: a token in its last
// seconds, which is better than none, or an error. The last failure of the flight, if there is one, says more than the
// ctx. The caller holds mu.
func (ts *TokenSource) leave(ctx context.Context, f *flight) (*oauth2.Token, error) {
	if now := time.Now(); ts.token != nil && ts.remaining(now) > 0 {
		return ts.copy(now), nil
	}
	cause := context.Cause(ctx)
	if ctx.Err() != nil && !errors.Is(cause, ctx.Err()) {
		cause = errors.Join(ctx.Err(), cause)
	}
	e := &Error{Stage: ts.kind.stage(), Hint: "the ctx of the caller ended first; the refresh goes on for the others, up to the Timeout of the configuration"}
	var failure *Error
	if f != nil && f.attempt != nil {
		e.Stage = cmp.Or(f.attempt.trace.stage(), e.Stage)
	}
	if f != nil && errors.As(f.last, &failure) {
		e = failure.clone()
		cause = errors.Join(cause, failure.Err)
	}
	e.Err = cause
	e.Transient = errors.Is(cause, context.DeadlineExceeded) && e.Transient || failure == nil && !errors.Is(cause, context.Canceled)
	return nil, e
}

// clock is shared with the layers after.
func (ts *TokenSource) clock() *clock.Clock { return clockOf(ts.source) }

// passed judges by both clocks, since either may have stood still.
func passed(t, now time.Time) bool { return !now.Before(t) || !now.Round(0).Before(t.Round(0)) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
