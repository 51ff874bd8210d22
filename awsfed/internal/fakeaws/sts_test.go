package fakeaws_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// stsClient is the AWS SDK's own client of STS with the given keys.
func stsClient(cloud *testCloud, keys aws.Credentials) *sts.Client {
	return sts.New(sts.Options{
		Region:      cloud.AWS.Region(),
		HTTPClient:  cloud.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
		Retryer:     aws.NopRetryer{},
	})
}

func userKeys(t *testing.T, cloud *testCloud) aws.Credentials {
	t.Helper()
	keys, err := cloud.AWS.AddUser("", "someone")
	require.NoError(t, err)
	return keys
}

// apiError is the code and the message with which AWS refused.
func apiError(t *testing.T, err error) string {
	t.Helper()
	var refused smithy.APIError
	require.ErrorAs(t, err, &refused)
	return refused.ErrorCode() + ": " + refused.ErrorMessage()
}

func TestGetCallerIdentityIsAWSsToTheByte(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	keys, err := cloud.AWS.Session("app", "i-0123456789abcdef0", time.Hour)
	require.NoError(t, err)
	for _, test := range []struct{ name, method, query string }{
		{"by POST, as a subject token", http.MethodPost, whoAmI},
		{"by GET", http.MethodGet, whoAmI},
		{"with the first of two versions", http.MethodPost, whoAmI + "&Version=2999-01-01"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := signed(t, "sts.us-east-1.amazonaws.com", test.query, "us-east-1", keys, time.Now(), func(r *http.Request) { r.Method = test.method })
			status, header, body := send(t, cloud, r)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, "text/xml", header.Get("Content-Type"))
			assert.NotEmpty(t, header.Get("X-Amz-Sts-Extended-Request-Id"))
			userID := regexp.MustCompile(`AROA[A-Z2-7]{17}`).FindString(body)
			require.NotEmpty(t, userID)
			assert.Equal(t, fmt.Sprintf(`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0</Arn>
    <UserId>%s:i-0123456789abcdef0</UserId>
    <Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>%s</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`, userID, header.Get("X-Amzn-Requestid")), body)
		})
	}
}

func TestTheSDKsClientLearnsWhoItIs(t *testing.T) {
	for _, test := range []struct {
		partition, role, user string
	}{
		{"aws", "arn:aws:sts::123456789012:assumed-role/app/test", "arn:aws:iam::123456789012:user/someone"},
		{"aws-cn", "arn:aws-cn:sts::123456789012:assumed-role/app/test", "arn:aws-cn:iam::123456789012:user/someone"},
		{"aws-us-gov", "arn:aws-us-gov:sts::123456789012:assumed-role/app/test", "arn:aws-us-gov:iam::123456789012:user/someone"},
	} {
		t.Run(test.partition, func(t *testing.T) {
			cloud := newCloud(fakeaws.Options{Partition: test.partition})
			got, err := stsClient(cloud, sessionKeys(t, cloud)).GetCallerIdentity(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, test.role, *got.Arn)
			assert.Regexp(t, `^AROA[A-Z2-7]{17}:test$`, *got.UserId)
			assert.Equal(t, "123456789012", *got.Account)

			got, err = stsClient(cloud, userKeys(t, cloud)).GetCallerIdentity(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, test.user, *got.Arn)
			assert.Regexp(t, `^AIDA[A-Z2-7]{17}$`, *got.UserId)
		})
	}
}

func TestKeysLookLikeAWSs(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	session, user := sessionKeys(t, cloud), userKeys(t, cloud)
	assert.Regexp(t, `^ASIA[A-Z2-7]{16}$`, session.AccessKeyID)
	assert.Regexp(t, `^AKIA[A-Z2-7]{16}$`, user.AccessKeyID)
	assert.Len(t, session.SecretAccessKey, 40)
	assert.Len(t, user.SecretAccessKey, 40)
	for _, c := range "+/=" {
		assert.Contains(t, session.SessionToken, string(c), "what a client may forget to encode")
	}
	assert.Empty(t, user.SessionToken)
	assert.NotEqual(t, session.AccessKeyID, sessionKeys(t, cloud).AccessKeyID)
}

func TestRequestsThatNameNoOperation(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	for _, test := range []struct{ name, query, message string }{
		{"an action that STS does not have", "Action=NoSuchAction&Version=2011-06-15", "Could not find operation NoSuchAction for version 2011-06-15"},
		{"an empty action", "Action=&Version=2011-06-15", "Could not find operation  for version 2011-06-15"},
		{"another version", "Action=GetCallerIdentity&Version=2000-01-01", "Could not find operation GetCallerIdentity for version 2000-01-01"},
		{"no version", "Action=GetCallerIdentity", "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED"},
		{"another version, unsigned action", "Action=AssumeRoleWithWebIdentity&Version=1", "Could not find operation AssumeRoleWithWebIdentity for version 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodPost, "https://sts.amazonaws.com/?"+test.query, nil)
			require.NoError(t, err)
			status, _, body := send(t, cloud, r)
			var failure stsFailure
			require.NoError(t, xml.Unmarshal([]byte(body), &failure))
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Equal(t, "InvalidAction", failure.Code)
			assert.Equal(t, test.message, failure.Message)
			assert.Equal(t, "http://webservices.amazon.com/AWSFault/2005-15-09", failure.XMLName.Space)
		})
	}
	for _, test := range []struct{ name, method, contentType string }{
		{"no action", http.MethodPost, "application/x-www-form-urlencoded"},
		{"no action but in a body that is no form", http.MethodPost, "text/plain"},
		{"no action but in the body of a GET", http.MethodGet, "application/x-www-form-urlencoded"},
	} {
		t.Run(test.name+" leads to the web site", func(t *testing.T) {
			form := whoAmI
			if test.name == "no action" {
				form = "Version=2011-06-15"
			}
			r, err := http.NewRequest(test.method, "https://sts.amazonaws.com/", strings.NewReader(form))
			require.NoError(t, err)
			r.Header.Set("Content-Type", test.contentType)
			status, header, body := send(t, cloud, r)
			assert.Equal(t, http.StatusFound, status)
			assert.Equal(t, "https://aws.amazon.com/iam", header.Get("Location"))
			assert.Empty(t, body)
		})
	}
	t.Run("another method", func(t *testing.T) {
		r, err := http.NewRequest(http.MethodPut, "https://sts.amazonaws.com/?"+whoAmI, nil)
		require.NoError(t, err)
		status, _, _ := send(t, cloud, r)
		assert.Equal(t, http.StatusNotFound, status)
	})
	t.Run("a body of more than 10,000,000 bytes", func(t *testing.T) {
		r, err := http.NewRequest(http.MethodPost, "https://sts.amazonaws.com/?"+whoAmI, strings.NewReader(strings.Repeat("x", 10_000_001)))
		require.NoError(t, err)
		status, header, body := send(t, cloud, r)
		assert.Equal(t, http.StatusRequestEntityTooLarge, status)
		assert.Empty(t, header.Get("X-Amzn-Requestid"))
		assert.Empty(t, body)
	})
}

// Clients correct their clocks by it.
func TestEveryAnswerOfAWSHasTheCloudsDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		cloud.SetClock(-90 * time.Minute)
		for _, url := range []string{
			"https://sts.amazonaws.com/?" + whoAmI, "https://sts.amazonaws.com/", "https://sts.amazonaws.com/?Action=x",
			"http://169.254.169.254/latest/meta-data/instance-id", "http://169.254.169.254/latest/api/token",
			"http://169.254.170.2/container/ecs/app", "http://169.254.170.23/v1/credentials",
		} {
			r, err := http.NewRequest(http.MethodGet, url, nil)
			require.NoError(t, err)
			_, header, _ := send(t, cloud, r)
			assert.Equal(t, "Fri, 31 Dec 1999 22:30:00 GMT", header.Get("Date"), url)
		}
	})
}
