package fakeaws_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// FuzzVerifySigV4 sends requests that nobody signed. None may pass, and none may end in a panic.
func FuzzVerifySigV4(f *testing.F) {
	const good = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="
	zeros := strings.Repeat("0", 64)
	f.Add(good+zeros, "token", "Action=GetCallerIdentity&Version=2011-06-15")
	f.Add(good, "token", "Action=GetCallerIdentity&Version=2011-06-15")
	f.Add(strings.ReplaceAll(good, ", ", ",")+zeros, "", "Action=AssumeRole&Version=2011-06-15&RoleArn=x")
	f.Add("AWS4-HMAC-SHA256", "", "")
	f.Add("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;;,Signature=,", "", "Action=GetCallerIdentity&Version=2011-06-15&%zz=%")
	f.Add("AWS4-", "\x00", "Version=2011-06-15&Action=GetCallerIdentity&=&&;")
	f.Add("Bearer x", "", "Action=GetCallerIdentity")
	f.Add("", "", "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host"+
		"&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20260101T000000Z"+
		"&X-Amz-Security-Token=token&X-Amz-Signature="+zeros)

	cloud := newCloud(fakeaws.Options{})
	require.NoError(f, cloud.AWS.ImportKeys("arn:aws:sts::123456789012:assumed-role/app/fuzz",
		aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "unknown to the fuzzer: 3f0d1c", SessionToken: "token"}))
	f.Fuzz(func(t *testing.T, authorization, token, query string) {
		// The scope's day and the date are right, so that more than form is tried.
		now := time.Now().UTC()
		authorization = strings.ReplaceAll(authorization, "20260101", now.Format("20060102"))
		r := &http.Request{
			Method: http.MethodPost,
			URL:    &url.URL{Scheme: "https", Host: "sts.us-east-1.amazonaws.com", Path: "/", RawQuery: query},
			Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {now.Format("20060102T150405Z")}, "X-Amz-Security-Token": {token}},
		}
		if authorization == "" { // the signature is in the query, if anywhere
			r.Header = nil
			r.URL.RawQuery = strings.ReplaceAll(query, "20260101", now.Format("20060102"))
		}
		response, err := cloud.Client().Transport.RoundTrip(r)
		if err != nil {
			return // no HTTP at all
		}
		if response.StatusCode == http.StatusOK {
			t.Fatalf("verified: Authorization %q, token %q, query %q", authorization, token, query)
		}
	})
}

// FuzzSDKSignerVerifies holds the verifier against the AWS SDK's signer: what the SDK signs
// verifies, and does not once a single byte of it is another.
func FuzzSDKSignerVerifies(f *testing.F) {
	f.Add("a", "b", "//iam.googleapis.com/projects/1", []byte("token"), "secret", []byte(nil), uint8(0), uint16(0))
	f.Add("a b", "c+d/e=f&g~h", "  two   words  ", []byte{}, "a/b+c", []byte("Action=no"), uint8(1), uint16(9))
	f.Add("é", "日本", "tab\tinside", []byte{0xff, 0xfe}, "AWS4", []byte("\x00\xff"), uint8(2), uint16(40))
	f.Add("", "", "", []byte("+/="), "x", []byte("body"), uint8(3), uint16(3))
	f.Add("z", ";", "a,b", []byte("t"), "secret", []byte(nil), uint8(4), uint16(12))
	f.Add("%", "%25", "~", []byte("t"), "secret", []byte(nil), uint8(5), uint16(30))

	hosts := []struct{ host, region string }{
		{"sts.amazonaws.com", "us-east-1"}, {"sts.us-west-2.amazonaws.com", "us-west-2"},
		{"sts-fips.us-east-2.amazonaws.com", "us-east-2"}, {"sts.eu-central-1.api.aws", "eu-central-1"},
		{"127.0.0.1:8085", "ap-south-2"},
	}
	f.Fuzz(func(t *testing.T, name, value, header string, token []byte, secret string, body []byte, part uint8, at uint16) {
		if secret == "" || strings.ContainsFunc(header, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			t.Skip("no secret, or no header that HTTP can carry")
		}
		cloud := newCloud(fakeaws.Options{})
		keys := aws.Credentials{AccessKeyID: "ASIAFUZZ", SecretAccessKey: secret, SessionToken: base64.StdEncoding.EncodeToString(token)}
		arn := "arn:aws:sts::123456789012:assumed-role/app/fuzz"
		if len(token) == 0 {
			arn = "arn:aws:iam::123456789012:user/fuzz"
		}
		require.NoError(t, cloud.AWS.ImportKeys(arn, keys))

		place := hosts[int(at)%len(hosts)]
		query := url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}, "p" + name: {value, "second"}}
		r, err := http.NewRequest(http.MethodPost, "https://"+place.host+"/?"+query.Encode(), bytes.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("X-Fuzz", header)
		sum := sha256.Sum256(body)
		require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(sum[:]), "sts", place.region, time.Now()))

		status := func() int {
			r.Body = io.NopCloser(bytes.NewReader(body))
			response, err := cloud.Client().Transport.RoundTrip(r)
			if err != nil {
				return 0
			}
			return response.StatusCode
		}
		require.Equal(t, http.StatusOK, status(), "signed by the SDK: %s", r.URL)

		flip := func(s string) string {
			if s == "" {
				return "x"
			}
			b := []byte(s)
			b[int(at)%len(b)] ^= 1
			return string(b)
		}
		var was, is string
		change := func(s string) string { was, is = s, flip(s); return is }
		switch part % 6 {
		case 0: // the signature alone: its 64 last bytes
			authorization := r.Header.Get("Authorization")
			end := len(authorization) - 64
			r.Header.Set("Authorization", authorization[:end]+change(authorization[end:]))
		case 1:
			r.Host = change(r.Host + place.host)[:len(place.host)]
			if r.Host == place.host {
				t.Skip("the flip is beyond the host")
			}
		case 2:
			r.Header.Set("X-Fuzz", change(header))
		case 3:
			r.URL.RawQuery = change(r.URL.RawQuery)
		case 4:
			r.Header.Set("X-Amz-Date", change(r.Header.Get("X-Amz-Date")))
		case 5:
			body = []byte(change(string(body)))
			r.ContentLength = int64(len(body))
		}
		if strings.TrimSpace(was) == strings.TrimSpace(is) {
			t.Skip("one space for another at an end, which no signature covers")
		}
		require.NotEqual(t, http.StatusOK, status(), "%q became %q", was, is)
	})
}
