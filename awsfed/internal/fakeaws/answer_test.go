package fakeaws_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

func TestSTSAnswersInTheFormThatIsAskedFor(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	for accept, want := range map[string]string{
		"":                 "text/xml",
		"*/*":              "text/xml",
		"text/xml":         "text/xml",
		"text/html, */*":   "text/xml",
		"application/json": "application/json",
		"application/json; charset=utf-8, text/plain, */*": "application/json",
	} {
		r := signed(t, "sts.amazonaws.com", whoAmI, "us-east-1", sessionKeys(t, cloud), time.Now())
		r.Header.Set("Accept", accept)
		status, header, _ := send(t, cloud, r)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, want, header.Get("Content-Type"), accept)
	}
}

func TestAnswersInJSON(t *testing.T) {
	const inJSON = "application/json"
	synctest.Test(t, func(t *testing.T) { // at 2000-01-01T00:00:00Z, 946684800
		cloud := newCloud(fakeaws.Options{})
		ask := func(query string) (status int, body string) {
			r := signed(t, "sts.amazonaws.com", query, "us-east-1", userKeys(t, cloud), time.Now())
			r.Header.Set("Accept", inJSON)
			status, header, body := send(t, cloud, r)
			assert.Equal(t, inJSON, header.Get("Content-Type"))
			return status, strings.ReplaceAll(body, header.Get("X-Amzn-Requestid"), "ID")
		}
		status, body := ask(whoAmI)
		assert.Equal(t, http.StatusOK, status)
		assert.Regexp(t, `^\{"GetCallerIdentityResponse":\{"GetCallerIdentityResult":\{"Account":"123456789012",`+
			`"Arn":"arn:aws:iam::123456789012:user/someone","UserId":"AIDA[A-Z2-7]{17}"\},"ResponseMetadata":\{"RequestId":"ID"\}\}\}$`, body)

		status, body = ask("Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900")
		assert.Equal(t, http.StatusOK, status)
		assert.Regexp(t, `^\{"GetSessionTokenResponse":\{"GetSessionTokenResult":\{"Credentials":\{"AccessKeyId":"ASIA[^"]*",`+
			`"Expiration":9.466857E8,"SecretAccessKey":"[^"]*","SessionToken":"[^"]*"\}\},"ResponseMetadata":\{"RequestId":"ID"\}\}\}$`, body)

		status, body = ask("Action=AssumeRole&Version=2011-06-15&RoleSessionName=x%3Cy&RoleArn=arn:aws:iam::123456789012:role/app")
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, `{"Error":{"Code":"ValidationError","Message":"1 validation error detected: Value 'x<y' at 'roleSessionName' `+
			`failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*","Type":"Sender"},"RequestId":"ID"}`, body)
	})
}
