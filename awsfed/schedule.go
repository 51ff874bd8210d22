package awsfed

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// What a token needs to arrive before it ends. Package oauth2 draws the same line.
	expiryMargin = 10 * time.Second

	// A background retry has the rest of the token's life to succeed; what it must not do is add to an outage.
	backgroundBase = 4 * time.Second
	backgroundCap  = 10 * time.Minute
	// What cannot heal by itself is asked again in case somebody heals it.
	permanentPause = 10 * time.Minute

	// Inside a flight somebody waits.
	flightBase = 250 * time.Millisecond
	flightCap  = 8 * time.Second

	// After a failed flight callers share its error for a moment, so that they cannot become a storm of requests.
	holdBase         = time.Second
	holdCap          = 5 * time.Second
	holdPermanentCap = time.Minute

	// maxRetryAfter bounds how long a server can silence a source that has no token.
	maxRetryAfter = 5 * time.Minute
)

// margin is how long before its end a token with that much life counts as ended.
func margin(life time.Duration) time.Duration { return min(expiryMargin, life/10) }

// refreshAfter is when, after the start of its life, a token is replaced: at 40 to 48.5 percent. An outage of half a life
// can then begin at any moment and end before the token does. A fleet that started together drifts apart, since each
// token draws anew: the wider the range, the thinner the worst second.
func refreshAfter(life time.Duration) time.Duration {
	return time.Duration(float64(life) * (0.40 + 0.085*rand.Float64()))
}

// backgroundPause is the pause before the next try to replace a token that ends in remaining, after that many failed
// ones. Whatever it draws, there is a try in the token's last minute.
func backgroundPause(failed int, err error, remaining time.Duration) time.Duration {
	pause := fullJitter(backgroundBase, backgroundCap, failed)
	if !transient(err) {
		pause = between(permanentPause/2, permanentPause)
	}
	if remaining > time.Minute {
		pause = min(pause, remaining-between(expiryMargin+5*time.Second, time.Minute))
	}
	// The server's wish comes before all that, and everybody it was told to is not to come back at once.
	asked := min(retryAfter(err), time.Hour)
	return max(pause, asked+between(0, asked/8), time.Second)
}

// flightPause is the pause before the next try of a flight that somebody waits for.
func flightPause(failed int, err error) time.Duration {
	return max(fullJitter(flightBase, flightCap, failed), retryAfter(err), 50*time.Millisecond)
}

// holdPause is how long the error of a failed flight stands.
func holdPause(failed int, err error) time.Duration {
	limit := holdCap
	if !transient(err) {
		limit = holdPermanentCap
	}
	pause := exponential(holdBase, limit, failed)
	return max(between(pause/2, pause), min(retryAfter(err), maxRetryAfter))
}

// fullJitter draws from zero to the exponential bound, which spreads a fleet better than any narrower choice.
func fullJitter(base, limit time.Duration, failed int) time.Duration {
	return between(0, exponential(base, limit, failed))
}

// exponential is base doubled with every failure after the first, up to limit.
func exponential(base, limit time.Duration, failed int) time.Duration {
	return min(base<<min(max(failed-1, 0), 20), limit)
}

func between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + rand.N(high-low)
}

// transient judges any error: one of this package says so itself, and of another's nothing speaks against a retry.
func transient(err error) bool {
	var e *Error
	return !errors.As(err, &e) && !errors.Is(err, context.Canceled) || errors.Is(err, ErrTransient)
}

func retryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
