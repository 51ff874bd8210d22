package awsfed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

// A trial is one attempt as the refresher sees it.
type trial struct {
	context.Context // with the end of the attempt, and nothing of any caller's
	Attempt
	refresh *refresh
	number  int // from 1, since the last success
	start   time.Time
	end     context.CancelFunc
	abandon *time.Timer
	crowded bool // too many abandoned calls go on, so the source is not called

	// These are guarded by the refresher's mu.
	due    time.Time
	frozen bool // ended with errFrozen
	over   bool
}

// errFrozen ends an attempt that a suspended machine took along: its connections are dead, and the
// monotonic clock of its deadline stood still.
var errFrozen = errors.New("the machine was suspended in the middle of it")

// run makes one attempt. It sits in a goroutine of its own for as long as the source takes: what
// ends the attempt if the source does not is a timer.
func (r *refresher) run(f *refresh) {
	t := r.begin(f)
	defer t.end()
	var (
		token    *oauth2.Token
		err      error
		returned bool
	)
	defer func() {
		if !returned {
			err = &Error{Stage: r.kind.stage(), Code: codePanic, Transient: true, Description: r.name() + " called runtime.Goexit", Hint: panicHint}
		}
		r.settle(f, t, token, err, false)
	}()
	if t.crowded {
		err = &Error{Stage: r.kind.stage(), Code: codeAbandoned, Transient: true,
			Description: fmt.Sprintf("%d calls of %s go on though their ctx has ended, so it is not called again", maxAbandoned, r.name()),
			Hint:        abandonedHint}
	} else {
		token, err = r.ask(t)
	}
	returned = true
}

// name is that of the source in errors.
func (r *refresher) name() string { return fmt.Sprintf("the source %T", r.source) }

// ask calls the source. A panic in it is an error.
func (r *refresher) ask(t *trial) (token *oauth2.Token, err error) {
	defer func() {
		if recover() != nil {
			token, err = nil, panicError(cmp.Or(t.current(), r.kind.stage()), r.name())
		}
	}()
	return r.source.TokenContext(t)
}

// begin makes the attempt, which is its ctx.
func (r *refresher) begin(f *refresh) *trial {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.pause = nil
	now := time.Now()
	t := &trial{refresh: f, number: int(r.attempts) + 1, start: now, crowded: r.abandoned >= maxAbandoned,
		due: attemptDeadline(now, f.deadline, f.budget, f.slow)}
	t.depth, t.waiting = f.level, t
	t.Context, t.end = context.WithDeadline(context.Background(), t.due)
	t.abandon = time.AfterFunc(t.due.Sub(now)+max(r.timeout/graceShare, leastGrace), func() { r.abandonTrial(f, t) })
	f.trial = t
	return t
}

// Value makes the trial the ctx of its [Attempt].
func (t *trial) Value(key any) any {
	if key == (attemptKey{}) {
		return &t.Attempt
	}
	return t.Context.Value(key)
}

// abandonTrial ends an attempt whose source ignores the end of its ctx. The call goes on until it
// returns.
func (r *refresher) abandonTrial(f *refresh, t *trial) {
	r.settle(f, t, nil, &Error{Stage: cmp.Or(t.current(), r.kind.stage()), Code: codeAbandoned, Transient: true,
		Description: "the call did not return when its ctx ended, and was left to itself", Err: context.DeadlineExceeded,
		Hint: abandonedHint}, true)
}

// retried takes in that a source below has failed once and goes on.
func (t *trial) retried(err *Error) {
	failed := &failure{err: err, transient: err.Transient, reported: true}
	mu := &t.refresh.of.mu
	mu.Lock()
	defer mu.Unlock()
	if !t.over {
		t.refresh.last = failed
		t.refresh.tell()
	}
}

// check refuses tokens that would be served for ever, or never.
func (r *refresher) check(token *oauth2.Token, now time.Time) error {
	switch {
	case token == nil || token.AccessToken == "":
		return &Error{Stage: r.kind.stage(), Code: codeInvalidAnswer, Description: "the source gave no token"}
	case tokenFault(token.AccessToken) != "":
		return &Error{Stage: r.kind.stage(), Code: codeInvalidAnswer, Transient: true, Description: "the source gave a token that " + tokenFault(token.AccessToken)}
	case token.Expiry.IsZero():
		return &Error{Stage: r.kind.stage(), Code: codeInvalidAnswer, Description: "the source gave a token without an expiry"}
	case token.Expiry.Sub(now.Round(0)) <= 0:
		return &Error{Stage: r.kind.stage(), Code: codeInvalidAnswer, Transient: true,
			Description: "the source gave a token that has ended already; the clock of this machine may be wrong"}
	}
	return nil
}
