package awsfed

import (
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

// A heldToken is a token with what it takes to judge its life by two clocks. All but atOnce stays as
// it is made.
type heldToken struct {
	token         oauth2.Token
	authorization string    // of a request; the text of the token is a part of it
	fetched       time.Time // when its life began, with the monotonic reading
	life          time.Duration
	ends          int64 // of the token by the wall clock, in nanoseconds since 1970

	// atOnce is how much of the life has to be left for a caller to get a copy without the lock of the
	// refresher: there is nothing to note and nothing due. Who changes what is due makes it never.
	atOnce atomic.Int64
}

const (
	bearer = "Bearer "
	// never is more than any life.
	never = math.MaxInt64
)

func newHeldToken(token *oauth2.Token, fetched time.Time) *heldToken {
	authorization := bearer + token.AccessToken
	h := &heldToken{token: *token, authorization: authorization, fetched: fetched, life: token.Expiry.Sub(fetched.Round(0)),
		ends: token.Expiry.UnixNano()}
	h.token.AccessToken = authorization[len(bearer):]
	h.atOnce.Store(never)
	return h
}

// remaining is what is left of the token's life, by the sooner of its two ends.
func (h *heldToken) remaining(now time.Time) time.Duration {
	wall, monotonic := h.left(now)
	return min(wall, monotonic)
}

// left is what is left of the life by each clock. The wall clock goes on while the machine is
// suspended, and may be set back; the monotonic one the other way round.
func (h *heldToken) left(now time.Time) (wall, monotonic time.Duration) {
	return time.Duration(h.ends - now.UnixNano()), h.life - now.Sub(h.fetched)
}

// free reports whether a caller may have the token as it stands, without the lock.
func (h *heldToken) free(now time.Time) bool {
	wall, monotonic := h.left(now)
	return int64(min(wall, monotonic)) > h.atOnce.Load() && wall-monotonic <= time.Second
}

// copy is the token for a caller. If the wall clock was set back since it was fetched, its end is
// where it would have been with the clock as it is now.
func (h *heldToken) copy(now time.Time) *oauth2.Token {
	token := h.token
	if wall, monotonic := h.left(now); wall-monotonic > time.Second {
		token.Expiry = now.Round(0).Add(monotonic)
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
