package awsfed

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// queueLength is how many events wait for a hook or a logger that is busy. Later ones are dropped
// and counted.
const queueLength = 64

// A reporter tells the log and the hook of every attempt: each in order and one at a time, off the
// way of callers and of refreshes. The sources that NewTokenSource connects share one.
type reporter struct {
	logger    *slog.Logger
	onRefresh func(RefreshEvent)        // nil for none
	linkOf    func(context.Context) any // as in Config; nil for none
	provider  string                    // in events
	log       eventQueue
	hook      *eventQueue // nil without onRefresh
}

func newReporter(options CacheOptions) *reporter {
	r := &reporter{logger: options.Logger, onRefresh: options.OnRefresh, linkOf: options.LinkOf, provider: options.Provider}
	if r.logger == nil {
		r.logger = slog.Default()
	}
	if r.onRefresh != nil {
		r.hook = &eventQueue{}
	}
	return r
}

// handle gives an event that waited in q to its receiver, which may be anybody's code.
func (r *reporter) handle(q *eventQueue, event report) {
	if q == &r.log {
		_ = guard(noStage, "Config.Logger", func() error { logEvent(r.logger, event); return nil }) // There is nobody left to tell.
		return
	}
	err := guard(noStage, "Config.OnRefresh", func() error { r.onRefresh(event.RefreshEvent); return nil })
	if err != nil {
		_ = guard(noStage, "Config.Logger", func() error { r.logger.Warn("awsfed: an event was lost", "error", err); return nil })
	}
}

// A report is an event and what the log makes of it.
type report struct {
	RefreshEvent
	outage *outage       // nil while all is well
	left   time.Duration // of the token at hand, at a failure
	over   bool          // callers get the error from now on
}

func (r *reporter) tell(event report) {
	r.log.add(r, event)
	if r.hook != nil {
		r.hook.add(r, event)
	}
}

// An eventQueue gives events to one receiver, in order. A goroutine runs while there are any.
type eventQueue struct {
	mu      sync.Mutex
	waiting []report
	running bool
	dropped int // since the last event that was queued
}

func (q *eventQueue) add(r *reporter, event report) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == queueLength {
		q.dropped++
		return
	}
	event.Dropped, q.dropped = q.dropped, 0
	if !q.running {
		q.running = true
		go q.run(r, event)
		return
	}
	q.waiting = append(q.waiting, event)
}

func (q *eventQueue) next() (report, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.waiting, q.running = nil, false
		return report{}, false
	}
	event := q.waiting[0]
	q.waiting = q.waiting[1:]
	return event, true
}

// run hands out an event and what waits behind it. A panic of the receiver costs its event alone, and
// so does runtime.Goexit.
func (q *eventQueue) run(r *reporter, event report) {
	more := true
	defer func() {
		if more { // the receiver has ended this goroutine
			if event, ok := q.next(); ok {
				go q.run(r, event)
			}
		}
	}()
	for more {
		r.handle(q, event)
		event, more = q.next()
	}
}
