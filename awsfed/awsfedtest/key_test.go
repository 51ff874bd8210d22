package awsfedtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestKeysThatAreAddedAreOfTheirOwner(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	arn, err := cloud.AddRole(awsfedtest.Role{Name: "etl", Path: "/data/"})
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:iam::123456789012:role/data/etl", arn)
	for want, add := range map[string]func() (aws.Credentials, error){
		"arn:aws:iam::123456789012:user/ann":                  func() (aws.Credentials, error) { return cloud.AddUser("ann") },
		"arn:aws:sts::123456789012:assumed-role/etl/by-name":  func() (aws.Credentials, error) { return cloud.AddSession("etl", "by-name", time.Hour) },
		"arn:aws:sts::123456789012:assumed-role/etl/by-arn":   func() (aws.Credentials, error) { return cloud.AddSession(arn, "by-arn", time.Hour) },
		"arn:aws:sts::123456789012:assumed-role/app/the-role": func() (aws.Credentials, error) { return cloud.AddSession("app", "the-role", time.Hour) },
	} {
		keys, err := add()
		require.NoError(t, err)
		cfg := cloud.Config()
		cfg.ServiceAccount = ""
		cfg.Credentials = credentials.StaticCredentialsProvider{Value: keys}
		token, err := fetch(t.Context(), cfg)
		require.NoError(t, err)
		access, err := cloud.Check(token.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, want, access.Identity.ARN)

		require.NoError(t, cloud.RevokeKeys(keys.AccessKeyID))
		_, err = fetch(t.Context(), cfg)
		require.ErrorContains(t, err, "InvalidClientTokenId")
	}
}

func TestAUserOfAnotherAccountIsNamedByItsARN(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	provider := cloud.Provider()
	provider.ID = "their-provider"
	require.NoError(t, cloud.AddProvider(awsfedtest.Provider{Provider: provider, Account: "999999999999"}))
	const arn = "arn:aws:iam::999999999999:user/ann"
	keys, err := cloud.AddUser(arn)
	require.NoError(t, err)
	cfg := cloud.Config()
	cfg.ServiceAccount = ""
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: keys}
	_, err = fetch(t.Context(), cfg)
	require.Error(t, err, "the cloud's own provider trusts the cloud's own account")
	cfg.Audience = provider.Audience()
	token, err := fetch(t.Context(), cfg)
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, arn, access.Identity.ARN)

	for _, wrong := range []string{
		"arn:aws-cn:iam::999999999999:user/ann", "arn:aws:iam::99:user/ann", "arn:aws:iam::999999999999:role/ann",
		"arn:aws:iam::999999999999:user/", "arn:aws:iam::999999999999:user/a/b", "arn:aws:iam:::user/ann", "arn:", "",
	} {
		_, err := cloud.AddUser(wrong)
		require.ErrorContains(t, err, "awsfedtest: adding user ", wrong)
	}
}

func TestKeysThatHaveExpiredAreRefusedAsSuch(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	keys, err := cloud.AddSession("app", "short", time.Hour)
	require.NoError(t, err)
	require.NoError(t, cloud.ExpireKeys(keys.AccessKeyID))
	cfg := cloud.Config()
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: keys}
	_, err = fetch(t.Context(), cfg)
	require.ErrorContains(t, err, "ExpiredToken")
}

func TestKeyLifetimeIsThatOfTheInstancesKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{KeyLifetime: 10 * time.Minute})
		keys, err := cloud.Config().Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, time.Now().Add(10*time.Minute).UTC(), keys.Expires)
	})
}

func TestCloudErrorsSayWhatTheyAreOf(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	_, role := cloud.AddRole(awsfedtest.Role{Name: "a b"})
	_, user := cloud.AddUser("a b")
	_, session := cloud.AddSession("no-such-role", "name", time.Hour)
	_, token := cloud.Check("ya29.x")
	for want, err := range map[string]error{
		`awsfedtest: adding a role: name "a b"`:              role,
		`awsfedtest: adding user "a b"`:                      user,
		`awsfedtest: adding a session: role "no-such-role"`:  session,
		`awsfedtest: expiring keys: "AKIA"`:                  cloud.ExpireKeys("AKIA"),
		`awsfedtest: revoking keys: "AKIA"`:                  cloud.RevokeKeys("AKIA"),
		`awsfedtest: setting the placement: region "mars"`:   cloud.SetPlacement("mars", ""),
		`awsfedtest: adding a provider: `:                    cloud.AddProvider(awsfedtest.Provider{}),
		`awsfedtest: adding a service account: "app"`:        cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: "app"}),
		`awsfedtest: editing an IAM policy: member "all"`:    cloud.Grant(target, creator, "all"),
		`awsfedtest: editing an IAM policy: role "owner"`:    cloud.Grant(target, "owner", cloud.Provider().Everyone()),
		`awsfedtest: editing an IAM policy: target@my-proje`: cloud.Grant(target, creator, cloud.Provider().Everyone()),
		`awsfedtest: UNAUTHENTICATED: ACCESS_TOKEN_TYPE_UNS`: token,
	} {
		if assert.Error(t, err, want) {
			assert.Equal(t, want, err.Error()[:min(len(want), len(err.Error()))])
		}
	}
}
