package awsfed

import (
	"time"
	"weak"
)

// arm sets the timer. It holds the refresher weakly: one that nobody references is garbage while
// its timer still runs. The caller holds mu.
func (r *refresher) arm(at, now time.Time) {
	pause := max(at.Sub(now), 0)
	if r.timer != nil {
		r.timer.Reset(pause)
		return
	}
	weakly := weak.Make(r)
	r.timer = time.AfterFunc(pause, func() {
		if r := weakly.Value(); r != nil {
			r.tick()
		}
	})
}

// tick starts a refresh in the background, if it is due and of use: when a token that was handed
// out is still alive, its holder will come back for the next; and when there is none, when somebody
// has asked since the last failure. All else is left to whoever calls.
func (r *refresher) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	switch {
	case r.refresh != nil:
	case r.valid(now):
		if passed(r.next, now) && now.Round(0).Before(r.used) {
			r.start(now, &refresh{of: r})
		}
	case r.asked && passed(r.stands, now):
		r.start(now, &refresh{of: r, probe: true})
	}
}
