package fakeaws_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// vectorsVariable names the directory of AWS's public test vectors for Signature Version 4, which
// are not part of this repository: tests/aws-signing-test-suite/v4 in a clone of
// github.com/awslabs/aws-c-auth. At commit 495329c2433034bd8fd53fc6ba9e0202d3fac876 all hold but
// those of refusedByDesign.
const vectorsVariable = "AWS_SIGV4_VECTORS"

func TestAWSsPublicVectorsVerify(t *testing.T) {
	dir := os.Getenv(vectorsVariable)
	if dir == "" {
		t.Skip(vectorsVariable + " names no directory of AWS's test vectors")
	}
	cases, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			file := func(name string) string {
				b, err := os.ReadFile(filepath.Join(dir, c.Name(), name))
				require.NoError(t, err)
				return string(b)
			}
			var context struct {
				Credentials struct {
					Secret string `json:"secret_access_key"`
				}
			}
			require.NoError(t, json.Unmarshal([]byte(file("context.json")), &context))
			for _, variant := range []string{"header", "query"} {
				r, wirePath, body := vectorRequest(t, file(variant+"-signed-request.txt"))
				got, err := fakeaws.SigningOf(r, wirePath, body, context.Credentials.Secret)
				require.NoError(t, err, variant)
				if reason := refusedByDesign(c.Name(), variant); reason != "" {
					assert.NotEqual(t, got.Given, got.Signature, "%s: %s", variant, reason)
					continue
				}
				assert.Equal(t, file(variant+"-canonical-request.txt"), got.Canonical, variant)
				assert.Equal(t, file(variant+"-string-to-sign.txt"), got.StringToSign, variant)
				assert.Equal(t, file(variant+"-signature.txt"), got.Signature, variant)
				assert.Equal(t, got.Given, got.Signature, variant)
			}
		})
	}
}

// refusedByDesign says why a vector is not one of AWS STS, "" for those that are.
func refusedByDesign(name, variant string) string {
	switch {
	case name == "get-space-unnormalized": // there is nothing to normalize in it
		return ""
	case strings.HasSuffix(name, "-unnormalized"):
		return "S3 alone signs a path as it is"
	case name == "post-sts-header-after" && variant == "query":
		return "some services have the session token added after signing, and STS has it signed"
	}
	return ""
}

// vectorRequest reads a request that need not be valid HTTP: a path may hold a space, and a header
// go on in the next line (RFC 7230 §3.2.4).
func vectorRequest(t *testing.T, text string) (r *http.Request, wirePath string, body []byte) {
	t.Helper()
	head, rest, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, target, _ := strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	wirePath, query, _ := strings.Cut(target, "?")
	r = &http.Request{Method: method, URL: &url.URL{Path: wirePath, RawQuery: query}, Header: make(http.Header)}
	var last string
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") {
			last = http.CanonicalHeaderKey(name)
			r.Header.Add(last, value)
			continue
		}
		values := r.Header[last]
		require.NotEmpty(t, values, line)
		values[len(values)-1] += " " + strings.TrimSpace(line)
	}
	r.Host = r.Header.Get("Host")
	r.Header.Del("Host")
	return r, wirePath, []byte(rest)
}
