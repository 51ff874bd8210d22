package awsfed_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestClientIsAuthenticatedWhereSTSAsksForIt(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.RequireClient("my-client", "s3cret-of-the-client")
	ts := newSource(t, cloud, func(c *awsfed.Config) { c.ClientID, c.ClientSecret = "my-client", "s3cret-of-the-client" })
	require.NoError(t, usable(cloud, ts))

	for name, secret := range map[string]string{"without a client": "", "with another secret": "another-secret-entirely"} {
		t.Run(name, func(t *testing.T) {
			_, err := newSource(t, cloud, func(c *awsfed.Config) {
				if secret != "" {
					c.ClientID, c.ClientSecret = "my-client", secret
				}
			}).Token()
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "invalid_client", e.Code)
			assert.Contains(t, e.Hint, "Config.ClientID")
			if secret != "" {
				assert.NotContains(t, fmt.Sprintf("%+v", err), secret)
			}
		})
	}
}

func TestUserProjectIsThatOfTheFederatedToken(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud, func(c *awsfed.Config) { c.ServiceAccount, c.UserProject = "", "my-billing" })
	token, err := ts.Token()
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, "my-billing", access.QuotaProject)
}
