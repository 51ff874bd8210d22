package examples_test

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A signedUpload is a cloud with three accounts, of which two have access to the objects, and a URL
// by which the first may put one of them.
type signedUpload struct {
	cloud   *awsfedtest.Cloud
	signers map[string]*awsfed.Signer
	server  *objectServer
	url     string
}

func newSignedUpload(t *testing.T) signedUpload {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	u := signedUpload{cloud: cloud, signers: map[string]*awsfed.Signer{
		"account":  newSigner(t, cloud, cloud.Config().ServiceAccount),
		"other":    newSigner(t, cloud, addAccount(t, cloud, "other")),
		"stranger": newSigner(t, cloud, addAccount(t, cloud, "stranger")),
	}}
	u.server = u.serve(t, 0)
	u.url = signedURL(t, u.signers["account"], "order.csv", storage.SignedURLOptions{
		Method: http.MethodPut, Hostname: u.server.host(), Insecure: true, ContentType: "text/csv",
		Headers: []string{"x-goog-meta-order: 17"}, QueryParameters: url.Values{"userProject": {"my-project"}},
	})
	resp, body := exchange(t, http.DefaultClient, u.request(t))
	require.Equal(t, http.StatusOK, resp.StatusCode, "before any change: "+body)
	return u
}

func (u signedUpload) serve(t *testing.T, ahead time.Duration) *objectServer {
	return startObjects(t, u.cloud, ahead, u.signers["account"].Email(), u.signers["other"].Email())
}

// request is the one that was signed.
func (u signedUpload) request(t *testing.T) *http.Request {
	return newRequest(t, http.MethodPut, u.url, "an order", http.Header{"Content-Type": {"text/csv"}, "X-Goog-Meta-Order": {"17"}})
}

func TestSignedURLIsForWhatWasSignedAndNothingElse(t *testing.T) {
	for name, test := range map[string]struct {
		change func(r *http.Request)
		ahead  time.Duration // of the verifier's clock
		want   string
	}{
		"another object":                    {func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/acme-orders/another.csv", "" }, 0, "does not match"},
		"another method":                    {func(r *http.Request) { r.Method = http.MethodGet }, 0, "does not match"},
		"a parameter that was changed":      {setParameter("userProject", "another"), 0, "does not match"},
		"a parameter that was added":        {setParameter("generation", "1"), 0, "does not match"},
		"a parameter that was removed":      {setParameter("userProject", ""), 0, "does not match"},
		"a content type that was changed":   {setHeader("Content-Type", "text/html"), 0, "does not match"},
		"a header that was changed":         {setHeader("X-Goog-Meta-Order", "18"), 0, "does not match"},
		"a header that was removed":         {setHeader("X-Goog-Meta-Order", ""), 0, "x-goog-meta-order is signed and not sent"},
		"a header that was added":           {setHeader("X-Goog-Acl", "public-read"), 0, "x-goog-acl is sent and not signed"},
		"a longer life":                     {setParameter("X-Goog-Expires", "86400"), 0, "does not match"},
		"a date that was changed":           {changeDate, 0, "does not match"},
		"another account's name":            {setAccount("other"), 0, "does not match a key of other@"},
		"no signature":                      {setParameter("X-Goog-Signature", ""), 0, "X-Goog-Signature is there 0 times"},
		"a signature that has expired":      {func(*http.Request) {}, 16 * time.Minute, "has expired"},
		"a signature that is not valid yet": {func(*http.Request) {}, -time.Hour, "not valid yet"},
	} {
		t.Run(name, func(t *testing.T) {
			u := newSignedUpload(t)
			r := u.request(t)
			test.change(r)
			r.URL.Host = u.serve(t, test.ahead).host() // its port is not signed
			resp, body := exchange(t, http.DefaultClient, r)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode)
			assert.Contains(t, body, test.want)
		})
	}
}

// What the storage package would not sign is signed here without it.
func TestSignedURLNeedsMoreThanASignature(t *testing.T) {
	for name, test := range map[string]struct {
		change func(r *http.Request)
		by     string // whose key signs what was changed
		want   string
	}{
		"a life of more than seven days": {setParameter("X-Goog-Expires", "604801"), "account", "seven days"},
		"no life":                        {setParameter("X-Goog-Expires", "0"), "account", "seven days"},
		"another day in the scope":       {setScope("20200101/auto/storage/goog4_request"), "account", "the scope"},
		"another service in the scope":   {setScope("DAY/auto/compute/goog4_request"), "account", "the scope"},
		"a host that is not signed":      {setParameter("X-Goog-SignedHeaders", "content-type;x-goog-meta-order"), "account", "host is not signed"},
		"headers that are not sorted":    {setParameter("X-Goog-SignedHeaders", "host;content-type;x-goog-meta-order"), "account", "not sorted"},
		"another algorithm":              {setParameter("X-Goog-Algorithm", "GOOG4-HMAC-SHA256"), "account", "the algorithm"},
		"a date that is there twice":     {func(r *http.Request) { r.URL.RawQuery += "&X-Goog-Date=20200101T000000Z" }, "account", "X-Goog-Date is there 2 times"},
		"another account's key":          {func(*http.Request) {}, "other", "does not match"},
		"an account that has no access":  {setAccount("stranger"), "stranger", "stranger@my-project.iam.gserviceaccount.com has no access"},
	} {
		t.Run(name, func(t *testing.T) {
			u := newSignedUpload(t)
			r := u.request(t)
			signAnew(t, r, u.signers["account"])
			resp, body := exchange(t, http.DefaultClient, r)
			require.Equal(t, http.StatusOK, resp.StatusCode, "without a change: "+body)

			r = u.request(t)
			test.change(r)
			signAnew(t, r, u.signers[test.by])
			resp, body = exchange(t, http.DefaultClient, r)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode)
			assert.Contains(t, body, test.want)
		})
	}
}

// setParameter changes, adds or, with the value "", removes one.
func setParameter(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		query := r.URL.Query()
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
		r.URL.RawQuery = query.Encode()
	}
}

func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
}

// setScope changes the scope, in which DAY stands for the right one.
func setScope(scope string) func(*http.Request) {
	return func(r *http.Request) {
		account, old, _ := strings.Cut(r.URL.Query().Get("X-Goog-Credential"), "/")
		day, _, _ := strings.Cut(old, "/")
		setParameter("X-Goog-Credential", account+"/"+strings.Replace(scope, "DAY", day, 1))(r)
	}
}

func setAccount(name string) func(*http.Request) {
	return func(r *http.Request) {
		_, scope, _ := strings.Cut(r.URL.Query().Get("X-Goog-Credential"), "/")
		setParameter("X-Goog-Credential", name+"@my-project.iam.gserviceaccount.com/"+scope)(r)
	}
}

// changeDate changes it by less than ten seconds, within its minute: the day stays right.
func changeDate(r *http.Request) {
	date := []byte(r.URL.Query().Get("X-Goog-Date"))
	second := &date[len(date)-2]
	*second = '0' + '9' - *second
	setParameter("X-Goog-Date", string(date))(r)
}

func signAnew(t *testing.T, r *http.Request, signer *awsfed.Signer) {
	t.Helper()
	query := r.URL.Query()
	_, scope, _ := strings.Cut(query.Get("X-Goog-Credential"), "/")
	signed := v4StringToSign(r, query, v4Signature{
		scope: scope, date: query.Get("X-Goog-Date"), headers: strings.Split(query.Get("X-Goog-SignedHeaders"), ";"),
	})
	signature, err := signer.SignBytes([]byte(signed))
	require.NoError(t, err)
	setParameter("X-Goog-Signature", hex.EncodeToString(signature))(r)
}
