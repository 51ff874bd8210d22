package fakegoogle_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// No Python runs in these tests. What is simulated is the bytes that Python sends: the JSON as
// json.dumps spaces and orders it, the names of the headers in the letters of each client, and the
// percent-encoding of urllib.parse. The signature is the AWS SDK's, over the headers that each
// client signs.

// pythonJSON is json.dumps of a subject token's parts, with separators as Python has them.
func pythonJSON(t *testing.T, comma, colon string, members ...string) string {
	t.Helper()
	for i := 0; i < len(members); i += 2 {
		members[i/2] = `"` + members[i] + `"` + colon + members[i+1]
	}
	text := "{" + strings.Join(members[:len(members)/2], comma) + "}"
	require.True(t, json.Valid([]byte(text)), text)
	return text
}

// pythonQuote is urllib.parse.quote, which leaves letters, digits, "_.-~" and, unless it is told
// otherwise, "/".
func pythonQuote(s string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(s))
}

// googleAuthToken is the subject token of google-auth 2.x: compact JSON in the order of the keys,
// no body, host without port, names in lower case but for Authorization, and
// x-goog-cloud-target-resource added after signing.
func googleAuthToken(t *testing.T, cloud *testCloud) string {
	t.Helper()
	s := signSubject(t, cloud, verificationURL, func(r *http.Request) { r.Header.Del(targetHeader) })
	require.NotContains(t, s.get("Authorization"), "x-goog", "not signed")
	s.set(targetHeader, audienceOfOptions)
	var headers []string
	for _, name := range []string{"Authorization", "host", "x-amz-date", "x-amz-security-token", "x-goog-cloud-target-resource"} {
		headers = append(headers, pythonJSON(t, ",", ":", "key", `"`+name+`"`, "value", `"`+s.get(name)+`"`))
	}
	return pythonQuote(pythonJSON(t, ",", ":", "headers", "["+strings.Join(headers, ",")+"]", "method", `"POST"`, "url", `"`+s.URL+`"`))
}

// sampleToken is the subject token of the Python sample in Google's documentation, which signs with
// botocore and sends to the global endpoint: JSON with spaces, and x-goog-cloud-target-resource
// signed. lower has the header names in lower case, with a body of "", as AIP-4117 shows a token.
func sampleToken(t *testing.T, cloud *testCloud, lower bool) string {
	t.Helper()
	s := signSubject(t, cloud, "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15")
	require.Contains(t, s.get("Authorization"), ";x-goog-cloud-target-resource,", "signed")
	var headers []string
	for _, name := range []string{"Host", "x-goog-cloud-target-resource", "X-Amz-Date", "X-Amz-Security-Token", "Authorization"} {
		key := name
		if lower {
			key = strings.ToLower(name)
		}
		headers = append(headers, pythonJSON(t, ", ", ": ", "key", `"`+key+`"`, "value", `"`+s.get(name)+`"`))
	}
	members := []string{"url", `"` + s.URL + `"`, "method", `"POST"`, "headers", "[" + strings.Join(headers, ", ") + "]"}
	if lower {
		members = append(members, "body", `""`)
	}
	return pythonQuote(pythonJSON(t, ", ", ": ", members...))
}

func TestPythonsSubjectTokensGiveAToken(t *testing.T) {
	const tokenType, grantType = "urn:ietf:params:aws:token-type:aws4_request", "urn:ietf:params:oauth:grant-type:token-exchange"
	form := func(token string) (contentType, body string) { // urllib.parse.urlencode, in the order of google-auth's dict
		pairs := []string{"grant_type", grantType, "audience", audienceOfOptions, "scope", cloudPlatform,
			"requested_token_type", accessTokenType, "subject_token", token, "subject_token_type", tokenType}
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			fmt.Fprintf(&b, "&%s=%s", pairs[i], url.QueryEscape(pairs[i+1]))
		}
		return "application/x-www-form-urlencoded", b.String()[1:]
	}
	object := func(token string) (contentType, body string) { // requests.post(json=…), as one writes it by the reference
		return "application/json", pythonJSON(t, ", ", ": ", "audience", `"`+audienceOfOptions+`"`, "grantType", `"`+grantType+`"`,
			"requestedTokenType", `"`+accessTokenType+`"`, "scope", `"`+cloudPlatform+`"`, "subjectTokenType", `"`+tokenType+`"`,
			"subjectToken", `"`+token+`"`)
	}
	for name, token := range map[string]func(*testing.T, *testCloud) string{
		"google-auth 2.x, the target resource unsigned": googleAuthToken,
		"the documentation's sample, the target resource signed": func(t *testing.T, cloud *testCloud) string {
			return sampleToken(t, cloud, false)
		},
		"the same with names in lower case and an empty body": func(t *testing.T, cloud *testCloud) string {
			return sampleToken(t, cloud, true)
		},
	} {
		for encoding, encode := range map[string]func(string) (string, string){"a form": form, "JSON": object} {
			t.Run(name+", as "+encoding, func(t *testing.T) {
				cloud := newCloud(fakegoogle.Options{})
				sent := token(t, cloud)
				require.Contains(t, sent, "AWS4-HMAC-SHA256%20Credential%3D")
				require.Contains(t, sent, "//iam.googleapis.com/projects/", "slashes are bare")
				contentType, body := encode(sent)
				response, answer := postToken(t, cloud, contentType, body)
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				access, err := cloud.Google.Check(answer["access_token"].(string))
				require.NoError(t, err)
				assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", access.Identity.ARN)
			})
		}
	}
}

// Then whoever sees a token can aim it at another provider of the same AWS account, which is why
// the reference recommends to sign the header, and why a cloud may be told to insist.
func TestGoogleAuthIsRefusedWhereTheTargetResourceMustBeSigned(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	u := cloud.Google.Unsettled()
	u.RequireSignedTargetResource = true
	cloud.Google.SetUnsettled(u)
	_, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, googleAuthToken(t, cloud))
	assert.Equal(t, fakegoogle.ReasonTargetNotSigned, reasonOf(t, err))
	_, err = cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, sampleToken(t, cloud, false))
	assert.NoError(t, err)
}

// google-auth spells out that it has no delegates, and reads an expireTime without a fraction
// alone.
func TestGoogleAuthsImpersonationGivesAToken(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken",
		`{"delegates": null, "scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "3600s"}`)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	expires, err := time.Parse("2006-01-02T15:04:05Z", answer["expireTime"].(string)) // as its strptime has it
	require.NoError(t, err)
	assert.WithinDuration(t, cloud.Now().Add(time.Hour), expires, 5*time.Second)
}
