package examples_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// newForm is what a program gives to a browser.
func newForm(t *testing.T, server *objectServer, signer *awsfed.Signer) *storage.PostPolicyV4 {
	t.Helper()
	form, err := storage.GenerateSignedPostPolicyV4("acme-orders", "order.csv", &storage.PostPolicyV4Options{
		GoogleAccessID: signer.Email(), SignRawBytes: signer.SignBytes, Expires: time.Now().Add(15 * time.Minute),
		Hostname: server.host(), Insecure: true,
		Fields: &storage.PolicyV4Fields{
			ContentType: "text/csv", StatusCodeOnSuccess: http.StatusCreated, Metadata: map[string]string{"x-goog-meta-order": "17"},
		},
		Conditions: []storage.PostPolicyV4Condition{
			storage.ConditionContentLengthRange(1, 20), storage.ConditionStartsWith("$key", "order"),
		},
	})
	require.NoError(t, err)
	return form
}

// post is what the browser then sends.
func post(t *testing.T, form *storage.PostPolicyV4, content string) (code int, body string) {
	t.Helper()
	var encoded bytes.Buffer
	w := multipart.NewWriter(&encoded)
	for name, value := range form.Fields {
		require.NoError(t, w.WriteField(name, value))
	}
	file, err := w.CreateFormFile("file", "order.csv")
	require.NoError(t, err)
	_, err = io.WriteString(file, content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r := newRequest(t, http.MethodPost, form.URL, encoded.String(), http.Header{"Content-Type": {w.FormDataContentType()}})
	resp, body := exchange(t, http.DefaultClient, r)
	return resp.StatusCode, body
}

func TestSignedPostPolicyLetsAFormUploadAnObject(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
	server := startObjects(t, cloud, 0, signer.Email())
	code, body := post(t, newForm(t, server, signer), "an order")
	require.Equal(t, http.StatusCreated, code, body)
	uploaded := server.object("/acme-orders/order.csv")
	assert.Equal(t, "an order", string(uploaded.body))
	assert.Equal(t, "text/csv", uploaded.header.Get("Content-Type"))
}

func TestSignedPostPolicyIsForWhatItAllowsAndNothingElse(t *testing.T) {
	set := func(name, value string) func(*testing.T, *storage.PostPolicyV4) {
		return func(_ *testing.T, form *storage.PostPolicyV4) { form.Fields[name] = value }
	}
	for name, test := range map[string]struct {
		change  func(t *testing.T, form *storage.PostPolicyV4)
		content string
		ahead   time.Duration // of the verifier's clock
		want    string
	}{
		"a policy that was changed": {func(t *testing.T, form *storage.PostPolicyV4) {
			policy, err := base64.StdEncoding.DecodeString(form.Fields["policy"])
			require.NoError(t, err)
			wider := bytes.Replace(policy, []byte(`"content-length-range",1,20`), []byte(`"content-length-range",1,99`), 1)
			require.NotEqual(t, policy, wider)
			form.Fields["policy"] = base64.StdEncoding.EncodeToString(wider)
		}, "an order of more than 20 bytes", 0, "does not match"},
		"another object": {set("key", "orders/another.csv"), "an order", 0, "the condition map[key:order.csv] is not met"},
		"another bucket": {func(_ *testing.T, form *storage.PostPolicyV4) {
			form.URL = strings.Replace(form.URL, "acme-orders", "another", 1)
		}, "an order", 0, "the condition map[bucket:acme-orders] is not met"},
		"another content type":         {set("content-type", "text/html"), "an order", 0, "the condition map[content-type:text/csv] is not met"},
		"other metadata":               {set("x-goog-meta-order", "18"), "an order", 0, "the condition map[x-goog-meta-order:17] is not met"},
		"a field that was added":       {set("acl", "public-read"), "an order", 0, `the policy has no condition for ["acl"]`},
		"a file that is too long":      {nil, "an order of more than 20 bytes", 0, "content-length-range"},
		"a file that is empty":         {nil, "", 0, "content-length-range"},
		"another account's name":       {setFormAccount("other"), "an order", 0, "does not match a key of other@"},
		"an account without access":    {setFormAccount("stranger"), "an order", 0, "has no access"},
		"another algorithm":            {set("x-goog-algorithm", "GOOG4-HMAC-SHA256"), "an order", 0, "the algorithm"},
		"a policy that has expired":    {nil, "an order", 16 * time.Minute, "has expired"},
		"a signature of another thing": {set("x-goog-signature", "00"), "an order", 0, "does not match"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
			other := addAccount(t, cloud, "other")
			server := startObjects(t, cloud, 0, signer.Email(), other)
			form := newForm(t, server, signer)
			code, body := post(t, form, "an order")
			require.Equal(t, http.StatusCreated, code, "before any change: "+body)

			if test.change != nil {
				test.change(t, form)
			}
			late := startObjects(t, cloud, test.ahead, signer.Email(), other)
			form.URL = strings.Replace(form.URL, server.host(), late.host(), 1) // which is not signed
			code, body = post(t, form, test.content)
			assert.Equal(t, http.StatusForbidden, code)
			assert.Contains(t, body, test.want)
		})
	}
}

func setFormAccount(name string) func(*testing.T, *storage.PostPolicyV4) {
	return func(_ *testing.T, form *storage.PostPolicyV4) {
		_, scope, _ := strings.Cut(form.Fields["x-goog-credential"], "/")
		form.Fields["x-goog-credential"] = name + "@my-project.iam.gserviceaccount.com/" + scope
	}
}
