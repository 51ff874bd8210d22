package awsfedtest_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/downscope"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestGooglesPackageDownscopesTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		token, err := fetch(t.Context(), cloud.Config())
		require.NoError(t, err)
		const viewer, bucket = "inRole:roles/storage.objectViewer", "//storage.googleapis.com/projects/_/buckets/"
		downscoped := func(token *oauth2.Token) (*oauth2.Token, error) {
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, cloud.Client())
			source, err := downscope.NewTokenSource(ctx, downscope.DownscopingConfig{
				RootSource: oauth2.StaticTokenSource(token),
				Rules: []downscope.AccessBoundaryRule{
					{AvailableResource: bucket + "reports", AvailablePermissions: []string{viewer}},
					{AvailableResource: bucket + "logs", AvailablePermissions: []string{viewer}, Condition: &downscope.AvailabilityCondition{Expression: "true"}},
				},
			})
			require.NoError(t, err)
			return source.Token()
		}
		got, err := downscoped(token)
		require.NoError(t, err)
		assert.Equal(t, token.Expiry.Unix(), got.Expiry.Unix())

		access, err := cloud.Check(got.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, awsfed.ServiceAccountToken, access.Kind)
		assert.Equal(t, []awsfedtest.AccessBoundaryRule{
			{AvailableResource: bucket + "reports", AvailablePermissions: []string{viewer}},
			{AvailableResource: bucket + "logs", AvailablePermissions: []string{viewer}, Condition: "true"},
		}, access.Boundary)
		assert.True(t, access.MayUse(bucket+"reports", viewer))
		assert.False(t, access.MayUse(bucket+"reports", "inRole:roles/storage.admin"), "another permission")
		assert.False(t, access.MayUse(bucket+"other", viewer), "another resource")
		assert.False(t, access.MayUse(bucket+"logs", viewer), "a rule with a condition")

		_, err = downscoped(got)
		require.ErrorContains(t, err, "downscoped already")
		status, _ := callIAM(t, cloud, got.AccessToken, cloud.Config().ServiceAccount, "generateAccessToken", `{"scope":["email"]}`)
		assert.Equal(t, http.StatusForbidden, status)
	})
}

func TestATokenWithoutABoundaryMayBeUsedForAll(t *testing.T) {
	assert.True(t, awsfedtest.Access{}.MayUse("//storage.googleapis.com/projects/_/buckets/b", "inRole:roles/storage.admin"))
}
