package awsfedtest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestABindingTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.SetPropagation(80 * time.Second)
		account := cloud.Config().ServiceAccount
		token := federated(t, cloud)
		minted := func() int {
			status, _ := callIAM(t, cloud, token, account, "generateAccessToken", `{"scope":["email"]}`)
			return status
		}
		member := cloud.Provider().Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/app")
		require.NoError(t, cloud.Revoke(account, "roles/iam.workloadIdentityUser", member))
		assert.Equal(t, http.StatusOK, minted())
		time.Sleep(80 * time.Second)
		assert.Equal(t, http.StatusForbidden, minted())
		require.NoError(t, cloud.Grant(account, "roles/iam.workloadIdentityUser", member))
		assert.Equal(t, http.StatusForbidden, minted())
		time.Sleep(80 * time.Second)
		assert.Equal(t, http.StatusOK, minted())
		assert.ErrorContains(t, cloud.Revoke("no@x", "roles/iam.workloadIdentityUser", member), "awsfedtest: ")
	})
}

func TestARoleOnTheProjectIsOneOnItsAccounts(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{ProjectID: "other", ServiceAccount: "app@elsewhere.iam.gserviceaccount.com"})
	const second, foreign = "second@other.iam.gserviceaccount.com", "foreign@elsewhere.iam.gserviceaccount.com"
	for _, email := range []string{second, foreign} {
		require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email}))
	}
	token, everyone := federated(t, cloud), cloud.Provider().Everyone()
	idToken := func(account string) int {
		status, _ := callIAM(t, cloud, token, account, "generateIdToken", `{"audience":"a"}`)
		return status
	}
	require.NoError(t, cloud.GrantProject("roles/editor", everyone))
	assert.Equal(t, http.StatusForbidden, idToken(second), "a role too weak")
	require.NoError(t, cloud.GrantProject("roles/iam.serviceAccountOpenIdTokenCreator", everyone))
	assert.Equal(t, http.StatusOK, idToken(second))
	assert.Equal(t, http.StatusForbidden, idToken(foreign), "an account of another project")
	require.NoError(t, cloud.Revoke(cloud.Config().ServiceAccount, "roles/iam.workloadIdentityUser", cloud.Provider().Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/app")))
	assert.Equal(t, http.StatusOK, idToken(cloud.Config().ServiceAccount), "the account of Options, whatever its name")
	require.NoError(t, cloud.RevokeProject("roles/iam.serviceAccountOpenIdTokenCreator", everyone))
	assert.Equal(t, http.StatusForbidden, idToken(second))
	assert.ErrorContains(t, cloud.GrantProject("editor", everyone), `awsfedtest: editing an IAM policy: role "editor" is none of the form roles/NAME`)
}
