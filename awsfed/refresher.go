package awsfed

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

// A refresher holds one token and replaces it in time. Its states, by what is at hand:
//
//	         first call                 success
//	none ───────────────► refreshing ───────────────► valid ◄──────────────┐
//	  ▲                    │  callers wait            │   callers get it   │ success
//	  │ nobody asked       │ the whole refresh failed │   and a timer runs │
//	  │ for a pause        ▼                          ▼                    │
//	  └──────────────── failing ◄──────────── ended, Invalidate ──► refreshing (as on the left)
//	                       │  callers get the last error at once
//	                       └► one attempt after each pause, while somebody asks ──► valid
//
// While it is valid, refreshes run in the background, one attempt each, and their failures change
// nothing but when the next one is due.
//
// No code that is not of this package runs under mu: no method of a ctx or of an error, no source,
// hook or logger.
type refresher struct {
	source   ContextTokenSource
	kind     TokenKind
	account  string // in events; "" for none
	target   string // so is this
	timeout  time.Duration
	reserve  time.Duration // as in Config
	reporter *reporter

	held atomic.Pointer[heldToken] // nil before the first, and after Invalidate; written under mu

	mu        sync.Mutex
	next      time.Time // when the token is to be replaced, or that to be tried again
	used      time.Time // the latest end of all tokens that were handed out
	dropped   time.Time // when Invalidate last dropped a token
	timer     *time.Timer
	refresh   *refresh  // nil when none is under way
	outage    *outage   // nil when the last attempt succeeded, and before the first
	last      *failure  // of the last attempt; nil after a success
	stands    time.Time // until when callers get last at once, while there is no token; zero when they do not
	attempts  int32     // since the last success
	failed    int32     // refreshes since the last success
	abandoned int32     // calls of the source that go on though their ctx has ended
	succeeded bool      // an attempt, ever
	asked     bool      // by a caller who got last
	slow      bool      // the last attempt used up its time
}

// take gives a copy of the token if it is valid, else nil, and starts its replacement if that is
// due: the timer does so too, but not for a source that went quiet, nor in time on a machine that
// was suspended.
func (r *refresher) take() *oauth2.Token {
	now := time.Now()
	if held := r.ready(now); held != nil {
		token := held.token
		return &token
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.takeAt(now)
}

// takeAt is take. The caller holds mu.
func (r *refresher) takeAt(now time.Time) *oauth2.Token {
	if !r.valid(now) {
		return nil
	}
	held := r.held.Load()
	r.used = later(r.used, held.token.Expiry)
	if r.refresh == nil && passed(r.next, now) {
		r.start(now, &refresh{of: r})
	}
	atOnce := r.least(held)
	if r.refresh == nil { // until the next is due, by either clock
		atOnce = max(atOnce, held.token.Expiry.Sub(r.next.Round(0)), held.life-r.next.Sub(held.fetched))
	}
	held.atOnce.Store(int64(atOnce))
	return held.copy(now)
}

// ready is the token if a caller may have a copy of it at once, without a lock.
func (r *refresher) ready(now time.Time) *heldToken {
	if held := r.held.Load(); held != nil && held.free(now) {
		return held
	}
	return nil
}

// valid reports whether there is a token to hand out. One in its last seconds is none, since it
// would end on its way, unless the next has been asked for and did not come: then it is the best
// there is. The caller holds mu.
func (r *refresher) valid(now time.Time) bool {
	held := r.held.Load()
	return held != nil && held.remaining(now) > r.least(held)
}

// least is what has to be left of a token that is handed out. The caller holds mu.
func (r *refresher) least(held *heldToken) time.Duration {
	if r.attempts > 0 {
		return 0
	}
	return margin(held.life)
}

// wait gives a token when there is one, or an error.
func (r *refresher) wait(ctx context.Context) (*oauth2.Token, error) {
	asking, done := AttemptOf(ctx), ctx.Done()
	link := r.link(ctx)
	if refused := asking.Refused(); refused != "" {
		r.invalidate(refused)
	}
	for {
		ended := ctx.Err() != nil
		r.mu.Lock()
		now := time.Now()
		if token := r.takeAt(now); token != nil {
			r.mu.Unlock()
			return token, nil
		}
		if ended {
			r.mu.Unlock()
			return r.leave(ctx, nil)
		}
		f, failed := r.enter(now, asking, link)
		left := r.stands.Sub(now)
		r.mu.Unlock()
		if failed != nil {
			return nil, failed.standing(left)
		}
		asking.wait(f)
		token, err, again := r.await(ctx, done, f, asking)
		asking.wait(nil)
		if !again {
			return token, err
		}
	}
}

// link is what [Config.LinkOf] makes of the ctx of a caller who has to wait.
func (r *refresher) link(ctx context.Context) (link any) {
	if r.reporter.linkOf == nil {
		return nil
	}
	_ = guard(noStage, "Config.LinkOf", func() error { link = r.reporter.linkOf(ctx); return nil }) // Without a link it is a refresh all the same.
	return link
}

// enter makes a caller one of those who wait for the refresh under way, which it starts if there is
// none, or gives the failure that the caller gets at once. The caller holds mu.
func (r *refresher) enter(now time.Time, asking *Attempt, link any) (*refresh, *failure) {
	f := r.refresh
	if f == nil {
		switch {
		case r.stands.IsZero() || passed(r.stands, now) && !r.asked:
			f = &refresh{of: r, waited: true, level: asking.level(), link: link}
			r.start(now, f)
		case passed(r.stands, now): // and the timer is late
			r.start(now, &refresh{of: r, probe: true, level: asking.level()})
			return nil, r.last
		default:
			r.asked = true
			return nil, r.last
		}
	}
	switch {
	case f.probe:
		r.asked = true
		return nil, r.last
	case f.last != nil && f.waiters >= maxWaiters:
		return nil, f.last
	case r.attempts > 0 && r.last != nil && f.waiters >= maxWaiters:
		return nil, r.last
	}
	f.join(now)
	return f, nil
}

// leave is what a caller gets whose ctx ended while it waited for f, nil if it did not come to
// that: a token in its last seconds, which is better than none, or an error. The last failure of
// the refresh, if there is one, says more than the ctx.
func (r *refresher) leave(ctx context.Context, f *refresh) (*oauth2.Token, error) {
	ended, cause := ctx.Err(), context.Cause(ctx)
	stage := r.kind.stage()
	if f != nil {
		stage = cmp.Or(f.current(), stage)
	}
	var last *failure
	r.mu.Lock()
	now := time.Now()
	if held := r.held.Load(); held != nil && held.remaining(now) > 0 {
		r.mu.Unlock()
		return held.copy(now), nil
	}
	if f != nil {
		last = f.last
	}
	r.mu.Unlock()

	if ended != nil && !errors.Is(cause, ended) {
		cause = errors.Join(ended, cause)
	}
	patient := !errors.Is(cause, context.Canceled)
	if last == nil {
		return nil, (&Error{Stage: stage, Err: cause, Transient: patient,
			Hint: "the ctx of the caller ended first; the refresh goes on for the others, up to the Timeout of the configuration"}).cleaned()
	}
	e := last.err.clone()
	e.Err = errors.Join(cause, e.Err)
	e.Transient = e.Transient && errors.Is(cause, context.DeadlineExceeded)
	return nil, e.cleaned()
}

// accept takes a new token in, unless the present one lives longer. The caller holds mu.
func (r *refresher) accept(token *oauth2.Token, start, now time.Time, waited bool) {
	r.attempts, r.failed, r.last, r.stands, r.asked = 0, 0, nil, time.Time{}, false
	r.outage, r.succeeded = nil, true
	// Lives are compared, not ends: those of two settings of the clock mean nothing next to each
	// other.
	held := r.held.Load()
	if held == nil || token.Expiry.Sub(now.Round(0)) > held.remaining(now) {
		held = newHeldToken(token, start)
		r.held.Store(held)
		r.next = start.Add(max(refreshAfter(held.life, r.reserve), time.Second))
	} else {
		r.next = now.Add(max(refreshAfter(held.remaining(now), r.reserve), time.Second))
	}
	if waited {
		r.used = later(r.used, held.token.Expiry)
	}
	r.arm(r.next, now)
}

// reject plans what follows a failed refresh, and tells when. The caller holds mu.
func (r *refresher) reject(f *failure, now time.Time) time.Time {
	r.failed++
	r.asked = false
	if !r.valid(now) {
		r.stands = now.Add(failingPause(int(r.failed), f))
		r.arm(r.stands, now)
		return r.stands
	}
	held := r.held.Load()
	r.next = now.Add(backgroundPause(int(r.failed), f, held.remaining(now)-margin(held.life)))
	if asked := min(f.retryAfter(), maxRetryAfter); asked > 0 {
		r.stands = now.Add(asked)
	}
	r.arm(r.next, now)
	return r.next
}

// invalidate drops a token, as [TokenSource.Invalidate] says.
func (r *refresher) invalidate(accessToken string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if held := r.held.Load(); held == nil || held.token.AccessToken != accessToken ||
		!r.dropped.IsZero() && !passed(r.dropped.Add(invalidatePause), now) {
		return
	}
	r.held.Store(nil)
	r.dropped = now
}
