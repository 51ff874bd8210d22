package awsfed

import "time"

// Suspend does to the source what a suspended machine does: the wall clock goes on by gap, and the monotonic one does
// not. No test can do that to the clock itself.
func (ts *TokenSource) Suspend(gap time.Duration) { ts.moveWallClock(gap) }

// SetBack does what setting the wall clock back by gap does.
func (ts *TokenSource) SetBack(gap time.Duration) { ts.moveWallClock(-gap) }

func (ts *TokenSource) moveWallClock(d time.Duration) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.token != nil {
		ts.token.Expiry = ts.token.Expiry.Add(-d)
	}
	ts.used = ts.used.Add(-d)
	if f := ts.flight; f != nil {
		f.resume = f.resume.Round(0).Add(-d)
		if f.attempt != nil {
			f.attempt.due = f.attempt.due.Round(0).Add(-d)
		}
	}
}

// The rules of the schedule, for a table of their bounds.
var (
	RefreshAfter    = refreshAfter
	BackgroundPause = backgroundPause
	FlightPause     = flightPause
	HoldPause       = holdPause
)
