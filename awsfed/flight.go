package awsfed

import (
	"context"
	"errors"
	"log/slog"
	"time"
	"weak"

	"golang.org/x/oauth2"
)

// A flight is one refresh under way, with its retries. All who wait share its end.
type flight struct {
	budget time.Duration

	// These are guarded by the source's mu.
	deadline time.Time
	waited   bool        // somebody waits, so it retries by itself
	slow     bool        // an attempt has used up its share, so the next gets all that is left
	attempt  *attempt    // nil in a pause
	pause    *time.Timer // nil in an attempt
	resume   time.Time   // when the pause is over
	last     error       // of the newest attempt, or of the newest that got an answer

	done  chan struct{} // closed when token or err is set
	token *oauth2.Token
	err   error
}

// An attempt is one question to the source.
type attempt struct {
	due   time.Time
	trace *trace
	end   context.CancelCauseFunc
}

const (
	// attemptShare is the part of a flight that its first attempt may take.
	attemptShare = 3
	// slackShare is the part of the Timeout by which a flight ends before those who wait for it, be they callers of
	// Token or flights of other sources: they hear what failed, and not that the time is up.
	slackShare = 100
)

// errFrozen ends an attempt that a suspended machine took along: its connections are dead, and the monotonic clock of its
// deadline stood still.
var errFrozen = errors.New("the machine was suspended in the middle of it")

// start begins a flight. The caller holds mu.
func (ts *TokenSource) start(ctx context.Context, waited bool) {
	budget := ts.timeout - ts.timeout/slackShare*time.Duration(1+depth(ctx))
	ts.flight = &flight{budget: budget, deadline: time.Now().Add(budget), waited: waited, done: make(chan struct{})}
	// In the background there is one attempt a flight: a source that needs more than its share gets it the next time.
	ts.flight.slow = ts.slow && !waited
	go ts.fly(ctx, ts.flight)
}

// join makes a caller wait for the flight under way. If the wall clock has passed the end of its attempt or its pause, the
// machine was suspended in it, and the flight begins anew. The caller holds mu.
func (f *flight) join(now time.Time) {
	f.waited = true
	late := func(t time.Time) bool { return now.Round(0).After(t.Round(0)) }
	switch a := f.attempt; {
	case a != nil && late(a.due):
		a.end(errFrozen)
		a.due = now.Add(f.budget) // once is enough
	case f.pause != nil && late(f.resume) && f.pause.Stop():
		f.pause.Reset(0)
	default:
		return
	}
	f.deadline, f.slow = now.Add(f.budget), false
}

// fly makes one attempt, and sets a timer for the next one if there is to be one: no goroutine sits out a pause.
func (ts *TokenSource) fly(ctx context.Context, f *flight) {
	event, known, again := ts.try(ctx, f)
	if again {
		ts.mu.Lock()
		f.resume = event.Next
		f.pause = time.AfterFunc(time.Until(event.Next), func() { ts.fly(ctx, f) })
		ts.mu.Unlock()
	}
	ts.report(event, known)
	if !again {
		close(f.done)
	}
}

// try asks the source once. If the flight is not to try again, it is over and its result set.
func (ts *TokenSource) try(ctx context.Context, f *flight) (event RefreshEvent, known, again bool) {
	start := time.Now()
	ts.mu.Lock()
	f.pause = nil
	due := f.deadline
	if !f.slow {
		due = earlier(due, start.Add(f.budget/attemptShare))
	}
	ctx, cancel := context.WithDeadline(ctx, due)
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	ctx, trace := withTrace(ctx)
	f.attempt = &attempt{due: due, trace: trace, end: end}
	ts.mu.Unlock()

	token, err := ts.source.TokenContext(ctx)
	now := time.Now()
	if err == nil {
		err = ts.check(token, now)
	}
	frozen := err != nil && errors.Is(context.Cause(ctx), errFrozen)
	if frozen {
		err = &Error{Stage: ts.kind.stage(), Transient: true, Err: errFrozen}
	}
	hops, known := trace.result()

	ts.mu.Lock()
	defer ts.mu.Unlock()
	f.attempt = nil
	ts.slow = err != nil && !frozen && errors.Is(ctx.Err(), context.DeadlineExceeded)
	f.slow = f.slow || ts.slow
	var said *Error
	switch {
	case !ts.slow || !errors.As(f.last, &said) || said.StatusCode == 0:
		f.last = err
	case !now.Before(f.deadline):
		err = f.last // what a server said tells more than that the time was up
	}
	ts.attempts++
	event = RefreshEvent{Kind: ts.kind, Background: !f.waited, Attempt: ts.attempts, Start: start,
		Duration: now.Sub(start), Hops: hops, Err: err}
	if err == nil {
		ts.accept(token, start, now, f.waited)
		event.Expiry, event.Next = token.Expiry, ts.next
		f.token = ts.copy(now)
		ts.flight = nil
		return event, known, false
	}
	ts.err = err
	pause := flightPause(ts.attempts, err)
	if frozen {
		pause = 0
	}
	event.Next = now.Add(pause)
	if f.waited && !ts.valid(now) && transient(err) && event.Next.Before(f.deadline) {
		return event, known, true
	}
	event.Next = ts.reject(err, known, now)
	f.err = err
	if ts.valid(now) { // in its last seconds, and good enough for who waits
		f.token, f.err = ts.copy(now), nil
	}
	ts.flight = nil
	return event, known, false
}

// check refuses tokens that would be served for ever, or never.
func (ts *TokenSource) check(token *oauth2.Token, now time.Time) error {
	switch {
	case token == nil || token.AccessToken == "":
		return &Error{Stage: ts.kind.stage(), Code: codeInvalidAnswer, Description: "the source gave no token"}
	case token.Expiry.IsZero():
		return &Error{Stage: ts.kind.stage(), Code: codeInvalidAnswer, Description: "the source gave a token without an expiry"}
	case token.Expiry.Sub(now.Round(0)) <= 0:
		return &Error{Stage: ts.kind.stage(), Code: codeInvalidAnswer, Transient: true,
			Description: "the source gave a token that has ended already; the clock of this machine may be wrong"}
	}
	return nil
}

// accept takes a new token in, unless the present one lives longer. The caller holds mu.
func (ts *TokenSource) accept(token *oauth2.Token, start, now time.Time, waited bool) {
	ts.attempts, ts.failed, ts.err, ts.held = 0, 0, nil, time.Time{}
	// Lives are compared, not ends: those of two settings of the clock mean nothing next to each other.
	if ts.token == nil || token.Expiry.Sub(now.Round(0)) > ts.remaining(now) {
		own := *token
		ts.token = &own
		ts.fetched = start
		ts.life = token.Expiry.Sub(start.Round(0))
		ts.next = start.Add(max(refreshAfter(ts.life), time.Second))
	} else {
		ts.next = now.Add(max(refreshAfter(ts.remaining(now)), time.Second))
	}
	if waited {
		ts.used = later(ts.used, ts.token.Expiry)
	}
	ts.arm(now)
}

// reject plans what follows a failed flight, and tells when. A failure that another source on the way knows is held
// there, so that pauses do not add up. The caller holds mu.
func (ts *TokenSource) reject(err error, known bool, now time.Time) time.Time {
	ts.failed++
	if !ts.valid(now) {
		pause := holdPause(ts.failed, err)
		if known {
			pause = holdPause(1, err)
		}
		ts.held = now.Add(pause)
		return ts.held
	}
	ts.next = now.Add(backgroundPause(ts.failed, err, ts.remaining(now)-margin(ts.life)))
	if asked := min(retryAfter(err), maxRetryAfter); asked > 0 {
		ts.held = now.Add(asked)
	}
	ts.arm(now)
	return ts.next
}

// arm sets the timer. It holds the source weakly: one that nobody references is garbage while its timer still runs.
// The caller holds mu.
func (ts *TokenSource) arm(now time.Time) {
	pause := max(ts.next.Sub(now), 0)
	if ts.timer != nil {
		ts.timer.Reset(pause)
		return
	}
	source := weak.Make(ts)
	ts.timer = time.AfterFunc(pause, func() {
		if ts := source.Value(); ts != nil {
			ts.tick()
		}
	})
}

// tick replaces the token in the background, if it is in use: when a token that was handed out is still alive, its
// holder will come back for the next. A token that has ended is left to whoever calls.
func (ts *TokenSource) tick() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	now := time.Now()
	if ts.flight == nil && ts.valid(now) && passed(ts.next, now) && now.Round(0).Before(ts.used) {
		ts.start(context.Background(), false)
	}
}

// report tells the hook and the log. Of a failure that another source on the way has warned of there is no second
// warning.
func (ts *TokenSource) report(event RefreshEvent, known bool) {
	if ts.onRefresh != nil {
		ts.onRefresh(event)
	}
	attrs := []slog.Attr{
		slog.String("token", string(event.Kind)), slog.Bool("background", event.Background),
		slog.Int("attempt", event.Attempt), slog.Duration("duration", event.Duration), slog.Time("next", event.Next),
	}
	level, message := slog.LevelWarn, "awsfed: token not refreshed"
	if known {
		level = slog.LevelDebug
	}
	var e *Error
	switch {
	case event.Err == nil:
		level, message = slog.LevelDebug, "awsfed: token refreshed"
		attrs = append(attrs, slog.Time("expiry", event.Expiry))
	case errors.As(event.Err, &e):
		attrs = append(attrs, slog.Any("error", e))
	default:
		attrs = append(attrs, slog.String("error", event.Err.Error()))
	}
	ts.logger.LogAttrs(context.Background(), level, message, attrs...)
}

// stage is where an error belongs that no layer has placed.
func (k TokenKind) stage() Stage {
	switch k {
	case FederatedToken:
		return StageExchange
	case ServiceAccountToken:
		return StageImpersonation
	}
	return ""
}
