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
	if ts.flight != nil && ts.flight.attempt != nil {
		ts.flight.attempt.due = ts.flight.attempt.due.Round(0).Add(-d)
	}
}
