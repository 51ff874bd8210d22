package awsfed

import "time"

// A Status is what a health check wants to know of a [TokenSource]: what there is to hand out, and
// whether it can be replaced. A program can serve as long as Token is [TokenValid]; an operator
// wants to hear of Refresh being [RefreshFailing] before that changes.
type Status struct {
	Token     State         // TokenNone, TokenValid or TokenEnded
	Expiry    time.Time     // of the token that is valid, by this machine's clock; zero else
	ExpiresIn time.Duration // what is left of it; zero else

	Refresh      State     // RefreshNever, RefreshOK or RefreshFailing
	FailingSince time.Time // the first failed attempt since the last success; zero unless Refresh is RefreshFailing
	Attempts     int       // that failed since the last success
	Err          error     // of the last attempt, an *Error; nil after a success, and before the first attempt

	Waiting   int // callers that wait now for want of a token
	Abandoned int // calls that still run though their ctx has ended; at 4 there are no more attempts

	// Below is the federated token's, where [NewTokenSource] made a source for it; else nil.
	Below *Status
}

// A State is one of two answers of a [Status]. The values are fit for metric labels.
type State string

const (
	TokenNone  State = "none"  // there was none yet, or Invalidate dropped the last one
	TokenValid State = "valid" // callers get it at once
	TokenEnded State = "ended" // and no other has come

	RefreshNever   State = "never" // no attempt has ended yet
	RefreshOK      State = "ok"
	RefreshFailing State = "failing"
)

// Status asks nobody: it tells what is known.
func (ts *TokenSource) Status() Status {
	r := ts.refresher()
	if r == nil {
		return Status{Token: TokenNone, Refresh: RefreshNever, Err: errNotMade}
	}
	status := r.status()
	if below := ts.below.Reveal(); below != nil {
		federated := below.status()
		status.Below = &federated
	}
	return status
}

func (r *refresher) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := Status{Token: TokenNone, Refresh: RefreshNever, Attempts: int(r.attempts), Abandoned: int(r.abandoned)}
	switch {
	case r.last != nil:
		status.Refresh, status.FailingSince, status.Err = RefreshFailing, r.outage.since, r.last.err
	case r.succeeded:
		status.Refresh = RefreshOK
	}
	if r.refresh != nil {
		status.Waiting = r.refresh.waiters
	}
	now := time.Now()
	if held := r.held.Load(); held != nil {
		status.Token = TokenEnded
		if left := held.remaining(now); left > 0 {
			status.Token, status.Expiry, status.ExpiresIn = TokenValid, held.copy(now).Expiry, left
		}
	}
	return status
}
