package awsfed_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestStatusAnswersForTheTokenAndForItsRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		status := ts.Status()
		assert.Equal(t, awsfed.TokenNone, status.Token)
		assert.Equal(t, awsfed.RefreshNever, status.Refresh)
		assert.Equal(t, awsfed.RefreshNever, status.Below.Refresh, "the federated token's")
		assert.NoError(t, status.Err)

		token, err := ts.Token()
		require.NoError(t, err)
		status = ts.Status()
		assert.Equal(t, awsfed.TokenValid, status.Token)
		assert.Equal(t, token.Expiry, status.Expiry)
		assert.Equal(t, awsfed.RefreshOK, status.Refresh)
		assert.Equal(t, awsfed.RefreshOK, status.Below.Refresh)
		assert.Nil(t, status.Below.Below)

		outage := time.Now()
		up := cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
		time.Sleep(40 * time.Minute)
		status = ts.Status()
		assert.Equal(t, awsfed.TokenValid, status.Token)
		assert.Equal(t, awsfed.RefreshFailing, status.Refresh)
		assert.Greater(t, status.FailingSince.Sub(outage), 20*time.Minute)
		assert.Less(t, status.FailingSince.Sub(outage), 31*time.Minute)
		assert.ErrorIs(t, status.Err, awsfed.ErrTransient)
		assert.Positive(t, status.Attempts)
		assert.Equal(t, awsfed.RefreshOK, status.Below.Refresh, "it is not this one that fails")

		time.Sleep(21 * time.Minute)
		status = ts.Status()
		assert.Equal(t, awsfed.TokenEnded, status.Token)
		assert.Zero(t, status.Expiry)
		assert.Zero(t, status.ExpiresIn)

		waiting := make(chan error)
		go func() { _, err := ts.Token(); waiting <- err }()
		synctest.Wait()
		assert.Equal(t, 1, ts.Status().Waiting)
		up()
		require.NoError(t, <-waiting)
		status = ts.Status()
		assert.Equal(t, awsfed.RefreshOK, status.Refresh)
		assert.Zero(t, status.FailingSince)
		assert.Zero(t, status.Waiting)
		time.Sleep(3 * time.Hour)
	})
}

func TestStatusOfASourceThatNoConstructorMade(t *testing.T) {
	status := new(awsfed.TokenSource).Status()
	assert.Equal(t, awsfed.TokenNone, status.Token)
	assert.Equal(t, awsfed.RefreshNever, status.Refresh)
	assert.ErrorIs(t, status.Err, awsfed.ErrMisconfigured)
}

func TestReadinessInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		handler := readiness(ts)
		probe := func() string {
			answer := httptest.NewRecorder()
			handler(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			return fmt.Sprint(answer.Code, " ", strings.TrimSpace(answer.Body.String()))
		}
		assert.Equal(t, "200 ready, refresh: ok", probe(), "the first probe gets the first token")

		sts := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		iam := cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
		time.Sleep(40 * time.Minute)
		assert.Equal(t, "200 ready, refresh: failing", probe())
		time.Sleep(21 * time.Minute)
		for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(10 * time.Second) {
			asked := time.Now()
			assert.Equal(t, "503 not ready: no token", probe())
			assert.LessOrEqual(t, time.Since(asked), 500*time.Millisecond)
		}
		sts()
		iam()
		time.Sleep(10 * time.Second)
		assert.Equal(t, "200 ready, refresh: ok", probe(), "after an outage in which the probe alone has asked")
		time.Sleep(3 * time.Hour)
	})
}
