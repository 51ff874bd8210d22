package fakeaws_test

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// stsFailure is AWS's answer to a request that it refuses.
type stsFailure struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Type    string   `xml:"Error>Type"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
}

// In a bubble it is 2000-01-01T00:00:00Z, so that texts with times are literal.
func TestARequestThatBreaksOneRuleGetsItsError(t *testing.T) {
	const (
		invalid   = "The security token included in the request is invalid."
		mismatch  = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
		badRegion = "Credential should be scoped to a valid region. "
		notAPair  = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): "
	)
	replace := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			was := r.Header.Get("Authorization")
			r.Header.Set("Authorization", strings.Replace(was, old, new, 1))
			if r.Header.Get("Authorization") == was {
				panic("the test changes nothing")
			}
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, test := range []struct {
		name    string
		host    string                                // default: sts.us-east-1.amazonaws.com
		region  string                                // default: us-east-1
		at      time.Duration                         // of signing, after now
		keys    func(*testCloud, aws.Credentials) any // changes the world, or the keys by returning others
		change  func(*http.Request)                   // after signing
		status  int
		code    string
		message string
	}{
		{name: "it is not signed", change: func(r *http.Request) { r.Header.Del("Authorization") },
			status: 403, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token"},
		{name: "another authorization scheme", change: set("Authorization", "Bearer x"),
			status: 403, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token"},
		{name: "an algorithm that AWS does not have", change: replace("SHA256", "SHA512"),
			status: 400, code: "IncompleteSignature", message: "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). "},
		{name: "nothing but the algorithm, and no date", change: func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256")
			r.Header.Del("X-Amz-Date")
		}, status: 400, code: "IncompleteSignature", message: "Authorization header requires 'Credential' parameter. " +
			"Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. " +
			"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
			"(Hashed with SHA-256 and encoded with Base64) Authorization=YI2YWea8FSxnksZL2ETHbs5elHm9HQufxTLK0W0ffV0="},
		{name: "a parameter without a value", change: set("Authorization", "AWS4-HMAC-SHA256 FooBar"),
			status: 400, code: "IncompleteSignature", message: notAPair + "'/tTIH/RdeprHMqzRXPr3cfLkkLmY1JQhPD/TjcwUuFs='."},
		{name: "nothing between two commas", change: set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20000101/us-east-1/sts/aws4_request,, SignedHeaders=host;x-amz-date;x-amz-security-token,, Signature=0"),
			status: 400, code: "IncompleteSignature", message: notAPair + "'Y3FZzAlzfCc3Qo1sSMjWXjP58TJqFVbGIcmg+ufQVo4='."},
		{name: "nothing but a space between two commas", change: set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20000101/us-east-1/sts/aws4_request, , SignedHeaders=host;x-amz-date;x-amz-security-token, , Signature=0"),
			status: 400, code: "IncompleteSignature", message: notAPair + "'T3QRez2+iKri+r6uSL9wljRo67b5hBSXx0Xbyt7/zfE='."},
		{name: "a comma before the first parameter", change: set("Authorization", "AWS4-HMAC-SHA256 ,Credential=AKID/20000101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=0"),
			status: 400, code: "IncompleteSignature", message: notAPair + "'L4O3WVDqauYBcQQiVEFb3GS9MGNJIu4xY9Ko2jAhvN4='."},
		{name: "a comma after the last parameter", change: set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20000101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=0,"),
			status: 400, code: "IncompleteSignature", message: notAPair + "'RQv5AGG3K4wCRR1xzyFmPEbqiVsNIYa1cIArg45awaY='."},
		{name: "a parameter twice", change: func(r *http.Request) { r.Header["Authorization"][0] += ", Signature=0" },
			status: 400, code: "IncompleteSignature", message: "emulator: parameter 'Signature' of the Authorization header is unknown or repeated."},
		{name: "a date in another format", change: set("X-Amz-Date", "2000-01-01T00:00:00Z"),
			status: 400, code: "IncompleteSignature", message: "Date must be in ISO-8601 'basic format'. Got '2000-01-01T00:00:00Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{name: "a Date header of HTTP's form in place of x-amz-date", change: func(r *http.Request) {
			r.Header.Del("X-Amz-Date")
			r.Header.Set("Date", "Sat, 01 Jan 2000 00:00:00 GMT")
		}, status: 400, code: "IncompleteSignature", message: "Date must be in ISO-8601 'basic format'. Got 'Sat, 01 Jan 2000 00:00:00 GMT'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{name: "a date with a fraction of a second", change: set("X-Amz-Date", "20000101T000000.5Z"),
			status: 400, code: "IncompleteSignature", message: "Date must be in ISO-8601 'basic format'. Got '20000101T000000.5Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{name: "a date more than 15 minutes ago", at: -15*time.Minute - time.Second,
			status: 403, code: "SignatureDoesNotMatch", message: "Signature expired: 19991231T234459Z is now earlier than 19991231T234500Z (20000101T000000Z - 15 min.)"},
		{name: "a date more than 15 minutes ahead", at: 15*time.Minute + time.Second,
			status: 403, code: "SignatureDoesNotMatch", message: "Signature not yet current: 20000101T001501Z is still later than 20000101T001500Z (20000101T000000Z + 15 min.)"},
		{name: "the host unsigned", change: replace("SignedHeaders=host;", "SignedHeaders="),
			status: 403, code: "SignatureDoesNotMatch", message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "the date unsigned", change: replace(";x-amz-date", ""),
			status: 403, code: "SignatureDoesNotMatch", message: "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "the session token unsigned", change: replace(";x-amz-security-token", ""),
			status: 403, code: "SignatureDoesNotMatch", message: "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "another x-amz header unsigned", change: set("X-Amz-Note", "1"),
			status: 403, code: "SignatureDoesNotMatch", message: "'x-amz-note' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "a signed header that is missing", change: replace(";x-amz-security-token", ";x-amz-security-token;x-zebra"),
			status: 400, code: "IncompleteSignature", message: "'x-zebra' is named as a SignedHeader, but it does not exist in the HTTP request."},
		{name: "signed headers in another order", change: replace("host;x-amz-date", "x-amz-date;host"),
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "a signed header in capitals", change: replace("SignedHeaders=host", "SignedHeaders=Host"),
			status: 403, code: "SignatureDoesNotMatch", message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "the date signed in capitals", change: replace("x-amz-date", "X-Amz-Date"),
			status: 403, code: "SignatureDoesNotMatch", message: "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "a default port in the Host header that is not signed", change: func(r *http.Request) { r.Host = "sts.us-east-1.amazonaws.com:443" },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "a slash after the path that is signed", change: func(r *http.Request) { r.URL.Path = "/a/" },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "the values of a repeated parameter with another one", change: func(r *http.Request) { r.URL.RawQuery += "&Version=2011-06-15" },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "a credential of four parts", change: replace("/us-east-1/", "/"),
			status: 400, code: "IncompleteSignature", message: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'ASIA/20000101/sts/aws4_request'"},
		{name: "a scope of another region", region: "us-west-2", status: 403, code: "SignatureDoesNotMatch", message: badRegion},
		{name: "a scope of another region at the global endpoint", host: "sts.amazonaws.com", region: "us-west-2",
			status: 403, code: "SignatureDoesNotMatch", message: badRegion},
		{name: "a scope of another region at a dual-stack endpoint", host: "sts.us-east-2.api.aws",
			status: 403, code: "SignatureDoesNotMatch", message: badRegion},
		{name: "a scope of another partition on loopback", host: "localhost:8085", region: "us-gov-west-1",
			status: 403, code: "SignatureDoesNotMatch", message: badRegion},
		{name: "a scope of another service", change: replace("/sts/", "/sts-fips/"),
			status: 403, code: "SignatureDoesNotMatch", message: "Credential should be scoped to correct service: 'sts'. "},
		{name: "a scope of another region and service", region: "us-west-2", change: replace("/sts/", "/s3/"),
			status: 403, code: "SignatureDoesNotMatch", message: badRegion + "Credential should be scoped to correct service: 'sts'. "},
		{name: "a scope with another end", change: replace("aws4_request", "aws5_request"),
			status: 403, code: "SignatureDoesNotMatch", message: "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "},
		{name: "a scope of another day", change: replace("/20000101/", "/19991231/"),
			status: 403, code: "SignatureDoesNotMatch", message: "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '19991231' != '20000101', from '20000101T000000Z'."},
		{name: "a key that nobody has", keys: func(_ *testCloud, k aws.Credentials) any { k.AccessKeyID = "ASIAQQQQQQQQQQQQQQQQ"; return k },
			status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "a key of another partition", host: "sts.us-gov-west-1.amazonaws.com", region: "us-gov-west-1",
			status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "a key that was revoked", keys: func(c *testCloud, k aws.Credentials) any { return c.AWS.Revoke(k.AccessKeyID) },
			status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "no session token", keys: func(_ *testCloud, k aws.Credentials) any { k.SessionToken = ""; return k },
			status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "the session token of other keys", keys: func(c *testCloud, k aws.Credentials) any {
			other, err := c.AWS.Session("app", "other", time.Hour)
			k.SessionToken = other.SessionToken
			if err != nil {
				return err
			}
			return k
		}, status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "a session token with a user's keys", keys: func(c *testCloud, k aws.Credentials) any {
			user, err := c.AWS.AddUser("", "someone")
			user.SessionToken = k.SessionToken
			if err != nil {
				return err
			}
			return user
		}, status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "a session that has expired", keys: func(c *testCloud, k aws.Credentials) any { return c.AWS.Expire(k.AccessKeyID) },
			status: 403, code: "ExpiredToken", message: "The security token included in the request is expired"},
		{name: "a role that is gone", keys: func(c *testCloud, _ aws.Credentials) any { return c.AWS.RemoveRole("app") },
			status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "a role that was made anew", keys: func(c *testCloud, _ aws.Credentials) any {
			if err := c.AWS.RemoveRole("app"); err != nil {
				return err
			}
			_, err := c.AWS.AddRole(fakeaws.Role{Name: "app"})
			return err
		}, status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "another secret", keys: func(_ *testCloud, k aws.Credentials) any { k.SecretAccessKey += "x"; return k },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "a signature in capitals", change: func(r *http.Request) {
			before, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", before+"Signature="+strings.ToUpper(signature))
		}, status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "another query", change: func(r *http.Request) { r.URL.RawQuery += "&x=1" },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "a query that cannot be decoded", change: func(r *http.Request) { r.URL.RawQuery += "&x=%2" },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "another method", change: func(r *http.Request) { r.Method = http.MethodGet },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "another host in the Host header", change: func(r *http.Request) { r.Host = "sts-fips.us-east-1.amazonaws.com" },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "AWS refusing keys as expired", keys: func(c *testCloud, _ aws.Credentials) any { c.AWS.Reject(fakeaws.KeysExpired); return nil },
			status: 403, code: "ExpiredToken", message: "The security token included in the request is expired"},
		{name: "AWS refusing keys as invalid", keys: func(c *testCloud, _ aws.Credentials) any { c.AWS.Reject(fakeaws.KeysInvalid); return nil },
			status: 403, code: "InvalidClientTokenId", message: invalid},
		{name: "AWS refusing signatures", keys: func(c *testCloud, _ aws.Credentials) any { c.AWS.Reject(fakeaws.WrongSignature); return nil },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "AWS refusing scopes", keys: func(c *testCloud, _ aws.Credentials) any { c.AWS.Reject(fakeaws.WrongScope); return nil },
			status: 403, code: "SignatureDoesNotMatch", message: badRegion},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(fakeaws.Options{})
				keys := sessionKeys(t, cloud)
				if test.keys != nil {
					switch v := test.keys(cloud, keys).(type) {
					case aws.Credentials:
						keys = v
					case error:
						require.NoError(t, v)
					}
				}
				host, region := "sts.us-east-1.amazonaws.com", "us-east-1"
				if test.host != "" {
					host = test.host
				}
				if test.region != "" {
					region = test.region
				}
				r := signed(t, host, whoAmI, region, keys, time.Now().Add(test.at))
				if test.change != nil {
					test.change(r)
				}
				status, header, body := send(t, cloud, r)
				var failure stsFailure
				require.NoError(t, xml.Unmarshal([]byte(body), &failure), body)
				assert.Equal(t, "https://sts.amazonaws.com/doc/2011-06-15/", failure.XMLName.Space)
				assert.Equal(t, "Sender", failure.Type)
				assert.Equal(t, test.code, failure.Code)
				assert.Equal(t, test.message, strings.Replace(failure.Message, keys.AccessKeyID, "ASIA", 1))
				assert.Equal(t, test.status, status)
				assert.Equal(t, "text/xml", header.Get("Content-Type"))
			})
		})
	}
}

func TestRejectionsEndWhenTheyAreUndone(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	keys := sessionKeys(t, cloud)
	ask := func() int {
		status, _, _ := send(t, cloud, signed(t, "sts.amazonaws.com", whoAmI, "us-east-1", keys, time.Now()))
		return status
	}
	first, second := cloud.AWS.Reject(fakeaws.KeysExpired), cloud.AWS.Reject(fakeaws.KeysExpired)
	first()
	assert.Equal(t, http.StatusForbidden, ask())
	second()
	second()
	assert.Equal(t, http.StatusOK, ask())
}

// AWS applies its rules in one order; a request that breaks two gets the error of the earlier one.
func TestOfTwoFaultsAWSNamesTheEarlierOne(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	expired, err := cloud.AWS.Session("app", "expired", -time.Minute)
	require.NoError(t, err)
	wrongSecret := func(k aws.Credentials) aws.Credentials { k.SecretAccessKey = "no"; return k }
	noToken := func(k aws.Credentials) aws.Credentials { k.SessionToken = ""; return k }
	for _, test := range []struct {
		name, region, message string
		keys                  aws.Credentials
	}{
		{"scope before session token", "us-west-2", "Credential should be scoped to a valid region. ", noToken(expired)},
		{"session token before expiry", "us-east-1", "The security token included in the request is invalid.", noToken(expired)},
		{"expiry before signature", "us-east-1", "The security token included in the request is expired", wrongSecret(expired)},
		{"session token before signature", "us-east-1", "The security token included in the request is invalid.", noToken(wrongSecret(sessionKeys(t, cloud)))},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, body := send(t, cloud, signed(t, "sts.amazonaws.com", whoAmI, test.region, test.keys, time.Now()))
			assert.Contains(t, body, "<Message>"+test.message+"</Message>")
		})
	}
	require.NoError(t, cloud.AWS.RemoveRole("app"))
	_, _, body := send(t, cloud, signed(t, "sts.amazonaws.com", whoAmI, "us-east-1", wrongSecret(expired), time.Now()))
	assert.Contains(t, body, "<Code>ExpiredToken</Code>", "expiry before the role")
}
