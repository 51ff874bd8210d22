package awsfed

import (
	"time"

	"golang.org/x/oauth2"
)

// A heldToken is a token with what it takes to judge its life by two clocks. It is never changed.
type heldToken struct {
	token   oauth2.Token
	fetched time.Time // when its life began, with the monotonic reading
	life    time.Duration
}

// remaining is what is left of the token's life. The wall clock goes on while the machine is
// suspended, and may be set back; the monotonic one the other way round. The sooner end counts.
func (h *heldToken) remaining(now time.Time) time.Duration {
	return min(h.token.Expiry.Sub(now.Round(0)), h.life-now.Sub(h.fetched))
}

// copy is the token for a caller. If the wall clock was set back since it was fetched, its end is
// where it would have been with the clock as it is now.
func (h *heldToken) copy(now time.Time) *oauth2.Token {
	token := h.token
	if end := now.Round(0).Add(h.remaining(now)); token.Expiry.Sub(end) > time.Second {
		token.Expiry = end
	}
	return &token
}

// passed judges by both clocks, since either may have stood still.
func passed(t, now time.Time) bool { return !now.Before(t) || !now.Round(0).Before(t.Round(0)) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
