package fakegoogle_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// attempt is a token exchange in which nothing is wrong until a test breaks it.
type attempt struct {
	cloud       *testCloud
	subject     *subject
	token       *string    // in place of subject
	form        url.Values // without subject_token
	contentType string
	body        string // in place of form
	headers     []string
}

func (a *attempt) update(t *testing.T, change func(*fakegoogle.Provider)) {
	require.NoError(t, a.cloud.Google.UpdateProvider(a.cloud.Google.Provider(), change))
}

func (a *attempt) settle(change func(*fakegoogle.Unsettled)) {
	u := a.cloud.Google.Unsettled()
	change(&u)
	a.cloud.Google.SetUnsettled(u)
}

const (
	unknownTarget   = `The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.`
	invalidAudience = `Invalid value for "audience". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.`
	throttled       = "The request was throttled due to rate limit: sts.googleapis.com/requests. Please retry after a few seconds."
	subjectTooLong  = "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes."
	notTheCondition = "The given credential is rejected by the attribute condition."
	wrongSignature  = "Received invalid AWS response of type SignatureDoesNotMatch with error message: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

// brokenExchanges has a row for each rule of STS, in an attempt that breaks just that one. A want
// that begins with "emulator: " is no text of Google's.
var brokenExchanges = []struct {
	name   string
	spoil  func(*testing.T, *attempt)
	reason fakegoogle.Reason
	status int // default: 400
	code   string
	want   string
}{
	{name: "the quota is used up", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.ExhaustSTSQuota() },
		reason: fakegoogle.ReasonQuota, status: 429, code: "quota_exceeded", want: throttled},
	{name: "a perimeter denies STS", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.DenyByVPCServiceControls(fakegoogle.STS) },
		reason: fakegoogle.ReasonVPCServiceControls, status: 403, code: "access_denied", want: "emulator: VPC Service Controls deny the request"},
	{name: "no client where one is required", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.RequireClient("id", "secret") },
		reason: fakegoogle.ReasonClient, status: 401, code: "invalid_client", want: "emulator: the request does not come with the ID and secret of the client"},
	{name: "an Authorization header where it is refused", spoil: func(t *testing.T, a *attempt) {
		a.settle(func(u *fakegoogle.Unsettled) { u.AcceptAuthorizationHeader = false })
		a.headers = []string{"Authorization", "Basic Zm9vOmJhcg=="}
	}, reason: fakegoogle.ReasonAuthorizationHeader, code: "invalid_request", want: "emulator: the request has an Authorization header"},

	{name: "a body of another type", spoil: func(t *testing.T, a *attempt) { a.contentType = "text/plain" },
		reason: fakegoogle.ReasonMalformed, code: "invalid_request", want: "emulator: Content-Type must be application/x-www-form-urlencoded or application/json"},
	{name: "a form that does not parse", spoil: func(t *testing.T, a *attempt) { a.body = "%zz" },
		reason: fakegoogle.ReasonMalformed, code: "invalid_request", want: "emulator: the body is not a form"},
	{name: "a parameter that is there twice", spoil: func(t *testing.T, a *attempt) { a.form.Add("scope", cloudPlatform) },
		reason: fakegoogle.ReasonMalformed, code: "invalid_request", want: `emulator: the parameter "scope" is there 2 times`},
	{name: "JSON that is no object", spoil: func(t *testing.T, a *attempt) { a.contentType, a.body = "application/json", "[]" },
		reason: fakegoogle.ReasonMalformed, code: "invalid_request", want: "emulator: the body is not a JSON object"},
	{name: "a JSON parameter that is no string", spoil: func(t *testing.T, a *attempt) { a.contentType, a.body = "application/json", `{"scope":["x"]}` },
		reason: fakegoogle.ReasonMalformed, code: "invalid_request", want: `emulator: the parameter "scope" is of the wrong type`},
	{name: "a JSON parameter in two spellings", spoil: func(t *testing.T, a *attempt) {
		a.contentType, a.body = "application/json", `{"grantType":"x","grant_type":"x"}`
	}, reason: fakegoogle.ReasonMalformed, code: "invalid_request", want: `emulator: the parameter "grant_type" is there in two spellings`},

	{name: "no grant type", spoil: func(t *testing.T, a *attempt) { a.form.Del("grant_type") },
		reason: fakegoogle.ReasonGrantType, code: "unsupported_grant_type", want: "emulator: grant_type must be urn:ietf:params:oauth:grant-type:token-exchange"},
	{name: "another grant type", spoil: func(t *testing.T, a *attempt) { a.form.Set("grant_type", "client_credentials") },
		reason: fakegoogle.ReasonGrantType, code: "unsupported_grant_type", want: "emulator: grant_type must be urn:ietf:params:oauth:grant-type:token-exchange"},
	{name: "no requested token type", spoil: func(t *testing.T, a *attempt) { a.form.Del("requested_token_type") },
		reason: fakegoogle.ReasonRequestedTokenType, code: "invalid_request", want: "emulator: requested_token_type must be " + accessTokenType},
	{name: "no scope", spoil: func(t *testing.T, a *attempt) { a.form.Del("scope") },
		reason: fakegoogle.ReasonScope, code: "invalid_request", want: "emulator: scope must hold at least one scope of Google's"},
	{name: "a scope that is not Google's", spoil: func(t *testing.T, a *attempt) {
		a.form.Set("scope", cloudPlatform+" https://graph.microsoft.com/.default")
	},
		reason: fakegoogle.ReasonScope, code: "invalid_request", want: "emulator: scope must hold at least one scope of Google's"},
	{name: "an actor token", spoil: func(t *testing.T, a *attempt) { a.form.Set("actor_token", "x") },
		reason: fakegoogle.ReasonActorToken, code: "invalid_request", want: "emulator: actor tokens are not supported"},
	{name: "options that are no JSON", spoil: func(t *testing.T, a *attempt) { a.form.Set("options", "userProject=x") },
		reason: fakegoogle.ReasonOptions, code: "invalid_request", want: "emulator: options are not the JSON that they should be"},
	{name: "options over 4 MiB", spoil: func(t *testing.T, a *attempt) { a.form.Set("options", "{}"+strings.Repeat(" ", 4<<20)) },
		reason: fakegoogle.ReasonOptions, code: "invalid_request", want: "emulator: options have 4194306 characters, more than 4194304"},
	{name: "a user project of 33 characters", spoil: func(t *testing.T, a *attempt) {
		a.form.Set("options", `{"userProject":"`+strings.Repeat("p", 33)+`"}`)
	}, reason: fakegoogle.ReasonOptions, code: "invalid_request", want: "emulator: userProject has 33 characters, more than 32"},
	{name: "an access boundary of 11 rules", spoil: func(t *testing.T, a *attempt) {
		a.form.Set("options", `{"accessBoundary":{"accessBoundaryRules":[`+strings.TrimSuffix(strings.Repeat("{},", 11), ",")+`]}}`)
	}, reason: fakegoogle.ReasonOptions, code: "invalid_request", want: "emulator: accessBoundary has 11 rules, not 1 to 10"},
	{name: "an access boundary over 2048 characters", spoil: func(t *testing.T, a *attempt) {
		a.form.Set("options", `{"accessBoundary":{"x":"`+strings.Repeat("x", 2041)+`"}}`)
	}, reason: fakegoogle.ReasonOptions, code: "invalid_request", want: "emulator: accessBoundary has 2049 characters, more than 2048"},
	{name: "a fingerprint of 42 characters", spoil: func(t *testing.T, a *attempt) {
		a.form.Set("options", `{"bindCertFingerprint":"`+strings.Repeat("f", 42)+`"}`)
	}, reason: fakegoogle.ReasonOptions, code: "invalid_request", want: "emulator: bindCertFingerprint has 42 characters, not 43"},

	{name: "an audience with https:", spoil: func(t *testing.T, a *attempt) { a.form.Set("audience", "https:"+audienceOfOptions) },
		reason: fakegoogle.ReasonAudience, code: "invalid_request", want: invalidAudience},
	{name: "an audience with a project ID", spoil: func(t *testing.T, a *attempt) {
		a.form.Set("audience", strings.Replace(audienceOfOptions, "912480652101", "my-project", 1))
	}, reason: fakegoogle.ReasonAudience, code: "invalid_request", want: invalidAudience},
	{name: "a provider that does not exist", spoil: func(t *testing.T, a *attempt) { a.form.Set("audience", audienceOfOptions+"-2") },
		reason: fakegoogle.ReasonTarget, code: "invalid_target", want: unknownTarget},
	{name: "a provider that is disabled", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.DisableProvider() },
		reason: fakegoogle.ReasonTarget, code: "invalid_target", want: unknownTarget},
	{name: "a provider that is deleted", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.DeleteProvider() },
		reason: fakegoogle.ReasonTarget, code: "invalid_target", want: unknownTarget},
	{name: "a pool that is disabled", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.DisablePool() },
		reason: fakegoogle.ReasonTarget, code: "invalid_target", want: unknownTarget},
	{name: "a pool that is deleted", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.DeletePool() },
		reason: fakegoogle.ReasonTarget, code: "invalid_target", want: unknownTarget},
	{name: "a subject token type of OIDC", spoil: func(t *testing.T, a *attempt) {
		a.form.Set("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
	}, reason: fakegoogle.ReasonSubjectTokenType, code: "invalid_request", want: "emulator: subject_token_type must be urn:ietf:params:aws:token-type:aws4_request for an AWS provider"},
	{name: "no subject token", spoil: func(t *testing.T, a *attempt) { a.body = a.form.Encode() },
		reason: fakegoogle.ReasonSubjectTokenMissing, code: "invalid_request", want: "emulator: subject_token is missing"},

	{name: "a subject token over 32 KiB, which is not decoded", spoil: func(t *testing.T, a *attempt) { a.token = new(strings.Repeat("%", 32769)) },
		reason: fakegoogle.ReasonTokenSize, code: "invalid_grant", want: "emulator: subject_token has 32769 bytes, more than 32768"},
	{name: "a subject token that is not percent-encoded", spoil: func(t *testing.T, a *attempt) { a.token = new("%7B%zz") },
		reason: fakegoogle.ReasonTokenEncoding, code: "invalid_grant", want: "emulator: subject_token is not percent-encoded"},
	{name: "a subject token of nothing", spoil: func(t *testing.T, a *attempt) { a.token = new("") },
		reason: fakegoogle.ReasonTokenEmpty, code: "invalid_grant", want: "Invalid format of AWS credentials:Error at line 0:0: Unexpected end of stream : expected '{'"},
	{name: "a subject token that is no JSON", spoil: func(t *testing.T, a *attempt) { a.token = new("app") },
		reason: fakegoogle.ReasonTokenFormat, code: "invalid_grant", want: "emulator: subject_token is not the JSON of an AWS request"},
	{name: "a subject token that is other JSON", spoil: func(t *testing.T, a *attempt) { a.token = new("[]") },
		reason: fakegoogle.ReasonTokenShape, code: "invalid_grant", want: "AWS request has invalid format."},
	{name: "a subject token without a URL", spoil: func(t *testing.T, a *attempt) { a.subject.URL = "" },
		reason: fakegoogle.ReasonTokenShape, code: "invalid_grant", want: "AWS request has invalid format."},
	{name: "the method GET", spoil: func(t *testing.T, a *attempt) { a.subject.Method = "GET" },
		reason: fakegoogle.ReasonMethod, code: "invalid_grant", want: "emulator: the method of the AWS request must be POST"},
	{name: "a body", spoil: func(t *testing.T, a *attempt) { a.subject.Body = "Action=AssumeRole" },
		reason: fakegoogle.ReasonBody, code: "invalid_grant", want: "emulator: the body of the AWS request must be empty"},
	{name: "a URL that does not parse", spoil: func(t *testing.T, a *attempt) { a.subject.URL = "https://sts.us-east-1.amazonaws.com:x?" },
		reason: fakegoogle.ReasonURL, code: "invalid_grant", want: "emulator: the URL of the AWS request is invalid"},
	{name: "a user name in the URL", spoil: func(t *testing.T, a *attempt) {
		a.subject.URL = strings.Replace(verificationURL, "https://", "https://sts.amazonaws.com@", 1)
	}, reason: fakegoogle.ReasonURL, code: "invalid_grant", want: "emulator: the URL of the AWS request is invalid"},
	{name: "a fragment in the URL", spoil: func(t *testing.T, a *attempt) { a.subject.URL += "#" },
		reason: fakegoogle.ReasonURL, code: "invalid_grant", want: "emulator: the URL of the AWS request is invalid"},
	{name: "http to AWS", spoil: func(t *testing.T, a *attempt) { a.subject.URL = strings.Replace(a.subject.URL, "https", "http", 1) },
		reason: fakegoogle.ReasonScheme, code: "invalid_grant", want: "emulator: the URL of the AWS request must have the scheme https"},
	{name: "a host that is not AWS's", spoil: spoilHost("sts.us-east-1.amazonaws.com.evil.example"),
		reason: fakegoogle.ReasonHost, code: "invalid_grant", want: `emulator: the host "sts.us-east-1.amazonaws.com.evil.example" of the AWS request is not AWS STS`},
	{name: "a bucket of AWS's", spoil: spoilHost("sts.s3.amazonaws.com"),
		reason: fakegoogle.ReasonHost, code: "invalid_grant", want: `emulator: the host "sts.s3.amazonaws.com" of the AWS request is not AWS STS`},
	{name: "a port other than 443", spoil: spoilHost("sts.us-east-1.amazonaws.com:8443"),
		reason: fakegoogle.ReasonHost, code: "invalid_grant", want: `emulator: the host "sts.us-east-1.amazonaws.com:8443" of the AWS request is not AWS STS`},
	{name: "a path", spoil: func(t *testing.T, a *attempt) { a.subject.URL = strings.Replace(a.subject.URL, "?", "/x?", 1) },
		reason: fakegoogle.ReasonPath, code: "invalid_grant", want: "emulator: the path of the AWS request must be empty or /"},
	{name: "a query that does not parse", spoil: func(t *testing.T, a *attempt) { a.subject.URL += "&x=%zz" },
		reason: fakegoogle.ReasonQuery, code: "invalid_grant", want: "emulator: the query of the AWS request is invalid"},
	{name: "two actions", spoil: func(t *testing.T, a *attempt) { a.subject.URL += "&Action=AssumeRole" },
		reason: fakegoogle.ReasonQuery, code: "invalid_grant", want: `emulator: the query of the AWS request has 2 parameters "Action"`},
	{name: "another action", spoil: func(t *testing.T, a *attempt) {
		a.subject.URL = strings.Replace(a.subject.URL, "GetCallerIdentity", "AssumeRole", 1)
	}, reason: fakegoogle.ReasonAction, code: "invalid_grant", want: "emulator: the Action of the AWS request must be GetCallerIdentity"},
	{name: "another version", spoil: func(t *testing.T, a *attempt) { a.subject.URL = strings.Replace(a.subject.URL, "2011", "2012", 1) },
		reason: fakegoogle.ReasonVersion, code: "invalid_grant", want: "emulator: the Version of the AWS request must be 2011-06-15"},
	{name: "a header with a line break", spoil: func(t *testing.T, a *attempt) { a.subject.set("X-Other", "a\r\nHost: b") },
		reason: fakegoogle.ReasonHeaderForm, code: "invalid_grant", want: "emulator: a header of the AWS request is invalid"},
	{name: "a header without a name", spoil: func(t *testing.T, a *attempt) { a.subject.set("", "x") },
		reason: fakegoogle.ReasonHeaderForm, code: "invalid_grant", want: "emulator: a header of the AWS request is invalid"},
	{name: "a header with two values, its name in other letters", spoil: func(t *testing.T, a *attempt) {
		a.subject.Headers = append(a.subject.Headers, subjectHeader{"X-AMZ-DATE", "20000101T000001Z"})
	}, reason: fakegoogle.ReasonHeaderTwice, code: "invalid_grant", want: "emulator: the header x-amz-date of the AWS request is there with two values"},
	{name: "a header with a value and without one", spoil: func(t *testing.T, a *attempt) {
		a.subject.Headers = append(a.subject.Headers, subjectHeader{targetHeader, ""})
	}, reason: fakegoogle.ReasonHeaderTwice, code: "invalid_grant", want: "emulator: the header x-goog-cloud-target-resource of the AWS request is there with two values"},
	{name: "lower-case authorization where it is refused", spoil: func(t *testing.T, a *attempt) {
		a.settle(func(u *fakegoogle.Unsettled) { u.AcceptLowerCaseAuthorization = false })
		a.subject.rename(strings.ToLower)
	}, reason: fakegoogle.ReasonAuthorizationCase, code: "invalid_grant", want: "AWS request has invalid format."},
	{name: "no Authorization", spoil: func(t *testing.T, a *attempt) { a.subject.remove("Authorization") },
		reason: fakegoogle.ReasonHeaderMissing, code: "invalid_grant", want: "emulator: the header Authorization of the AWS request is missing"},
	{name: "no host", spoil: func(t *testing.T, a *attempt) { a.subject.remove("Host") },
		reason: fakegoogle.ReasonHeaderMissing, code: "invalid_grant", want: "emulator: the header host of the AWS request is missing"},
	{name: "no x-amz-date", spoil: func(t *testing.T, a *attempt) { a.subject.remove("X-Amz-Date") },
		reason: fakegoogle.ReasonHeaderMissing, code: "invalid_grant", want: "emulator: the header x-amz-date of the AWS request is missing"},
	{name: "no target resource", spoil: func(t *testing.T, a *attempt) { a.subject.remove(targetHeader) },
		reason: fakegoogle.ReasonHeaderMissing, code: "invalid_grant", want: "emulator: the header x-goog-cloud-target-resource of the AWS request is missing"},
	{name: "the host of another region", spoil: func(t *testing.T, a *attempt) { a.subject.set("Host", "sts.us-west-2.amazonaws.com") },
		reason: fakegoogle.ReasonHostHeader, code: "invalid_grant", want: "emulator: the header host of the AWS request is not the host of its URL"},
	{name: "the target resource of another provider", spoil: func(t *testing.T, a *attempt) { a.subject.set(targetHeader, audienceOfOptions+"-2") },
		reason: fakegoogle.ReasonTargetResource, code: "invalid_grant", want: "emulator: the header x-goog-cloud-target-resource of the AWS request is not the audience"},
	{name: "an Authorization of another kind", spoil: func(t *testing.T, a *attempt) { a.subject.set("Authorization", "Bearer x") },
		reason: fakegoogle.ReasonAuthorization, code: "invalid_grant", want: "emulator: the header Authorization of the AWS request is not an AWS4-HMAC-SHA256 signature"},
	{name: "an Authorization without a signature", spoil: func(t *testing.T, a *attempt) {
		authorization, _, _ := strings.Cut(a.subject.get("Authorization"), ", Signature=")
		a.subject.set("Authorization", authorization)
	}, reason: fakegoogle.ReasonAuthorization, code: "invalid_grant", want: "emulator: the header Authorization of the AWS request is not an AWS4-HMAC-SHA256 signature"},
	{name: "an unsigned target resource where it must be signed", spoil: func(t *testing.T, a *attempt) {
		a.settle(func(u *fakegoogle.Unsettled) { u.RequireSignedTargetResource = true })
		a.subject = signSubject(t, a.cloud, verificationURL, func(r *http.Request) { r.Header.Del(targetHeader) })
		a.subject.set(targetHeader, audienceOfOptions)
	}, reason: fakegoogle.ReasonTargetNotSigned, code: "invalid_grant", want: "emulator: the header x-goog-cloud-target-resource of the AWS request is not signed"},
	{name: "an x-amz-date that is no date", spoil: func(t *testing.T, a *attempt) { a.subject.set("X-Amz-Date", "2026-01-02T15:04:05Z") },
		reason: fakegoogle.ReasonSignatureDate, code: "invalid_grant", want: "emulator: the header x-amz-date of the AWS request is not a date such as 20060102T150405Z"},
	{name: "a signature that is older than Google's window", spoil: func(t *testing.T, a *attempt) {
		a.settle(func(u *fakegoogle.Unsettled) { u.SignatureWindow = 10 * time.Minute })
		a.cloud.SetClock(11 * time.Minute)
	}, reason: fakegoogle.ReasonSignatureAge, code: "invalid_grant", want: "emulator: the AWS request was signed too long ago, or in the future"},

	{name: "a signature of another key", spoil: func(t *testing.T, a *attempt) {
		authorization := a.subject.get("Authorization")
		last := authorization[len(authorization)-1:]
		a.subject.set("Authorization", strings.TrimSuffix(authorization, last)+map[bool]string{true: "1", false: "0"}[last == "0"])
	}, reason: fakegoogle.ReasonAWS, code: "invalid_grant", want: wrongSignature},
	{name: "a target resource changed after signing", spoil: func(t *testing.T, a *attempt) { a.subject.set(targetHeader, "https:"+audienceOfOptions) },
		reason: fakegoogle.ReasonAWS, code: "invalid_grant", want: wrongSignature},
	{name: "keys that AWS does not know", spoil: func(t *testing.T, a *attempt) {
		a.subject = signSubject(t, newCloud(fakegoogle.Options{}), verificationURL)
	}, reason: fakegoogle.ReasonAWS, code: "invalid_grant", want: "Received invalid AWS response of type InvalidClientTokenId with error message: The security token included in the request is invalid."},
	{name: "keys that have expired", spoil: func(t *testing.T, a *attempt) {
		keys, err := a.cloud.AWS.Session("app", "expired", -time.Second)
		require.NoError(t, err)
		a.subject = signSubjectWith(t, a.cloud, keys, verificationURL)
	}, reason: fakegoogle.ReasonAWS, code: "invalid_grant", want: "Received invalid AWS response of type ExpiredToken with error message: The security token included in the request is expired"},
	{name: "a signature scoped to another region", spoil: func(t *testing.T, a *attempt) {
		a.subject = signSubject(t, a.cloud, strings.Replace(verificationURL, "us-east-1", "us-west-2", 1))
	}, reason: fakegoogle.ReasonAWS, code: "invalid_grant", want: "Received invalid AWS response of type SignatureDoesNotMatch with error message: Credential should be scoped to a valid region. "},
	{name: "a signature of 16 minutes ago", spoil: func(t *testing.T, a *attempt) { a.cloud.SetClock(16 * time.Minute) },
		reason: fakegoogle.ReasonAWS, code: "invalid_grant", want: "Received invalid AWS response of type SignatureDoesNotMatch with error message: Signature expired: 20000101T000000Z is now earlier than 20000101T000100Z (20000101T001600Z - 15 min.)"},
	{name: "an Authorization with a comma too many", spoil: func(t *testing.T, a *attempt) {
		a.subject.set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20000101/us-east-1/sts/aws4_request,, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=0")
	}, reason: fakegoogle.ReasonAWS, code: "invalid_grant", want: "Received invalid AWS response of type IncompleteSignature with error message: Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'EZ4G8xtH4wtjg+g3e2xm3FCAD5etsWTopJz9Aysc088='."},
	{name: "AWS out of order", spoil: func(t *testing.T, a *attempt) { a.cloud.aws = status(http.StatusOK, "\x00\xff\xfe{]<\x1b") },
		reason: fakegoogle.ReasonAWSUnavailable, code: "invalid_grant", want: "emulator: AWS gave no answer that can be read"},
	{name: "AWS out of reach", spoil: func(t *testing.T, a *attempt) { a.cloud.aws = nil },
		reason: fakegoogle.ReasonAWSUnavailable, code: "invalid_grant", want: "emulator: AWS gave no answer"},
	{name: "AWS redirects", spoil: func(t *testing.T, a *attempt) {
		a.cloud.aws = http.RedirectHandler("https://sts.amazonaws.com", http.StatusTemporaryRedirect)
	},
		reason: fakegoogle.ReasonAWSUnavailable, code: "invalid_grant", want: "emulator: AWS answered with HTTP status 307 and no error of its own"},

	{name: "another AWS account", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.TrustAccount("210987654321") },
		reason: fakegoogle.ReasonAccount, code: "invalid_grant", want: "emulator: the AWS account 123456789012 is not the provider's"},
	{name: "a mapping that fails", spoil: func(t *testing.T, a *attempt) {
		a.update(t, func(p *fakegoogle.Provider) {
			p.Mapping = func(principal.Identity) (principal.Attributes, error) {
				return principal.Attributes{}, errors.New("no such key")
			}
		})
	}, reason: fakegoogle.ReasonMapping, code: "invalid_request", want: "emulator: the attribute mapping failed: no such key"},
	{name: "a mapping without google.subject", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.EmptySubject() },
		reason: fakegoogle.ReasonSubjectEmpty, code: "invalid_request", want: "emulator: the attribute mapping yields no google.subject"},
	{name: "a google.subject of 128 bytes", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.LongSubject() },
		reason: fakegoogle.ReasonSubjectSize, code: "invalid_request", want: subjectTooLong},
	{name: "a mapping of 51 attributes", spoil: func(t *testing.T, a *attempt) {
		a.update(t, func(p *fakegoogle.Provider) {
			p.Mapping = func(principal.Identity) (principal.Attributes, error) {
				custom := make(map[string]string)
				for i := range 51 {
					custom[fmt.Sprintf("a%d", i)] = "v"
				}
				return principal.Attributes{Subject: "s", Custom: custom}, nil
			}
		})
	}, reason: fakegoogle.ReasonAttributes, code: "invalid_request", want: "emulator: 51 custom attributes, more than 50"},
	{name: "a condition that fails", spoil: func(t *testing.T, a *attempt) {
		a.update(t, func(p *fakegoogle.Provider) {
			p.Condition = func(principal.Identity, principal.Attributes) (bool, error) {
				return true, errors.New("no such overload")
			}
		})
	}, reason: fakegoogle.ReasonConditionError, code: "invalid_grant", want: "emulator: the attribute condition failed: no such overload"},
	{name: "a condition that is false", spoil: func(t *testing.T, a *attempt) { a.cloud.Google.RejectByCondition() },
		reason: fakegoogle.ReasonCondition, code: "unauthorized_client", want: notTheCondition},
}

func spoilHost(host string) func(*testing.T, *attempt) {
	return func(t *testing.T, a *attempt) {
		a.subject.URL = strings.Replace(a.subject.URL, "sts.us-east-1.amazonaws.com", host, 1)
		a.subject.set("Host", host)
	}
}

// In a bubble it is 2000-01-01T00:00:00Z, so that texts with times are literal.
func TestAnExchangeThatBreaksOneRuleIsRefusedForIt(t *testing.T) {
	for _, test := range brokenExchanges {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(fakegoogle.Options{})
				a := &attempt{cloud: cloud, subject: signSubject(t, cloud, verificationURL), form: exchangeForm(""), contentType: "application/x-www-form-urlencoded"}
				a.form.Del("subject_token")
				test.spoil(t, a)
				if a.token == nil {
					a.token = new(a.subject.encode(t))
				}
				if a.body == "" {
					a.form.Set("subject_token", *a.token)
					a.body = a.form.Encode()
				}
				response, answer := postToken(t, cloud, a.contentType, a.body, a.headers...)
				assert.Equal(t, max(test.status, http.StatusBadRequest), response.StatusCode)
				assert.Equal(t, map[string]any{"error": test.code, "error_description": test.want}, answer)
			})
		})
	}
}

func TestEveryReasonHasARequestThatBreaksItsRule(t *testing.T) {
	tested := make(map[fakegoogle.Reason]bool)
	for _, test := range brokenExchanges {
		tested[test.reason] = true
	}
	for _, test := range brokenDownscopings {
		tested[test.reason] = true
	}
	for _, test := range brokenOIDCTokens {
		tested[test.reason] = true
	}
	for _, reason := range fakegoogle.Reasons() {
		assert.True(t, tested[reason], reason)
	}
	assert.Len(t, tested, len(fakegoogle.Reasons()))
}
