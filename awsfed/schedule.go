package awsfed

import (
	"math/rand/v2"
	"time"
)

// Every constant of the schedule, with its reason. Times are drawn at random within their bounds,
// so that a fleet that started together drifts apart.
const (
	// expiryMargin is what a token needs to arrive before it ends. Package oauth2 draws the same
	// line.
	expiryMargin = 10 * time.Second

	// backgroundBase and backgroundCap bound the pauses of retries in the background. They have the
	// rest of the token's life to succeed; what they must not do is add to an outage.
	backgroundBase = 4 * time.Second
	backgroundCap  = 10 * time.Minute
	// permanentPause is for what does not heal by itself: it is asked again in case somebody fixes
	// it.
	permanentPause = 10 * time.Minute

	// retryBase, retryCap and retryLeast bound the pauses between the attempts of a refresh that
	// callers wait for.
	retryBase  = 250 * time.Millisecond
	retryCap   = 4 * time.Second
	retryLeast = 50 * time.Millisecond

	// failingBase, failingCap and failingPermanentCap bound the pauses between refreshes while
	// there is no token: for that long callers get the last error at once, so that they cannot
	// become a storm of requests. failingReported is the pause where it is another source of this
	// process that fails: to ask it costs no request. Together they are such that a source of two
	// layers is back within five seconds of its service.
	failingBase         = time.Second
	failingCap          = 3900 * time.Millisecond
	failingPermanentCap = time.Minute
	failingReported     = 500 * time.Millisecond

	// maxRetryAfter bounds how long a server can silence a source that has no token.
	maxRetryAfter = 5 * time.Minute
	// maxBackgroundRetryAfter bounds it for one that has a token.
	maxBackgroundRetryAfter = time.Hour

	// firstAttemptShare is the part of a refresh that its first attempt may take, so that one that
	// hangs is not the last.
	firstAttemptShare = 3
	// slackShare is the part of the Timeout by which a refresh ends before its callers give up, be
	// they callers of Token or attempts of another source: they get the error that tells what
	// failed, and not that the time is up.
	slackShare = 25
	// graceShare is the part of the Timeout by which an attempt may outlive its deadline before it
	// is abandoned. It is less than what slackShare leaves between the first attempts of two
	// sources. leastGrace is for a busy machine.
	graceShare = 100
	leastGrace = 50 * time.Millisecond

	// maxWaiters is how many callers wait for a refresh once one of its attempts has failed. The
	// others get the error.
	maxWaiters = 1000
	// maxAbandoned is how many calls of a source may be left running because they ignored the end
	// of their ctx.
	maxAbandoned = 4
	// invalidatePause keeps many users of one source from dropping each other's new tokens while a
	// server refuses all.
	invalidatePause = time.Minute
)

// margin is how long before its end a token with that much life counts as ended.
func margin(life time.Duration) time.Duration { return min(expiryMargin, life/10) }

// refreshAfter is when, after the start of its life, a token is replaced, so that reserve of its
// life is left at any time: at 80 to 100 percent of the rest. The reserve is half of the life if it
// is zero, and 90 percent of it at most. A fleet that started together drifts apart, since each
// token draws anew.
func refreshAfter(life, reserve time.Duration) time.Duration {
	if reserve == 0 {
		reserve = life / 2
	}
	latest := life - min(reserve, life/10*9)
	return between(latest-latest/5, latest)
}

// attemptDeadline is the end of an attempt that starts at start: of the first one a share of the
// refresh, of one after an attempt that used up its share, all that is left.
func attemptDeadline(start, refreshDeadline time.Time, budget time.Duration, afterSlow bool) time.Time {
	if afterSlow {
		return refreshDeadline
	}
	return earlier(refreshDeadline, start.Add(budget/firstAttemptShare))
}

// backgroundPause is the pause before the next refresh of a token that ends in remaining, after
// that many failed ones. Whatever it draws, there is a refresh in the token's last minute.
func backgroundPause(failed int, f *failure, remaining time.Duration) time.Duration {
	pause := fullJitter(backgroundBase, backgroundCap, failed)
	if !f.transient {
		pause = between(permanentPause/2, permanentPause)
	}
	if remaining > time.Minute {
		pause = min(pause, remaining-between(expiryMargin+5*time.Second, time.Minute))
	}
	// The server's wish comes before all that, and everybody it was told to is not to come back at
	// once.
	asked := min(f.retryAfter(), maxBackgroundRetryAfter)
	return max(pause, asked+between(0, asked/8), time.Second)
}

// retryPause is the pause before the next attempt of a refresh that callers wait for.
func retryPause(failed int, f *failure) time.Duration {
	return max(fullJitter(retryBase, retryCap, failed), f.retryAfter(), retryLeast)
}

// failingPause is how long the error of a failed refresh stands while there is no token.
func failingPause(failed int, f *failure) time.Duration {
	limit := failingCap
	if !f.transient {
		limit = failingPermanentCap
	}
	pause := exponential(failingBase, limit, failed)
	if f.reported {
		pause = failingReported
	}
	return max(between(pause-pause/8, pause), min(f.retryAfter(), maxRetryAfter))
}

// fullJitter draws from zero to the exponential bound, which spreads a fleet better than any
// narrower choice.
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
