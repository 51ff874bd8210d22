package fakegoogle_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	verificationURL = "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
	targetHeader    = "X-Goog-Cloud-Target-Resource"
)

// subject is the JSON of a subject token, to be broken before it is encoded.
type subject struct {
	URL     string          `json:"url"`
	Method  string          `json:"method"`
	Body    string          `json:"body,omitempty"`
	Headers []subjectHeader `json:"headers"`
}

type subjectHeader struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// signSubject signs a subject token for the cloud's provider with the AWS SDK, as the role of
// Options.
func signSubject(t testing.TB, cloud *testCloud, to string, change ...func(*http.Request)) *subject {
	t.Helper()
	keys, err := cloud.AWS.Session("app", "i-0123456789abcdef0", time.Hour)
	require.NoError(t, err)
	return signSubjectWith(t, cloud, keys, to, change...)
}

func signSubjectWith(t testing.TB, cloud *testCloud, keys aws.Credentials, to string, change ...func(*http.Request)) *subject {
	t.Helper()
	setTarget := func(r *http.Request) { r.Header.Set(targetHeader, cloud.Google.Provider().Audience()) }
	return newSubject(signedTo(t, to, cloud.AWS.Region(), keys, cloud.Now(), append([]func(*http.Request){setTarget}, change...)...))
}

// newSubject holds a signed request, its headers in the order of their names.
func newSubject(r *http.Request) *subject {
	s := &subject{URL: r.URL.String(), Method: r.Method, Headers: []subjectHeader{{"Host", r.Host}}}
	for _, key := range slices.Sorted(maps.Keys(r.Header)) {
		s.Headers = append(s.Headers, subjectHeader{key, r.Header.Get(key)})
	}
	return s
}

func (s *subject) clone() *subject {
	c := *s
	c.Headers = slices.Clone(s.Headers)
	return &c
}

func (s *subject) json(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

func (s *subject) encode(t testing.TB) string { return url.QueryEscape(s.json(t)) }

func (s *subject) set(key, value string) {
	s.remove(key)
	s.Headers = append(s.Headers, subjectHeader{key, value})
}

func (s *subject) remove(key string) {
	s.Headers = slices.DeleteFunc(s.Headers, func(h subjectHeader) bool { return strings.EqualFold(h.Key, key) })
}

func (s *subject) get(key string) string {
	for _, h := range s.Headers {
		if strings.EqualFold(h.Key, key) {
			return h.Value
		}
	}
	return ""
}

func (s *subject) rename(change func(string) string) {
	for i := range s.Headers {
		s.Headers[i].Key = change(s.Headers[i].Key)
	}
}

func TestVerifySubjectTokenSaysWhoSigned(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	id, err := cloud.Google.VerifySubjectToken(t.Context(), cloud.Google.Provider().Audience(), signSubject(t, cloud, verificationURL).encode(t))
	require.NoError(t, err)
	assert.Equal(t, "123456789012", id.Account)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", id.ARN)
	assert.Regexp(t, `^AROA[A-Z0-9]{17}:i-0123456789abcdef0$`, id.UserID)
}

func TestSubjectTokensAreTakenInEveryFormThatClientsSend(t *testing.T) {
	for name, test := range map[string]struct {
		url    string
		change func(*http.Request)
		after  func(*subject)
		encode func(string) string
	}{
		"Go's query escaping":                  {},
		"Python's quote, with bare slashes":    {encode: func(s string) string { return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(s)) }},
		"JavaScript's encodeURIComponent":      {encode: func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }},
		"no HTML escapes in the JSON":          {encode: func(s string) string { return url.QueryEscape(strings.ReplaceAll(s, `\u0026`, "&")) }},
		"header names in lower case":           {after: func(s *subject) { s.rename(strings.ToLower) }},
		"header names in upper case":           {after: func(s *subject) { s.rename(strings.ToUpper) }},
		"an empty body that is spelled out":    {encode: func(s string) string { return url.QueryEscape(strings.Replace(s, "{", `{"body":"",`, 1)) }},
		"the target resource with https:":      {change: func(r *http.Request) { r.Header.Set(targetHeader, "https:"+r.Header.Get(targetHeader)) }},
		"a target resource that is not signed": {change: func(r *http.Request) { r.Header.Del(targetHeader) }, after: func(s *subject) { s.set(targetHeader, audienceOfOptions) }},
		"the target resource twice, as Java has": {after: func(s *subject) {
			s.Headers = append(s.Headers, subjectHeader{strings.ToLower(targetHeader), s.get(targetHeader)})
		}},
		"the path /":                            {url: "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"},
		"the parameters the other way round":    {url: "https://sts.us-east-1.amazonaws.com/?Version=2011-06-15&Action=GetCallerIdentity"},
		"the global endpoint":                   {url: "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"},
		"a FIPS endpoint":                       {url: "https://sts-fips.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"},
		"a dual-stack endpoint":                 {url: "https://sts.us-east-1.api.aws?Action=GetCallerIdentity&Version=2011-06-15"},
		"the emulator's own address, over http": {url: "http://127.0.0.1:8085?Action=GetCallerIdentity&Version=2011-06-15"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			if test.url == "" {
				test.url = verificationURL
			}
			if test.change == nil {
				test.change = func(*http.Request) {}
			}
			s := signSubject(t, cloud, test.url, test.change)
			if test.after != nil {
				test.after(s)
			}
			token := s.encode(t)
			if test.encode != nil {
				token = test.encode(s.json(t))
			}
			id, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, token)
			require.NoError(t, err)
			assert.Equal(t, "123456789012", id.Account)
		})
	}
}

func TestSubjectTokensOfOtherPartitionsAreTaken(t *testing.T) {
	for partition, host := range map[string]string{
		"aws-cn":     "sts.cn-north-1.amazonaws.com.cn",
		"aws-us-gov": "sts.us-gov-west-1.amazonaws.com",
		"aws-eusc":   "sts.eusc-de-east-1.amazonaws.eu",
	} {
		t.Run(partition, func(t *testing.T) {
			cloud := newCloudIn(partition)
			token := signSubject(t, cloud, "https://"+host+"?Action=GetCallerIdentity&Version=2011-06-15").encode(t)
			id, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, token)
			require.NoError(t, err)
			assert.Equal(t, "arn:"+partition+":sts::123456789012:assumed-role/app/i-0123456789abcdef0", id.ARN)

			u := cloud.Google.Unsettled()
			u.AcceptOtherPartitions = false
			cloud.Google.SetUnsettled(u)
			_, err = cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, token)
			assert.Equal(t, fakegoogle.ReasonHost, reasonOf(t, err))
		})
	}
}

func TestUnsettledRulesCanBeSwitched(t *testing.T) {
	for name, test := range map[string]struct {
		settle  func(*fakegoogle.Unsettled)
		subject func(*testing.T, *testCloud) *subject
		before  fakegoogle.Reason // "" for a token that is taken
		after   fakegoogle.Reason
	}{
		"lower-case authorization is refused": {
			func(u *fakegoogle.Unsettled) { u.AcceptLowerCaseAuthorization = false },
			func(t *testing.T, c *testCloud) *subject {
				s := signSubject(t, c, verificationURL)
				s.rename(strings.ToLower)
				return s
			}, "", fakegoogle.ReasonAuthorizationCase,
		},
		"FIPS hosts are refused": {
			func(u *fakegoogle.Unsettled) { u.AcceptFIPSHosts = false },
			func(t *testing.T, c *testCloud) *subject {
				return signSubject(t, c, strings.Replace(verificationURL, "sts.", "sts-fips.", 1))
			}, "", fakegoogle.ReasonHost,
		},
		"dual-stack hosts are refused": {
			func(u *fakegoogle.Unsettled) { u.AcceptDualStackHosts = false },
			func(t *testing.T, c *testCloud) *subject {
				return signSubject(t, c, strings.Replace(verificationURL, "amazonaws.com", "api.aws", 1))
			}, "", fakegoogle.ReasonHost,
		},
		"GET is taken": {
			func(u *fakegoogle.Unsettled) { u.AcceptGET = true },
			func(t *testing.T, c *testCloud) *subject {
				return signSubject(t, c, verificationURL, func(r *http.Request) { r.Method = http.MethodGet })
			}, fakegoogle.ReasonMethod, "",
		},
		"a body is ignored": {
			func(u *fakegoogle.Unsettled) { u.AcceptBody = true },
			func(t *testing.T, c *testCloud) *subject {
				s := signSubject(t, c, verificationURL)
				s.Body = "x"
				return s
			}, fakegoogle.ReasonBody, "",
		},
		"the target resource must be signed": {
			func(u *fakegoogle.Unsettled) { u.RequireSignedTargetResource = true },
			func(t *testing.T, c *testCloud) *subject {
				s := signSubject(t, c, verificationURL, func(r *http.Request) { r.Header.Del(targetHeader) })
				s.set(targetHeader, audienceOfOptions)
				return s
			}, "", fakegoogle.ReasonTargetNotSigned,
		},
		"a signed target resource is enough where it must be": {
			func(u *fakegoogle.Unsettled) { u.RequireSignedTargetResource = true },
			func(t *testing.T, c *testCloud) *subject { return signSubject(t, c, verificationURL) }, "", "",
		},
		"Google has a window of its own": {
			func(u *fakegoogle.Unsettled) { u.SignatureWindow = 5 * time.Minute },
			func(t *testing.T, c *testCloud) *subject {
				s := signSubject(t, c, verificationURL)
				c.SetClock(6 * time.Minute)
				return s
			}, "", fakegoogle.ReasonSignatureAge,
		},
		"that window is on both sides": {
			func(u *fakegoogle.Unsettled) { u.SignatureWindow = 5 * time.Minute },
			func(t *testing.T, c *testCloud) *subject {
				s := signSubject(t, c, verificationURL)
				c.SetClock(-6 * time.Minute)
				return s
			}, "", fakegoogle.ReasonSignatureAge,
		},
		"a smaller token is too large": {
			func(u *fakegoogle.Unsettled) { u.MaxSubjectToken = 100 },
			func(t *testing.T, c *testCloud) *subject { return signSubject(t, c, verificationURL) },
			"", fakegoogle.ReasonTokenSize,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			token := test.subject(t, cloud).encode(t)
			verify := func() fakegoogle.Reason {
				_, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, token)
				if err == nil {
					return ""
				}
				return reasonOf(t, err)
			}
			assert.Equal(t, test.before, verify(), "before")
			u := cloud.Google.Unsettled()
			test.settle(&u)
			undo := cloud.Google.SetUnsettled(u)
			assert.Equal(t, test.after, verify(), "with the switch")
			undo()
			assert.Equal(t, test.before, verify(), "after it was undone")
		})
	}
}

func TestASubjectTokenIsBoundToItsAudience(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	other := principal.Provider{ProjectNumber: "1", Pool: "other-pool", ID: "other-provider"}
	_, err := cloud.Google.VerifySubjectToken(t.Context(), other.Audience(), signSubject(t, cloud, verificationURL).encode(t))
	assert.Equal(t, fakegoogle.ReasonTargetResource, reasonOf(t, err))
}

// reasonOf is the reason of a refusal, which err must be.
func reasonOf(t *testing.T, err error) fakegoogle.Reason {
	t.Helper()
	var refusal *fakegoogle.Refusal
	require.ErrorAs(t, err, &refusal)
	return refusal.Reason
}
