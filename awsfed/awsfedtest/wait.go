package awsfedtest

import (
	"sync"
	"time"
)

const (
	// quiet is how long no request may come before Wait returns. It has no round number of
	// nanoseconds, so that no clock but that of a bubble measures just as much.
	quiet = 1_000_003 * time.Nanosecond
	// bubbleQuiet is the same within a testing/synctest bubble. It is more than the pause of any
	// client between two attempts.
	bubbleQuiet = time.Minute
)

// Wait waits until no request is open, neither of [Cloud.Client] nor at a [Server], and those that
// follow on them are answered, too: the impersonation after a token exchange, for one. A test that
// runs in a testing/synctest bubble calls it at its end, since a refresh goes on after its caller
// has left and the bubble must not end before it. A request that a fault delays is open until the
// delay ends, and one that is dropped until its client gives up.
//
// Within a bubble a client may pause for up to a minute before it tries again, so the clock moves
// by at least that; outside of one, Wait returns after a millisecond without a request. It does not
// return while a client goes on to ask more often. It must be called in the bubble in which the
// requests are made, if they are made in one.
func (c *Cloud) Wait() {
	for pause := quiet; ; {
		none, begun := c.open.none()
		<-none
		start := time.Now()
		time.Sleep(pause)
		switch {
		case !c.open.stillNone(begun):
		case pause == quiet && time.Since(start) == quiet: // the clock of a bubble, which is exact
			pause = bubbleQuiet
		default:
			return
		}
	}
}

// openRequests knows how many requests are being answered. Its zero value is ready for use.
type openRequests struct {
	mu      sync.Mutex
	open    int
	begun   int             // since New
	waiting []chan struct{} // each closed as soon as none is open
}

// begin counts a request in. Call end when it is answered.
func (o *openRequests) begin() (end func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open++
	o.begun++
	return o.end
}

func (o *openRequests) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open--; o.open > 0 {
		return
	}
	for _, none := range o.waiting {
		close(none)
	}
	o.waiting = nil
}

// none returns what is closed as soon as no request is open, and how many have begun so far.
func (o *openRequests) none() (none <-chan struct{}, begun int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	closed := make(chan struct{})
	if o.open == 0 {
		close(closed)
	} else {
		o.waiting = append(o.waiting, closed)
	}
	return closed, o.begun
}

// stillNone reports whether no request is open and none began after the given number.
func (o *openRequests) stillNone(begun int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.open == 0 && o.begun == begun
}
