package fakeaws_test

import (
	"context"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// presigned returns a GetCallerIdentity whose signature is in the query, by the AWS SDK's own
// client.
func presigned(t testing.TB, cloud *testCloud, keys aws.Credentials, change ...func(*sts.PresignOptions)) *http.Request {
	t.Helper()
	got, err := sts.NewPresignClient(stsClient(cloud, keys)).PresignGetCallerIdentity(t.Context(), nil, change...)
	require.NoError(t, err)
	r, err := http.NewRequest(got.Method, got.URL, nil)
	require.NoError(t, err)
	for name, values := range got.SignedHeader {
		r.Header[name] = values
	}
	return r
}

// presigner signs as v4.Signer does, at another time or by another method than the client would.
type presigner struct {
	v4.Signer
	method string
	late   time.Duration
}

func (p presigner) PresignHTTP(
	ctx context.Context, keys aws.Credentials, r *http.Request, hash, service, region string, at time.Time, options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	if p.method != "" {
		r.Method = p.method
	}
	return p.Signer.PresignHTTP(ctx, keys, r, hash, service, region, at.Add(-p.late), options...)
}

// presignedParameter sets a parameter of the query, or takes it out if the value is "".
func presignedParameter(r *http.Request, name, value string) {
	query := r.URL.Query()
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	r.URL.RawQuery = query.Encode()
}

func TestThePresignClientsRequestsAreTaken(t *testing.T) {
	for _, test := range []struct {
		name   string
		user   bool
		method string // default: the client's own
		late   time.Duration
		change func(*http.Request) // after signing
	}{
		{name: "of a role's session"},
		{name: "of a user's keys, without a session token", user: true},
		{name: "by POST", method: http.MethodPost},
		{name: "15 minutes old", late: 15 * time.Minute},
		{name: "with the parameters in another order", change: func(r *http.Request) {
			pairs := strings.Split(r.URL.RawQuery, "&")
			r.URL.RawQuery = strings.Join(append(pairs[1:], pairs[0]), "&")
		}},
		{name: "with a header that is not signed", change: func(r *http.Request) { r.Header.Set("X-K8s-Aws-Id", "cluster") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(fakeaws.Options{})
				keys := sessionKeys(t, cloud)
				if test.user {
					keys = userKeys(t, cloud)
				}
				r := presigned(t, cloud, keys, func(o *sts.PresignOptions) {
					o.Presigner = presigner{Signer: *v4.NewSigner(), method: test.method, late: test.late}
				})
				r.Method = test.method
				if test.change != nil {
					test.change(r)
				}
				status, _, body := send(t, cloud, r)
				assert.Equal(t, http.StatusOK, status, body)
				assert.Equal(t, test.user, strings.Contains(body, ":user/someone</Arn>"))
			})
		})
	}
}

// The token of EKS is such a URL with a header of its own signed, and an X-Amz-Expires of 60 s.
func TestAClustersTokenIsGoodFor15MinutesWhateverItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		r, err := http.NewRequest(http.MethodGet, "https://sts.us-east-1.amazonaws.com/?"+whoAmI+"&X-Amz-Expires=60", nil)
		require.NoError(t, err)
		r.Header.Set("X-K8s-Aws-Id", "cluster")
		const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), sessionKeys(t, cloud), r, emptyHash, "sts", "us-east-1", time.Now())
		require.NoError(t, err)
		ask := func(cluster string) int {
			r, err := http.NewRequest(http.MethodGet, signed, nil)
			require.NoError(t, err)
			r.Header.Set("X-K8s-Aws-Id", cluster)
			status, _, _ := send(t, cloud, r)
			return status
		}
		assert.Contains(t, signed, "host%3Bx-k8s-aws-id")
		assert.Equal(t, http.StatusForbidden, ask("another"))
		time.Sleep(15 * time.Minute)
		assert.Equal(t, http.StatusOK, ask("cluster"))
		time.Sleep(time.Second)
		assert.Equal(t, http.StatusForbidden, ask("cluster"))
	})
}

func TestAPresignedRequestThatBreaksOneRuleGetsItsError(t *testing.T) {
	const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	for _, test := range []struct {
		name          string
		change        func(*http.Request)
		status        int
		code, message string
	}{
		{name: "another algorithm", change: func(r *http.Request) { presignedParameter(r, "X-Amz-Algorithm", "AWS4-HMAC-SHA512") },
			status: 403, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token"},
		{name: "no algorithm", change: func(r *http.Request) { presignedParameter(r, "X-Amz-Algorithm", "") },
			status: 403, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token"},
		{name: "an Authorization header too", change: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Signature=0") },
			status: 403, code: "SignatureDoesNotMatch", message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		{name: "nothing but the algorithm", change: func(r *http.Request) { r.URL.RawQuery = whoAmI + "&X-Amz-Algorithm=AWS4-HMAC-SHA256" },
			status: 400, code: "IncompleteSignature", message: "AWS query-string parameters must include 'X-Amz-Credential'. " +
				"AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. " +
				"AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."},
		{name: "the date in a header alone", change: func(r *http.Request) {
			r.Header.Set("X-Amz-Date", r.URL.Query().Get("X-Amz-Date"))
			presignedParameter(r, "X-Amz-Date", "")
		}, status: 400, code: "IncompleteSignature",
			message: "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."},
		{name: "a date in another format", change: func(r *http.Request) { presignedParameter(r, "X-Amz-Date", "2000-01-01T00:00:00Z") },
			status: 400, code: "IncompleteSignature", message: "Date must be in ISO-8601 'basic format'. Got '2000-01-01T00:00:00Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{name: "the host unsigned", change: func(r *http.Request) { presignedParameter(r, "X-Amz-SignedHeaders", "accept") },
			status: 403, code: "SignatureDoesNotMatch", message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "an x-amz header that is not signed", change: func(r *http.Request) { r.Header.Set("X-Amz-Note", "1") },
			status: 403, code: "SignatureDoesNotMatch", message: "'x-amz-note' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "no session token", change: func(r *http.Request) { presignedParameter(r, "X-Amz-Security-Token", "") },
			status: 403, code: "InvalidClientTokenId", message: "The security token included in the request is invalid."},
		{name: "another X-Amz-Expires than that which is signed", change: func(r *http.Request) { presignedParameter(r, "X-Amz-Expires", "9") },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "another signature", change: func(r *http.Request) { presignedParameter(r, "X-Amz-Signature", strings.Repeat("0", 64)) },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "another action", change: func(r *http.Request) { presignedParameter(r, "Action", "GetSessionToken") },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "another method", change: func(r *http.Request) { r.Method = http.MethodPost },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "a body that nobody signed", change: func(r *http.Request) { *r = *withBody(r, "x") },
			status: 403, code: "SignatureDoesNotMatch", message: mismatch},
		{name: "another region", change: func(r *http.Request) { r.URL.Host, r.Host = "sts.us-west-2.amazonaws.com", "" },
			status: 403, code: "SignatureDoesNotMatch", message: "Credential should be scoped to a valid region. "},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(fakeaws.Options{})
				r := presigned(t, cloud, sessionKeys(t, cloud))
				test.change(r)
				status, _, body := send(t, cloud, r)
				var failure stsFailure
				require.NoError(t, xml.Unmarshal([]byte(body), &failure), body)
				assert.Equal(t, test.code, failure.Code)
				assert.Equal(t, test.message, failure.Message)
				assert.Equal(t, test.status, status)
			})
		})
	}
}

func withBody(r *http.Request, body string) *http.Request {
	other, err := http.NewRequest(r.Method, r.URL.String(), strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	other.Header = r.Header
	return other
}
