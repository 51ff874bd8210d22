package fakegoogle_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// mints reports whether the holder of a token gets one of the account of Options.
func mints(t *testing.T, cloud *testCloud, token string) bool {
	t.Helper()
	response, _ := postIAM(t, cloud, token, appEmail+":generateAccessToken", oneScope)
	if response.StatusCode != http.StatusOK {
		require.Equal(t, http.StatusForbidden, response.StatusCode)
	}
	return response.StatusCode == http.StatusOK
}

func TestChangesOfAPolicyTakeTimeToAct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakegoogle.Options{})
		google := cloud.Google
		token := federatedToken(t, cloud)
		google.RemoveBinding()
		everyone := google.Provider().Everyone()
		grant := func() { require.NoError(t, google.Grant(appEmail, fakegoogle.RoleWorkloadIdentityUser, everyone)) }
		revoke := func() { require.NoError(t, google.Revoke(appEmail, fakegoogle.RoleWorkloadIdentityUser, everyone)) }

		grant()
		assert.True(t, mints(t, cloud, token), "at once, as long as nothing else is said")
		revoke()
		assert.False(t, mints(t, cloud, token), "at once, too")

		cloud.SetClock(-time.Hour)
		grant()
		cloud.SetClock(-2 * time.Hour)
		assert.True(t, mints(t, cloud, token), "at once, whatever becomes of the clock")
		cloud.SetClock(0)
		revoke()

		google.SetPropagation(80 * time.Second)
		grant()
		assert.NotEmpty(t, google.Policy(appEmail), "the policy itself has it at once")
		assert.False(t, mints(t, cloud, token))
		time.Sleep(60 * time.Second)
		grant() // What is there already does not begin anew.
		time.Sleep(20*time.Second - 1)
		assert.False(t, mints(t, cloud, token), "a moment too early")
		time.Sleep(time.Nanosecond)
		assert.True(t, mints(t, cloud, token))

		revoke()
		assert.Empty(t, google.Policy(appEmail))
		time.Sleep(80*time.Second - 1)
		assert.True(t, mints(t, cloud, token), "a binding that is gone acts a little longer")
		time.Sleep(time.Nanosecond)
		assert.False(t, mints(t, cloud, token))

		grant()
		time.Sleep(10 * time.Second)
		revoke()
		time.Sleep(75 * time.Second)
		assert.True(t, mints(t, cloud, token), "a binding of ten seconds acts for ten seconds")
		time.Sleep(5 * time.Second)
		assert.False(t, mints(t, cloud, token))

		grant()
		cloud.SetClock(80 * time.Second)
		assert.True(t, mints(t, cloud, token), "the cloud's clock is what counts")
		google.SetPropagation(0)
		revoke()
		assert.False(t, mints(t, cloud, token))
		grant()
		assert.True(t, mints(t, cloud, token))
	})
}
