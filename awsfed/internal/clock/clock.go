// Package clock tells the time of the servers that awsfed talks to, on a machine whose own clock
// may be wrong.
package clock

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// MaxSkew bounds what is believed: a Date further away says more about a broken proxy than
	// about this machine.
	MaxSkew = 12 * time.Hour
	// minSkew is what the whole seconds of a Date header and the way of the answer can feign.
	minSkew = 2 * time.Second
)

// A Clock is this machine's clock, corrected by the Date of the newest answer. The zero value
// trusts the machine. It is safe for concurrent use.
type Clock struct {
	offset atomic.Int64 // nanoseconds to add to the machine's time
}

// Now is the servers' time, as far as it is known.
func (c *Clock) Now() time.Time { return time.Now().Add(c.Offset()) }

// Offset is how far the servers are ahead of this machine; negative when they are behind.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Learn takes in the Date of an answer that was received just now to a request sent at sent. Answers without a
// believable Date teach nothing.
func (c *Clock) Learn(sent time.Time, text string) {
	date, ok := parseDate(sent, text)
	if !ok {
		return
	}
	sent = sent.Round(0)
	offset := date.Sub(sent)
	if date.After(sent.Add(-minSkew)) && date.Before(time.Now().Round(0).Add(minSkew)) {
		offset = 0 // Between the sending and the answer: the clock is right.
	}
	c.offset.Store(int64(offset))
}

// Local turns an instant that a server named into this machine's time, by the Date of the same
// answer. It errs on the early side, by a second and the time that the answer took; a skew of less
// than three seconds may pass unseen. Without a believable Date the instant stands as it is.
func Local(t, sent time.Time, text string) time.Time {
	date, ok := parseDate(sent, text)
	if !ok || date.Sub(sent.Round(0)).Abs() < minSkew {
		return t
	}
	// Date has its fraction cut off, so the server's time may be up to a second later than it says.
	return sent.Round(0).Add(t.Sub(date) - time.Second)
}

func parseDate(sent time.Time, text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, false
	}
	date, err := http.ParseTime(text)
	if err != nil || date.Sub(sent.Round(0)).Abs() > MaxSkew {
		return time.Time{}, false
	}
	return date, true
}
