package fakeaws_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

const whoAmI = "Action=GetCallerIdentity&Version=2011-06-15"

// signed returns a POST of the query to the host, signed by the AWS SDK.
func signed(t testing.TB, host, query, region string, keys aws.Credentials, at time.Time, change ...func(*http.Request)) *http.Request {
	t.Helper()
	return signedTo(t, "https://"+host+"/?"+query, region, keys, at, change...)
}

func signedTo(t testing.TB, to, region string, keys aws.Credentials, at time.Time, change ...func(*http.Request)) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, nil)
	require.NoError(t, err)
	for _, f := range change {
		f(r)
	}
	const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no body
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), keys, r, emptyHash, "sts", region, at))
	return r
}

func send(t testing.TB, cloud *testCloud, r *http.Request) (status int, header http.Header, body string) {
	t.Helper()
	response, err := cloud.Client().Transport.RoundTrip(r) // a Client would follow redirects
	require.NoError(t, err)
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header, string(b)
}

func sessionKeys(t testing.TB, cloud *testCloud) aws.Credentials {
	t.Helper()
	keys, err := cloud.AWS.Session("app", "test", 6*time.Hour)
	require.NoError(t, err)
	return keys
}

// The signatures are those that the tests of Google's Go library expect of its own signer for the
// same requests, so neither side of the comparison is ours.
func TestSignaturesThatGooglesLibraryIsTestedWithVerify(t *testing.T) {
	for _, test := range []struct{ name, host, token, signature string }{
		{"with a session token", "sts.us-east-2.amazonaws.com", "sessionTok", "48541de09ff691ab53f9e017f5123ce338fecbadc1b278480bab3af221ca4f38"},
		{"of long-lived keys", "sts.us-east-2.amazonaws.com", "", "bff58112d4696faecff9c104c8b7b963141e8b3cc4ba46a0664938fe6d112e41"},
		{"at a FIPS endpoint", "sts-fips.us-east-2.amazonaws.com", "sessionTok", "4b3ce0f92bb2746ac7b437e6fd623393ed06de7569987a80b9a1081fc10aeca5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(fakeaws.Options{Region: "us-east-2"})
			at := time.Date(2020, 8, 11, 6, 55, 22, 0, time.UTC)
			cloud.SetClock(time.Until(at))
			arn, signedHeaders := "arn:aws:iam::123456789012:user/someone", "host;x-amz-date"
			if test.token != "" {
				arn, signedHeaders = "arn:aws:sts::123456789012:assumed-role/app/some-session", "host;x-amz-date;x-amz-security-token"
			}
			require.NoError(t, cloud.AWS.ImportKeys(arn, aws.Credentials{AccessKeyID: "accessKeyID", SecretAccessKey: "secret", SessionToken: test.token}))
			request := func(signature string) *http.Request {
				r, err := http.NewRequest(http.MethodPost, "https://"+test.host+"?"+whoAmI, nil)
				require.NoError(t, err)
				r.Header.Set("X-Amz-Date", "20200811T065522Z")
				if test.token != "" {
					r.Header.Set("X-Amz-Security-Token", test.token)
				}
				r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=accessKeyID/20200811/us-east-2/sts/aws4_request, SignedHeaders="+
					signedHeaders+", Signature="+signature)
				return r
			}
			status, _, body := send(t, cloud, request(test.signature))
			assert.Equal(t, http.StatusOK, status, body)
			assert.Contains(t, body, "<Arn>"+arn+"</Arn>")

			status, _, _ = send(t, cloud, request(strings.Repeat("0", 64)))
			assert.Equal(t, http.StatusForbidden, status)
		})
	}
}

func TestSignaturesAreTakenAsAWSTakesThem(t *testing.T) {
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	for _, test := range []struct {
		name, partition, host, region string
		skew                          time.Duration
		before, after                 func(*http.Request)
	}{
		{name: "at a regional endpoint", host: "sts.us-west-2.amazonaws.com", region: "us-west-2"},
		{name: "at the global endpoint, scoped to us-east-1", host: "sts.amazonaws.com", region: "us-east-1"},
		{name: "at a FIPS endpoint", host: "sts-fips.us-east-1.amazonaws.com", region: "us-east-1"},
		{name: "at a dual-stack endpoint", host: "sts.eu-west-1.api.aws", region: "eu-west-1"},
		{name: "at a dual-stack FIPS endpoint", host: "sts-fips.us-east-2.api.aws", region: "us-east-2"},
		{name: "in China", partition: "aws-cn", host: "sts.cn-northwest-1.amazonaws.com.cn", region: "cn-northwest-1"},
		{name: "in GovCloud", partition: "aws-us-gov", host: "sts.us-gov-east-1.amazonaws.com", region: "us-gov-east-1"},
		{name: "in the European Sovereign Cloud", partition: "aws-eusc", host: "sts.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"},
		{name: "on loopback for any region", host: "127.0.0.1:8085", region: "ap-southeast-4"},
		{name: "15 minutes old", host: "sts.amazonaws.com", region: "us-east-1", skew: -15 * time.Minute},
		{name: "15 minutes early", host: "sts.amazonaws.com", region: "us-east-1", skew: 15 * time.Minute},
		{name: "with x-goog-cloud-target-resource signed", host: "sts.amazonaws.com", region: "us-east-1",
			before: header("X-Goog-Cloud-Target-Resource", "//iam.googleapis.com/x")},
		{name: "with x-goog-cloud-target-resource unsigned", host: "sts.amazonaws.com", region: "us-east-1",
			after: header("X-Goog-Cloud-Target-Resource", "//iam.googleapis.com/x")},
		{name: "with a trace header unsigned", host: "sts.amazonaws.com", region: "us-east-1", after: header("X-Amzn-Trace-Id", "Root=1")},
		{name: "with a header's spaces folded", host: "sts.amazonaws.com", region: "us-east-1", before: header("X-Amz-Note", "  two   words ")},
		{name: "with a header repeated", host: "sts.amazonaws.com", region: "us-east-1", before: header("X-Amz-Note", "b", "a")},
		{name: "at a path that must be encoded", host: "sts.amazonaws.com", region: "us-east-1", before: func(r *http.Request) { r.URL.Path = "/a b/é/$" }},
		{name: "with a query that is not in order", host: "sts.amazonaws.com", region: "us-east-1",
			before: func(r *http.Request) { r.URL.RawQuery = whoAmI + "&x=a&x=b" },
			after:  func(r *http.Request) { r.URL.RawQuery = "x=b&x=a&&" + whoAmI }},
		{name: "with a parameter of the query repeated, and one without a value", host: "sts.amazonaws.com", region: "us-east-1",
			before: func(r *http.Request) { r.URL.RawQuery = whoAmI + "&x=b&x=&x=a&y" },
			after:  func(r *http.Request) { r.URL.RawQuery = "x=a&y=&x=b&" + whoAmI + "&x=" }},
		{name: "with a header repeated, of blanks at the ends and within", host: "sts.amazonaws.com", region: "us-east-1",
			before: header("X-Amz-Note", "b  c", "a"), after: header("X-Amz-Note", "  b c", "a   ")},
		{name: "with repeated headers joined on the way", host: "sts.amazonaws.com", region: "us-east-1",
			before: header("X-Amz-Note", "b", "a"), after: header("X-Amz-Note", "b,a")},
		{name: "at a path that ends with a slash", host: "sts.amazonaws.com", region: "us-east-1",
			before: func(r *http.Request) { r.URL.Path = "/a/" }},
		{name: "at a path with needless parts, signed without them", host: "sts.amazonaws.com", region: "us-east-1",
			before: func(r *http.Request) { r.URL.Path = "/a/c/" },
			after:  func(r *http.Request) { r.URL.Path = "//a/./b/..//c//" }},
		{name: "with a port that is signed too", host: "sts.amazonaws.com:8443", region: "us-east-1"},
		{name: "with the default port, which the SDK leaves out of the header and the signature", host: "sts.amazonaws.com:443", region: "us-east-1",
			after: func(r *http.Request) { r.Host = "sts.amazonaws.com" }},
		{name: "with no space after the commas", host: "sts.amazonaws.com", region: "us-east-1", after: func(r *http.Request) {
			r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), ", ", ","))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(fakeaws.Options{Partition: test.partition})
				cloud.SetClock(300 * time.Millisecond) // within the second, all that a signature knows of
				var before []func(*http.Request)
				if test.before != nil {
					before = append(before, test.before)
				}
				r := signed(t, test.host, whoAmI, test.region, sessionKeys(t, cloud), time.Now().Add(test.skew), before...)
				if test.after != nil {
					test.after(r)
				}
				status, _, body := send(t, cloud, r)
				assert.Equal(t, http.StatusOK, status, body)
			})
		})
	}
}

// The AWS SDK's signer cannot be brought to sign like this, so the signature is made here, by the
// text of the specification.
func TestSignedHeadersMustBeInOrder(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	keys := userKeys(t, cloud)
	date := time.Now().UTC().Format("20060102T150405Z")
	scope := date[:8] + "/us-east-1/sts/aws4_request"
	mac := func(key, text string) string {
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(text))
		return string(h.Sum(nil))
	}
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	for signedHeaders, want := range map[string]int{"host;x-amz-date": http.StatusOK, "x-amz-date;host": http.StatusForbidden} {
		r, err := http.NewRequest(http.MethodPost, "https://sts.amazonaws.com/?"+whoAmI, nil)
		require.NoError(t, err)
		r.Header.Set("X-Amz-Date", date)
		canonical := "POST\n/\n" + whoAmI + "\n"
		for name := range strings.SplitSeq(signedHeaders, ";") {
			canonical += map[string]string{"host": "host:sts.amazonaws.com\n", "x-amz-date": "x-amz-date:" + date + "\n"}[name]
		}
		canonical += "\n" + signedHeaders + "\n" + hash("")
		key := mac(mac(mac(mac("AWS4"+keys.SecretAccessKey, date[:8]), "us-east-1"), "sts"), "aws4_request")
		signature := hex.EncodeToString([]byte(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hash(canonical))))
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+keys.AccessKeyID+"/"+scope+", SignedHeaders="+signedHeaders+", Signature="+signature)
		status, _, _ := send(t, cloud, r)
		assert.Equal(t, want, status, signedHeaders)
	}
}
