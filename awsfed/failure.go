package awsfed

import (
	"errors"
	"time"
)

// A failure is an error and what the refresher decides by. It is judged once, outside of every
// lock: the methods of an error may be anybody's code.
type failure struct {
	err       *Error
	transient bool
	reported  bool // by another TokenSource, in its own event and log line
}

// newFailure judges err, which has no stage of its own unless it is of this package.
func newFailure(stage Stage, err error) *failure {
	f := &failure{}
	judge := func() error {
		var e *Error
		if errors.As(err, &e) {
			f.err, f.transient, f.reported = e.as(err), errors.Is(err, ErrTransient), e.reported
		} else {
			f.transient = transient(err)
			f.err = (&Error{Stage: stage, Err: err, Transient: f.transient}).cleaned()
		}
		return nil
	}
	if panicked := guard(func() Stage { return stage }, "a method of the source's error", judge); panicked != nil {
		f.transient = true
		f.err = panicked.(*Error)
	}
	f.err.reported = true // by who calls this
	return f
}

// retryAfter is the pause that the server asked for.
func (f *failure) retryAfter() time.Duration { return f.err.RetryAfter }

// standing is the error for a caller while it stands, with what is left of the pause that the
// server asked for.
func (f *failure) standing(left time.Duration) *Error {
	if f.err.RetryAfter == 0 {
		return f.err
	}
	e := f.err.clone()
	e.RetryAfter = min(e.RetryAfter, left)
	return e
}
