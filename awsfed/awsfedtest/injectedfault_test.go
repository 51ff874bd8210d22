package awsfedtest_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func namedFault(t *testing.T, name string) awsfedtest.NamedFault {
	t.Helper()
	fault, ok := awsfedtest.FaultByName(name)
	require.True(t, ok, name)
	return fault
}

func TestInjectedFaultsAreListedUntilTheyAreUndone(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	assert.Empty(t, cloud.InjectedFaults())
	first := cloud.InjectNamed(namedFault(t, "sts-unavailable"))
	undoSecond := namedFault(t, "missing-binding").Inject(cloud)
	again := cloud.InjectNamed(namedFault(t, "sts-unavailable"))

	var names []string
	for _, fault := range cloud.InjectedFaults() {
		names = append(names, fault.Name)
		assert.WithinDuration(t, time.Now(), fault.Since, time.Minute)
	}
	assert.Equal(t, []string{"sts-unavailable", "missing-binding", "sts-unavailable"}, names)
	assert.NotEqual(t, first.ID, again.ID)

	undoSecond()
	first.Undo()
	first.Undo()
	left := cloud.InjectedFaults()
	require.Len(t, left, 1)
	assert.Equal(t, again.ID, left[0].ID)
	left[0].Undo()
	assert.Empty(t, cloud.InjectedFaults())
}

// lookFor is look for ten minutes.
func lookFor(t *testing.T, cloud *awsfedtest.Cloud) sight {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	return look(ctx, t, cloud)
}

// Each of the pairs changes one setting, and an undo puts back what it found.
func TestFaultsOfOneSettingCanBeUndoneInAnyOrder(t *testing.T) {
	for name, pair := range map[string][2]string{
		"the pool":          {"pool-disabled", "pool-deleted"},
		"the binding":       {"missing-binding", "wrong-principal"},
		"the mapping":       {"mapping-empty", "subject-too-long"},
		"the instance":      {"metadata-no-role", "metadata-no-role"},
		"the account":       {"service-account-missing", "service-account-missing"},
		"one fault twice":   {"provider-disabled", "provider-disabled"},
		"the clock":         {"clock-behind", "clock-ahead"},
		"an endpoint":       {"iam-garbage", "iam-unavailable"},
		"account and quota": {"wrong-account", "sts-quota"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				first := cloud.InjectNamed(namedFault(t, pair[0]))
				second := cloud.InjectNamed(namedFault(t, pair[1]))
				first.Undo()
				left := lookFor(t, cloud)
				fresh := awsfedtest.New(awsfedtest.Options{})
				namedFault(t, pair[1]).Inject(fresh)
				want := lookFor(t, fresh)
				assert.Equal(t, want.endpoint, left.endpoint, "the second is on as before")
				assert.Equal(t, want.status, left.status)
				second.Undo()
				assert.Equal(t, sight{}, lookFor(t, cloud), "nothing is left of either")
			})
		})
	}
}

func TestSetClockAndTheFaultsOfTheClockAddUp(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	fault := cloud.InjectNamed(namedFault(t, "clock-behind"))
	cloud.SetClock(time.Minute)
	assert.Equal(t, time.Hour+time.Minute, cloud.ClockOffset())
	fault.Undo()
	assert.Equal(t, time.Minute, cloud.ClockOffset())
	assert.WithinDuration(t, time.Now().Add(time.Minute), cloud.Now(), 10*time.Second)
}

func TestRotateKeysHandsOutNewKeysWhileTheOldOnesStayGood(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	before, err := cloud.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	same, err := cloud.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, before.AccessKeyID, same.AccessKeyID)
	cloud.RotateKeys()
	after, err := cloud.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, before.AccessKeyID, after.AccessKeyID)
	require.NoError(t, cloud.ExpireKeys(before.AccessKeyID), "they were good until now")
}

func TestServerReplaceServesAnotherCloudAndEndsOldRequestsOnTheOldOne(t *testing.T) {
	old, next := awsfedtest.New(awsfedtest.Options{}), awsfedtest.New(awsfedtest.Options{Role: "next"})
	server, err := old.Start()
	require.NoError(t, err)
	defer server.Close()
	release := old.Inject(awsfedtest.Delay(awsfedtest.GoogleKeys, 300*time.Millisecond))
	defer release()

	answered := make(chan int, 1)
	go func() {
		response, err := http.Get(server.URL + "/oauth2/v3/certs")
		if err != nil {
			answered <- 0
			return
		}
		response.Body.Close()
		answered <- response.StatusCode
	}()
	require.Eventually(t, func() bool { return len(old.Requests()) == 1 }, 5*time.Second, time.Millisecond)
	server.Replace(next)
	response, err := http.Get(server.URL + "/oauth2/v3/certs")
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, http.StatusOK, <-answered)
	require.Len(t, old.Requests(), 1)
	assert.Equal(t, http.StatusOK, old.Requests()[0].Status)
	assert.Len(t, next.Requests(), 1)

	env, err := server.Env(awsfedtest.SourceECS, t.TempDir())
	require.NoError(t, err)
	assert.Contains(t, env, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+server.URL+"/container/ecs/next")
}

func TestRequestsAreNumberedAlsoOverAReset(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	status(t, cloud)
	status(t, cloud)
	assert.Equal(t, 2, cloud.Requests()[1].Number)
	cloud.ResetRequests()
	status(t, cloud)
	assert.Equal(t, 3, cloud.Requests()[0].Number)
}
