package fakegoogle_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

func TestAMisconfigurationLastsUntilEachThatBroughtItAboutIsUndone(t *testing.T) {
	for name, bring := range map[string]func(*testCloud) (undo func()){
		"the quota of IAM used up": func(c *testCloud) func() { return c.Google.ExhaustIAMQuota() },
		"the API disabled":         func(c *testCloud) func() { return c.Google.DisableIAMCredentialsAPI() },
		"a perimeter": func(c *testCloud) func() {
			return c.Google.DenyByVPCServiceControls(fakegoogle.IAMCredentials, fakegoogle.IAMCredentials)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			token := federatedToken(t, cloud)
			works := func() bool {
				response, _ := postIAM(t, cloud, token, appEmail+":generateAccessToken", oneScope)
				return response.StatusCode == http.StatusOK
			}
			first, second := bring(cloud), bring(cloud)
			assert.False(t, works())
			first()
			first()
			assert.False(t, works(), "the second is in force")
			second()
			assert.True(t, works())
			bring(cloud)
			assert.False(t, works(), "undone once, though called twice")
		})
	}
}
