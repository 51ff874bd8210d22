package awsfed

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"
)

// A refresh is one replacement of the token, with its attempts. All who wait share its end.
type refresh struct {
	of     *refresher
	budget time.Duration
	level  int  // how many attempts of other sources wait for it
	probe  bool // callers get the last error at once instead of waiting
	link   any  // of the caller who began it

	// These are guarded by the refresher's mu.
	deadline time.Time
	waited   bool          // a caller waits, or has waited, so it tries again by itself
	waiters  int           // callers that wait now
	tries    int           // attempts that failed
	slow     bool          // an attempt has used up its share, so the next gets all that is left
	trial    *trial        // the attempt under way; nil in a pause
	pause    *time.Timer   // nil in an attempt
	resume   time.Time     // when the pause is over
	last     *failure      // of the newest attempt, or of the newest that got an answer
	news     chan struct{} // closed and made anew when an attempt fails
	done     chan struct{} // closed when result or err is set
	result   *heldToken
	err      error
}

// join makes a caller wait for the refresh. If the wall clock has passed the end of its attempt or
// its pause, the machine was suspended in it, and the refresh begins anew. The caller holds mu.
func (f *refresh) join(now time.Time) {
	f.waited = true
	f.waiters++
	late := func(t time.Time) bool { return now.Round(0).After(t.Round(0)) }
	switch t := f.trial; {
	case t != nil && late(t.due):
		t.frozen = true
		t.end()
		t.due = now.Add(f.budget) // once is enough
	case f.pause != nil && late(f.resume) && f.pause.Stop():
		f.pause.Reset(0)
	default:
		return
	}
	f.deadline, f.slow = now.Add(f.budget), false
}

// await waits for the end of f. It reports whether the caller has to ask again: the token that it
// waited for has ended meanwhile.
func (r *refresher) await(ctx context.Context, done <-chan struct{}, f *refresh, asking *Attempt) (token *oauth2.Token, err error, again bool) {
	waits := true
	defer func() {
		if waits {
			r.mu.Lock()
			f.waiters--
			r.mu.Unlock()
		}
	}()
	for {
		r.mu.Lock()
		news := f.news
		r.mu.Unlock()
		select {
		case <-f.done:
			if f.err != nil {
				return nil, f.err, false
			}
			now := time.Now()
			if f.result.remaining(now) <= 0 {
				return nil, nil, true
			}
			return f.result.copy(now), nil, false
		case <-done:
			token, err = r.leave(ctx, f)
			return token, err, false
		case <-news:
			r.mu.Lock()
			last := f.last
			if f.waiters > maxWaiters {
				f.waiters--
				waits = false
			}
			r.mu.Unlock()
			asking.failed(last.err)
			if !waits {
				return nil, last.err, false
			}
		}
	}
}

// current is the stage that the refresh is at; "" where nobody knows.
func (f *refresh) current() Stage {
	f.of.mu.Lock()
	t := f.trial
	f.of.mu.Unlock()
	if t == nil {
		return ""
	}
	return t.current()
}

// start begins a refresh. The caller holds mu.
func (r *refresher) start(now time.Time, f *refresh) {
	f.budget = r.timeout - r.timeout/slackShare*time.Duration(1+f.level)
	f.deadline = now.Add(f.budget)
	f.news, f.done = make(chan struct{}), make(chan struct{})
	// In the background there is one attempt a refresh: a source that needs more than its share
	// gets it the next time.
	f.slow = r.slow && !f.waited
	r.refresh, r.asked = f, false
	go r.run(f)
}

// tell wakes those who wait. The caller holds mu of the refresher.
func (f *refresh) tell() {
	close(f.news)
	f.news = make(chan struct{})
}

// settle ends an attempt, and with it the refresh unless that is to try again. Of an attempt that
// was abandoned it takes in the return of the call.
func (r *refresher) settle(f *refresh, t *trial, token *oauth2.Token, err error, abandoned bool) {
	now := time.Now()
	if err == nil {
		err = r.check(token, now)
	}
	r.mu.Lock()
	frozen := err != nil && t.frozen
	r.mu.Unlock()
	if frozen {
		err = &Error{Stage: r.kind.stage(), Transient: true, Err: errFrozen}
	}
	var failed *failure
	if err != nil {
		failed = newFailure(r.kind.stage(), err)
	}
	late := errors.Is(t.Err(), context.DeadlineExceeded)
	told := report{RefreshEvent: RefreshEvent{Kind: r.kind, Provider: r.reporter.provider, ServiceAccount: r.account, Target: r.target, Attempt: t.number,
		Start: t.start, Duration: now.Sub(t.start), Steps: t.result()}}

	r.mu.Lock()
	defer r.mu.Unlock()
	if t.over {
		r.abandoned--
		return
	}
	t.over = true
	t.abandon.Stop()
	if held := r.held.Load(); held != nil {
		held.atOnce.Store(never) // what follows changes what is due
	}
	f.trial = nil
	if abandoned {
		r.abandoned++
		t.end()
	}
	told.Background, told.Waiting, told.Link, told.outage = !f.waited, f.waiters, f.link, r.outage
	r.slow = failed != nil && !frozen && late
	f.slow = f.slow || r.slow
	if failed == nil {
		r.accept(token, t.start, now, f.waited)
		told.Expiry, told.Next = token.Expiry, r.next
		r.reporter.tell(told)
		f.result = r.held.Load()
		r.finish(f)
		return
	}
	r.settleFailure(f, failed, told, now, frozen)
}

// settleFailure ends an attempt that failed. The caller holds mu.
func (r *refresher) settleFailure(f *refresh, failed *failure, told report, now time.Time, frozen bool) {
	switch {
	case !r.slow || f.last == nil || f.last.err.StatusCode == 0:
		f.last = failed
	case !now.Before(f.deadline):
		failed = f.last // what a server said tells more than that the time was up
	}
	if r.attempts++; r.attempts == 1 {
		r.outage = &outage{since: told.Start}
	}
	r.last = failed
	f.tries++
	told.Err, told.Repeated, told.outage = failed.err, failed.reported, r.outage
	if held := r.held.Load(); held != nil {
		told.left = max(held.remaining(now), 0)
	}
	pause := retryPause(f.tries, failed)
	if frozen {
		pause = 0
	}
	if told.Next = now.Add(pause); f.waited && !r.valid(now) && failed.transient && told.Next.Before(f.deadline) {
		f.resume = told.Next
		f.pause = time.AfterFunc(pause, func() { r.run(f) })
		r.reporter.tell(told)
		f.tell()
		return
	}
	told.Next = r.reject(failed, now)
	told.over = !r.valid(now)
	r.reporter.tell(told)
	f.err = failed.err
	if r.valid(now) { // in its last seconds, and good enough for who waits
		f.result, f.err = r.held.Load(), nil
	}
	r.finish(f)
}

// finish ends the refresh. The caller holds mu.
func (r *refresher) finish(f *refresh) {
	r.refresh = nil
	close(f.done)
}
