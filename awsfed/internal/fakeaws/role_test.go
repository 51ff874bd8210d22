package fakeaws_test

import (
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

func TestAddRoleNamesEveryFault(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	_, err := cloud.AWS.AddRole(fakeaws.Role{Account: "12", Name: "a b", Path: "data", MaxSession: time.Minute, Google: []fakeaws.GoogleTrust{{Audience: "a"}}})
	for _, fault := range []string{"statement 0 for Google names no subject", `account "12"`, `name "a b"`, `path "data"`, "maximum session of 1m0s"} {
		assert.ErrorContains(t, err, fault)
	}
	_, err = cloud.AWS.AddRole(fakeaws.Role{Name: "app", Path: "/data/"})
	assert.ErrorContains(t, err, "it exists as arn:aws:iam::123456789012:role/app")
}

func TestReplacingARoleKeepsItsSessions(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	keys := sessionKeys(t, cloud)
	arn, err := cloud.AWS.AddRole(fakeaws.Role{Name: "app", MaxSession: 12 * time.Hour})
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:iam::123456789012:role/app", arn)
	_, err = stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
}

func TestARoleIsNotChangedByItsDeclarationsSlices(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	subjects := make([]string, 1, 8)
	subjects[0] = "ci"
	_, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl", Subjects: subjects})
	require.NoError(t, err)
	_, err = cloud.AWS.WebIdentityToken("etl", "another", 0)
	require.NoError(t, err)
	assert.Empty(t, subjects[:2][1])
}

func TestImportKeysRefuses(t *testing.T) {
	user := aws.Credentials{AccessKeyID: "AKIAFIXED", SecretAccessKey: "secret"}
	session := aws.Credentials{AccessKeyID: "ASIAFIXED", SecretAccessKey: "secret", SessionToken: "token"}
	for _, test := range []struct {
		name, arn string
		keys      aws.Credentials
		want      string
	}{
		{"keys without a secret", "arn:aws:iam::123456789012:user/ci", aws.Credentials{AccessKeyID: "AKIAFIXED"}, "no secret"},
		{"something else than an ARN", "ci", user, "not an ARN of partition aws"},
		{"another partition", "arn:aws-cn:iam::123456789012:user/ci", user, "not an ARN of partition aws"},
		{"a role's own ARN", "arn:aws:iam::123456789012:role/app", session, "not the ARN of a user or of a role's session"},
		{"a role that does not exist", "arn:aws:sts::123456789012:assumed-role/no/ci", session, "does not exist"},
		{"a user with a session token", "arn:aws:iam::123456789012:user/ci", session, "a user has none"},
		{"a session without a token", "arn:aws:sts::123456789012:assumed-role/app/ci", user, "a session has a session token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(fakeaws.Options{})
			err := cloud.AWS.ImportKeys(test.arn, test.keys)
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "secret\"")
			assert.Error(t, cloud.AWS.Revoke(test.keys.AccessKeyID), "nothing was imported")
		})
	}
}

func TestImportedKeysExpireIfTheyCan(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	keys := aws.Credentials{AccessKeyID: "ASIAFIXED", SecretAccessKey: "secret", SessionToken: "token", Expires: time.Now().Add(-time.Minute)}
	for canExpire, want := range map[bool]string{false: "", true: "ExpiredToken"} {
		keys.CanExpire = canExpire
		require.NoError(t, cloud.AWS.ImportKeys("arn:aws:sts::123456789012:assumed-role/app/ci", keys))
		_, err := stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
		if want == "" {
			require.NoError(t, err)
		} else {
			assert.Contains(t, apiError(t, err), want)
		}
	}
}

func TestWhatDoesNotExistIsAnError(t *testing.T) {
	a := newCloud(fakeaws.Options{}).AWS
	user, err := a.AddUser("", "someone")
	require.NoError(t, err)
	for name, err := range map[string]error{
		"a session of no role":        second(a.Session("no", "name", time.Hour)),
		"a session name of one byte":  second(a.Session("app", "x", time.Hour)),
		"a user with a space":         second(a.AddUser("", "a b")),
		"a user of no account":        second(a.AddUser("1", "a")),
		"expiring an unknown key":     a.Expire("AKIA"),
		"expiring a user's key":       a.Expire(user.AccessKeyID),
		"revoking an unknown key":     a.Revoke("AKIA"),
		"removing no role":            a.RemoveRole("no"),
		"the ARN of no role":          second(a.RoleARN("no")),
		"a web identity for no role":  second(a.WebIdentityToken("no", "", 0)),
		"the role of another account": second(a.RoleARN("arn:aws:iam::210987654321:role/app")),
	} {
		assert.Error(t, err, name)
	}
	require.NoError(t, a.Revoke(user.AccessKeyID))
}

func second[T any](_ T, err error) error { return err }

func TestAWSIsSafeForConcurrentUse(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				keys, err := cloud.AWS.Provider().Retrieve(t.Context())
				assert.NoError(t, err)
				_, err = stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
				assert.NoError(t, err)
				cloud.AWS.RotateKeys()
				_, err = containerKeys(t, cloud, "http://169.254.170.23/v1/credentials", cloud.AWS.PodToken())
				assert.NoError(t, err)
				_, err = cloud.AWS.AddRole(fakeaws.Role{Name: "app", Trusts: []string{"*"}})
				assert.NoError(t, err)
				_, err = cloud.AWS.WebIdentityToken("app", "", 0)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
}
