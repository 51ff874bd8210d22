package fakeaws_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

func credentialsOf(c *types.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func TestASessionTokenIsTheUsersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		long := userKeys(t, cloud)
		got, err := stsClient(cloud, long).GetSessionToken(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, time.Now().Add(12*time.Hour).UTC(), *got.Credentials.Expiration)
		short := credentialsOf(got.Credentials)
		assert.Regexp(t, `^ASIA[A-Z2-7]{16}$`, short.AccessKeyID)

		before, err := stsClient(cloud, long).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err)
		after, err := stsClient(cloud, short).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, *before.Arn, *after.Arn)
		assert.Equal(t, *before.UserId, *after.UserId)

		// Role chaining, with its limit of an hour, is of roles alone.
		arn, err := cloud.AWS.AddRole(fakeaws.Role{Name: "other", Trusts: []string{*before.Arn}, MaxSession: 2 * time.Hour})
		require.NoError(t, err)
		_, err = stsClient(cloud, short).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: &arn, RoleSessionName: aws.String("test"), DurationSeconds: aws.Int32(7200)})
		require.NoError(t, err)

		time.Sleep(12 * time.Hour)
		_, err = stsClient(cloud, short).GetCallerIdentity(t.Context(), nil)
		assert.Equal(t, "ExpiredToken: The security token included in the request is expired", apiError(t, err))
		_, err = stsClient(cloud, long).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err)
	})
}

func TestWhoGetsNoSessionToken(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	user := userKeys(t, cloud)
	got, err := stsClient(cloud, user).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(129600)})
	require.NoError(t, err)
	for _, test := range []struct {
		name    string
		keys    aws.Credentials
		seconds int32
		want    string
	}{
		{"a role's session", sessionKeys(t, cloud), 900, "AccessDenied: Cannot call GetSessionToken with session credentials"},
		{"a user with a session token", credentialsOf(got.Credentials), 900, "AccessDenied: Cannot call GetSessionToken with session credentials"},
		{"a user who asks for less than 15 minutes", user, 899, "ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' " +
			"failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"a user who asks for more than 36 hours", user, 129601, "ValidationError: 1 validation error detected: Value '129601' at 'durationSeconds' " +
			"failed to satisfy constraint: Member must have value less than or equal to 129600"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := stsClient(cloud, test.keys).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{DurationSeconds: &test.seconds})
			assert.Equal(t, test.want, apiError(t, err))
		})
	}
}

func TestTheAccountOfAKey(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	user, session := userKeys(t, cloud), sessionKeys(t, cloud)
	foreign, err := cloud.AWS.AddUser("999999999999", "someone")
	require.NoError(t, err)
	ask := func(id string) (*sts.GetAccessKeyInfoOutput, error) {
		return stsClient(cloud, session).GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
	}
	for id, account := range map[string]string{
		user.AccessKeyID: "123456789012", session.AccessKeyID: "123456789012", foreign.AccessKeyID: "999999999999",
	} {
		got, err := ask(id)
		require.NoError(t, err)
		assert.Equal(t, account, *got.Account)
	}
	for id, want := range map[string]string{
		"AKIAQQQQQQQQQQQQQQQQ": "ValidationError: emulator: nobody has the access key AKIAQQQQQQQQQQQQQQQQ",
		"AKIA": "ValidationError: 1 validation error detected: Value 'AKIA' at 'accessKeyId' failed to satisfy constraint: " +
			"Member must have length greater than or equal to 16",
		"AKIA-QQQQQQQQQQQQQQQ": "ValidationError: 1 validation error detected: Value 'AKIA-QQQQQQQQQQQQQQQ' at 'accessKeyId' " +
			`failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]*`,
	} {
		_, err := ask(id)
		assert.Equal(t, want, apiError(t, err))
	}
}
