package awsfedtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	session = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
	target  = "target@my-project.iam.gserviceaccount.com"
	creator = "roles/iam.serviceAccountTokenCreator"
)

func TestCheckTellsWhoseATokenIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{FederatedLifetime: 90 * time.Second})
		cfg := cloud.Config()
		cfg.ServiceAccount = ""
		federated, err := fetch(t.Context(), cfg)
		require.NoError(t, err)
		access, err := cloud.Check(federated.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, awsfed.FederatedToken, access.Kind)
		assert.Equal(t, cloud.Provider().Subject(session), access.Principal)
		assert.Equal(t, session, access.Identity.ARN)
		assert.Equal(t, cloud.Now().Add(90*time.Second), access.Expires)

		token, err := fetch(t.Context(), cloud.Config())
		require.NoError(t, err)
		access, err = cloud.Check(token.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, awsfed.ServiceAccountToken, access.Kind)
		assert.Equal(t, cloud.Config().ServiceAccount, access.Principal)
		assert.Equal(t, []string{cloud.Provider().Subject(session)}, access.Delegation)
		assert.Equal(t, []string{cloudPlatform}, access.Scopes)

		time.Sleep(90 * time.Second)
		access, err = cloud.Check(federated.AccessToken)
		require.ErrorContains(t, err, "ACCESS_TOKEN_EXPIRED")
		assert.Zero(t, access)
		_, err = cloud.Check("")
		require.ErrorContains(t, err, "CREDENTIALS_MISSING")
		_, ok := awsfedtest.AccessFrom(t.Context())
		assert.False(t, ok, "no request that Protect let through")
	})
}

func TestCloudServiceAccountsThatAreAddedAreForThoseWhoAreGranted(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	cfg.ServiceAccount = target
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: target}))
	_, err := fetch(t.Context(), cfg)
	require.ErrorContains(t, err, "iam.serviceAccounts.getAccessToken")

	require.NoError(t, cloud.Grant(target, creator, cloud.Provider().Everyone()))
	token, err := fetch(t.Context(), cfg)
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, target, access.Principal)
}

func TestCloudProviderThatIsAddedHasItsOwnMappingAndCondition(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	added := awsfedtest.Provider{
		Provider: cloud.Provider(), Account: "123456789012",
		Mapping: func(id principal.Identity) (principal.Attributes, error) {
			return principal.Attributes{Subject: "account-" + id.Account}, nil
		},
		Condition: func(_ principal.Identity, a principal.Attributes) (bool, error) { return a.Subject != "", nil },
	}
	added.ID = "another-provider"
	require.NoError(t, cloud.AddProvider(added))
	cfg := cloud.Config()
	cfg.Audience, cfg.ServiceAccount = added.Audience(), ""
	token, err := fetch(t.Context(), cfg)
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, added.Subject("account-123456789012"), access.Principal)
}
