package fakeaws_test

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

func TestAssumeRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		arn, err := cloud.AWS.AddRole(fakeaws.Role{
			Account: "210987654321", Name: "etl", Path: "/data/", Trusts: []string{"arn:aws:iam::123456789012:role/app"}, MaxSession: 2 * time.Hour,
		})
		require.NoError(t, err)
		assert.Equal(t, "arn:aws:iam::210987654321:role/data/etl", arn)
		got, err := stsClient(cloud, sessionKeys(t, cloud)).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: &arn, RoleSessionName: aws.String("nightly"), DurationSeconds: aws.Int32(900), ExternalId: aws.String("unasked"),
		})
		require.NoError(t, err)
		assert.Equal(t, "arn:aws:sts::210987654321:assumed-role/etl/nightly", *got.AssumedRoleUser.Arn, "without the path")
		assert.Regexp(t, `^AROA[A-Z2-7]{17}:nightly$`, *got.AssumedRoleUser.AssumedRoleId)
		assert.True(t, got.Credentials.Expiration.Equal(time.Now().Add(15*time.Minute)))

		keys := aws.Credentials{AccessKeyID: *got.Credentials.AccessKeyId, SecretAccessKey: *got.Credentials.SecretAccessKey, SessionToken: *got.Credentials.SessionToken}
		who, err := stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, *got.AssumedRoleUser.Arn, *who.Arn)
		assert.Equal(t, *got.AssumedRoleUser.AssumedRoleId, *who.UserId)
		assert.Equal(t, "210987654321", *who.Account)

		time.Sleep(15 * time.Minute)
		_, err = stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
		assert.Equal(t, "ExpiredToken: The security token included in the request is expired", apiError(t, err))
	})
}

func TestWhomARoleTrusts(t *testing.T) {
	for _, test := range []struct {
		name      string
		trusts    []string
		user, app bool
	}{
		{"nobody", nil, false, false},
		{"everybody", []string{"*"}, true, true},
		{"an account by its number", []string{"123456789012"}, true, true},
		{"an account by its root", []string{"arn:aws:iam::123456789012:root"}, true, true},
		{"another account", []string{"arn:aws:iam::210987654321:root", "210987654321"}, false, false},
		{"a user", []string{"arn:aws:iam::123456789012:user/someone"}, true, false},
		{"a role", []string{"arn:aws:iam::123456789012:role/app"}, false, true},
		{"a session", []string{"arn:aws:sts::123456789012:assumed-role/app/test"}, false, true},
		{"another session of the role", []string{"arn:aws:sts::123456789012:assumed-role/app/other"}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(fakeaws.Options{})
			arn, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl", Trusts: test.trusts})
			require.NoError(t, err)
			assume := func(keys aws.Credentials) bool {
				_, err := stsClient(cloud, keys).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("chain")})
				if err != nil {
					assert.Regexp(t, `^AccessDenied: User: arn:aws:(iam::123456789012:user/someone|sts::123456789012:assumed-role/app/test) `+
						`is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/etl$`, apiError(t, err))
				}
				return err == nil
			}
			assert.Equal(t, test.user, assume(userKeys(t, cloud)), "a user")
			assert.Equal(t, test.app, assume(sessionKeys(t, cloud)), "a role's session")
		})
	}
}

func TestAssumeRoleRefuses(t *testing.T) {
	const (
		etl    = "arn:aws:iam::123456789012:role/etl"
		one    = "ValidationError: 1 validation error detected: "
		denied = "is not authorized to perform: sts:AssumeRole on resource: "
	)
	parameters := func(changes ...string) url.Values {
		v := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {etl}, "RoleSessionName": {"nightly"}, "ExternalId": {"customer-7"}}
		for i := 0; i+1 < len(changes); i += 2 {
			v.Set(changes[i], changes[i+1])
			if changes[i+1] == "-" {
				v.Del(changes[i])
			}
		}
		return v
	}
	long := strings.Repeat("x", 65)
	for _, test := range []struct {
		name       string
		parameters url.Values
		session    bool // signed with a role's session, not a user's keys
		status     int
		want       string
	}{
		{"no role", parameters("RoleArn", "-"), false, 400, one + "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"},
		{"a role's name alone", parameters("RoleArn", "etl"), false, 400, one + "Value 'etl' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{"an ARN that is no role's", parameters("RoleArn", "arn:aws:iam::123456789012:user/x"), false, 400, "ValidationError: arn:aws:iam::123456789012:user/x is invalid"},
		{"no session name", parameters("RoleSessionName", "-"), false, 400, one + "Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"},
		{"a session name of one character", parameters("RoleSessionName", "x"), false, 400, one + "Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{"a session name of 65 characters", parameters("RoleSessionName", long), false, 400, one + "Value '" + long + "' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		{"a session name with a slash", parameters("RoleSessionName", "a/b"), false, 400, one + `Value 'a/b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{"two faults at once", parameters("RoleArn", "-", "RoleSessionName", "x"), false, 400, "ValidationError: 2 validation errors detected: " +
			"Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{"an external ID with a space", parameters("ExternalId", "a b"), false, 400, one + `Value 'a b' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*`},
		{"899 seconds", parameters("DurationSeconds", "899"), false, 400, one + "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"43201 seconds", parameters("DurationSeconds", "43201"), true, 400, one + "Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"},
		{"no number of seconds", parameters("DurationSeconds", ""), false, 400, "MalformedInput: missing value for decimal type"},
		{"a broken number of seconds", parameters("DurationSeconds", "900.0"), false, 400, "MalformedInput: "},
		{"more than the role allows", parameters("DurationSeconds", "7201"), true, 400, "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"more than an hour by role chaining", parameters("DurationSeconds", "3601"), true, 400, "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
		{"a role that does not exist", parameters("RoleArn", etl+"2"), false, 403, "AccessDenied: User: arn:aws:iam::123456789012:user/someone " + denied + etl + "2"},
		{"another external ID", parameters("ExternalId", "customer-8"), false, 403, "AccessDenied: User: arn:aws:iam::123456789012:user/someone " + denied + etl},
		{"no external ID", parameters("ExternalId", "-"), false, 403, "AccessDenied: User: arn:aws:iam::123456789012:user/someone " + denied + etl},
		{"nothing, at the bounds", parameters("DurationSeconds", "7200", "RoleSessionName", long[:64]), false, 200, ": "},
		{"nothing, chained for an hour", parameters("DurationSeconds", "+3600", "RoleSessionName", "xy"), true, 200, ": "},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(fakeaws.Options{})
			_, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl", Trusts: []string{"*"}, ExternalID: "customer-7", MaxSession: 2 * time.Hour})
			require.NoError(t, err)
			keys := userKeys(t, cloud)
			if test.session {
				keys = sessionKeys(t, cloud)
			}
			status, _, body := send(t, cloud, signed(t, "sts.amazonaws.com", test.parameters.Encode(), "us-east-1", keys, time.Now()))
			var failure stsFailure
			_ = xml.Unmarshal([]byte(body), &failure) // a success has neither code nor message
			assert.Equal(t, test.want, failure.Code+": "+failure.Message)
			assert.Equal(t, test.status, status)
		})
	}
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	other, err := cloud.AWS.AddRole(fakeaws.Role{Name: "other", Subjects: []string{"ci"}})
	require.NoError(t, err)
	app, err := cloud.AWS.RoleARN("app")
	require.NoError(t, err)
	token := func(lifetime time.Duration) string {
		token, err := cloud.AWS.WebIdentityToken("app", "", lifetime)
		require.NoError(t, err)
		return token
	}
	cloud.AWS.RegisterWebIdentityToken("foreign", "ci", time.Now().Add(time.Hour))
	cloud.AWS.RegisterWebIdentityToken("foreign-and-old", "ci", time.Now().Add(-time.Hour))
	good := token(0)
	header, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	claims, _, _ := strings.Cut(rest, ".")

	const unverified = "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
	for _, test := range []struct{ name, role, token, want string }{
		{"a token of the cluster", app, good, ""},
		{"a token that was registered", other, "foreign", ""},
		{"a token for another role", other, good, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"a role that does not exist", app + "2", good, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"an expired token", app, token(-time.Minute), "ExpiredTokenException: Token expired: current date/time "},
		{"an expired token that was registered", other, "foreign-and-old", "ExpiredTokenException: Token expired: current date/time "},
		{"no JWT", app, "not a token", "InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"},
		{"altered claims", app, header + "." + "e30." + signature, unverified},
		{"no signature", app, header + "." + claims + ".", unverified},
		{"another cloud's token", app, func() string {
			token, err := newCloud(fakeaws.Options{}).AWS.WebIdentityToken("app", "", 0)
			require.NoError(t, err)
			return token
		}(), unverified},
		{"a token for the Pod Identity agent", app, cloud.AWS.PodToken(), "InvalidIdentityToken: Incorrect token audience"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := stsClient(cloud, aws.Credentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: &test.role, RoleSessionName: aws.String("irsa"), WebIdentityToken: &test.token,
			})
			if test.want != "" {
				assert.True(t, strings.HasPrefix(apiError(t, err), test.want), apiError(t, err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "sts.amazonaws.com", *got.Audience)
			keys := aws.Credentials{AccessKeyID: *got.Credentials.AccessKeyId, SecretAccessKey: *got.Credentials.SecretAccessKey, SessionToken: *got.Credentials.SessionToken}
			who, err := stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, *got.AssumedRoleUser.Arn, *who.Arn)
			assert.Regexp(t, `:assumed-role/(app|other)/irsa$`, *who.Arn)
		})
	}

	t.Run("for longer than the role allows", func(t *testing.T) {
		_, err := stsClient(cloud, aws.Credentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &app, RoleSessionName: aws.String("irsa"), WebIdentityToken: &good, DurationSeconds: aws.Int32(3601),
		})
		assert.Equal(t, "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", apiError(t, err))
	})
}

// An identity provider of IAM is one of the account that has the role.
func TestTheIdentityProviderIsOfTheRolesAccount(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	for _, account := range []string{"123456789012", "999999999999"} {
		arn, err := cloud.AWS.AddRole(fakeaws.Role{Account: account, Name: "irsa"})
		require.NoError(t, err)
		token, err := cloud.AWS.WebIdentityToken(arn, "", time.Hour)
		require.NoError(t, err)
		got, err := stsClient(cloud, aws.Credentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &arn, RoleSessionName: aws.String("test"), WebIdentityToken: &token,
		})
		require.NoError(t, err)
		assert.Contains(t, *got.Provider, "arn:aws:iam::"+account+":oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/")
	}
}
