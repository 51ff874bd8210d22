package awsfed_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestTokenSourceRetriesATransientFailureWithinTheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).Times(2))
		cloud.Inject(awsfedtest.Reset(awsfedtest.IAMCredentials).Times(2))
		_, err := newSource(t, cloud).Token()
		require.NoError(t, err)
		assert.Equal(t, 3, cloud.Count(awsfedtest.GoogleSTS), "and once it is there the federated token is kept")
		assert.Equal(t, 3, cloud.Count(awsfedtest.IAMCredentials))
	})
}

// The many failures of the background say nothing of how long this one lasts.
func TestTokenSourceBeginsWithShortPausesAfterALongOutageInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		_, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(20 * time.Minute)
		sts := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		iam := cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
		time.Sleep(50 * time.Minute) // both tokens end, and nobody asks
		before := cloud.Count(awsfedtest.GoogleSTS)
		go func() {
			time.Sleep(5 * time.Second)
			sts()
			iam()
		}()
		start := time.Now()
		_, err = ts.Token()
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 10*time.Second, "one pause of at most 4 s after the service is back")
		assert.GreaterOrEqual(t, cloud.Count(awsfedtest.GoogleSTS)-before, 5, "at once, and then after at most 0.25, 0.5, 1 and 2 s")
		time.Sleep(3 * time.Hour)
	})
}

func TestTokenSourceDoesNotRetryAPermanentFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.GoogleSTS, http.StatusBadRequest, nil, `{"error":"invalid_target"}`))
		start := time.Now()
		_, err := newSource(t, cloud).Token()
		assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
		assert.Zero(t, time.Since(start))
	})
}

func TestTokenSourceFirstAttemptThatHangsIsNotTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, hangs, gives(time.Hour))
		start := time.Now()
		_, err := ts.Token()
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 11*time.Second)
	})
}

func TestTokenSourceThatIsSlowSucceedsWithinTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := cached(t, takes(12*time.Second))
		start := time.Now()
		_, err := ts.Token()
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 30*time.Second)
	})
}

func TestTokenSourceLastAttemptDoesNotHideWhatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, fails(&awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 503, Transient: true}), hangs)
		_, err := ts.Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 503, e.StatusCode)
		time.Sleep(time.Minute)
	})
}

func TestTokenSourceCallerWhoLeavesAHealthyRefreshHearsNoOldFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts, _ := scripted(t, gives(time.Hour), fails(&awsfed.Error{StatusCode: 403, Code: "PERMISSION_DENIED"}), hangs)
		token, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Until(token.Expiry) + time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = ts.TokenContext(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.NotErrorIs(t, err, awsfed.ErrPermissionDenied)
		time.Sleep(time.Minute)
	})
}

func TestTokenSourceKeepsAForeignErrorWhenTheCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foreign := errors.New("of somebody else's")
		ts, _ := scripted(t, fails(foreign))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := ts.TokenContext(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, foreign)
		time.Sleep(time.Minute)
	})
}

func TestTokenSourceRetriesAForeignErrorAndGivesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foreign := errors.New("of somebody else's")
		ts, s := scripted(t, fails(foreign), gives(time.Hour))
		_, err := ts.Token()
		require.NoError(t, err)
		assert.EqualValues(t, 2, s.asked.Load())

		never, _ := scripted(t, fails(foreign))
		_, err = never.Token()
		assert.ErrorIs(t, err, foreign)
		time.Sleep(time.Minute)
	})
}
