package awsfedtest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// FuzzVerifySubjectToken feeds the verifier what a stranger could send. Whatever it takes was signed by a key of the
// cloud, and only one subject token is ever signed here: so the identity and the signature must be that one's.
func FuzzVerifySubjectToken(f *testing.F) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	good := signSubject(f, cloud, verificationURL)
	_, signature, _ := strings.Cut(good.get("Authorization"), "Signature=")
	f.Add(good.encode(f))
	f.Add(good.json(f))
	f.Add(url.QueryEscape(`{"url":"https://sts.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15","method":"POST","headers":[{"key":"host","value":"sts.amazonaws.com"}]}`))
	f.Add(url.QueryEscape(`{"url":"https://[::1%25eth0]:443/","method":"POST","headers":[{}]}`))
	f.Add("%7B%7D")
	f.Add("null")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		id, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, token)
		if err != nil {
			assert.NotEmpty(t, reasonOf(t, err))
			assert.NotContains(t, err.Error(), signature)
			return
		}
		assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", id.ARN)
		assert.Contains(t, token, signature)
	})
}

// FuzzBrokenSignature changes a byte of a good subject token: of its signature or of what that signs. None may be taken.
func FuzzBrokenSignature(f *testing.F) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	keys, err := cloud.AWS.Session("app", "i-0123456789abcdef0", time.Hour)
	require.NoError(f, err)
	for field := range uint8(5) {
		f.Add(field, uint16(0), uint8(1))
		f.Add(field, uint16(30), uint8(0x20))
	}
	f.Fuzz(func(t *testing.T, field uint8, at uint16, flip uint8) {
		s := signSubjectWith(t, cloud, keys, verificationURL)
		change := func(before string) string {
			changed := []byte(before)
			changed[int(at)%len(changed)] ^= flip
			if strings.EqualFold(before, string(changed)) && field%5 == 0 || before == string(changed) {
				t.Skip("a URL's scheme and host have no case")
			}
			return string(changed)
		}
		switch field % 5 {
		case 0:
			s.URL = change(s.URL)
		case 1:
			before, signature, _ := strings.Cut(s.get("Authorization"), "Signature=")
			s.set("Authorization", before+"Signature="+change(signature))
		default:
			name := []string{"X-Amz-Date", "X-Amz-Security-Token", targetHeader}[field%5-2]
			s.set(name, change(s.get(name)))
		}
		_, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, s.encode(t))
		require.Error(t, err)
	})
}
