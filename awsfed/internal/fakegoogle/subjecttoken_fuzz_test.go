package fakegoogle_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// FuzzVerifySubjectToken feeds the verifier what a stranger could make of a good subject token.
// Whatever it takes was signed by a key of the cloud, and only one subject token is ever signed
// here: so the identity and the signature must be that one's.
//
// An input is in shorthand, in which some control characters, which no JSON holds bare, are words
// of the good token. That keeps it short: an input of 2 kB that reaches new code would have the
// fuzzer spend its minute for minimizing on leaving out each of two million parts, and do nothing
// else. And the words are those of the fuzzing process itself: its cloud has keys of its own, so
// that a token which another process signed, or one of the corpus, is never a good one.
func FuzzVerifySubjectToken(f *testing.F) {
	cloud := newCloud(fakegoogle.Options{})
	signed := cloud.Now()
	token := signSubject(f, cloud, verificationURL)
	_, signature, found := strings.Cut(token.get("Authorization"), "Signature=")
	require.True(f, found)

	var pairs []string
	word := func(text string) (shorthand string) {
		shorthand = string(rune(0x0e + len(pairs)/2))
		require.Less(f, shorthand, " ", "there are no more control characters")
		pairs = append(pairs, shorthand, text)
		return shorthand
	}
	beginning, post, headers := word(`{"url":"`)+word(token.URL)+word(`","method":"`), word("POST"), word(`","headers":[`)
	key, value, end := word(`{"key":"`), word(`","value":"`), word(`"}`)
	good := beginning + post + headers
	for i, h := range token.Headers {
		if i > 0 {
			good += ","
		}
		good += key + word(h.Key) + value + word(h.Value) + end
	}
	good += "]}"
	const longest = 100 // of inputs that can be minimized in about a second
	require.Less(f, len(good), longest)
	longhand := strings.NewReplacer(pairs...)

	f.Add(good, true)
	f.Add(good, false)
	f.Add(strings.Replace(good, post, "GET", 1), true)
	f.Add(`{"url":"https://[::1%eth0]:443/","method":"POST","headers":[{}]}`, true)
	f.Add("%7B%7D", false)
	f.Add("null", true)
	f.Add("", true)
	f.Fuzz(func(t *testing.T, shorthand string, escape bool) {
		if len(shorthand) > longest {
			t.Skip("too long to be minimized")
		}
		cloud.SetClock(time.Until(signed)) // The good token stays good, however long this runs.
		text := longhand.Replace(shorthand)
		if escape {
			text = url.QueryEscape(text)
		}
		id, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, text)
		if err != nil {
			assert.False(t, shorthand == good && escape, "the good token is refused: %v", err)
			assert.NotEmpty(t, reasonOf(t, err))
			assert.NotContains(t, err.Error(), signature)
			return
		}
		assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", id.ARN)
		assert.Contains(t, text, signature)
	})
}

// FuzzBrokenSignature changes a byte of a good subject token: of its signature or of what that
// signs. None may be taken.
func FuzzBrokenSignature(f *testing.F) {
	cloud := newCloud(fakegoogle.Options{})
	signed := cloud.Now()
	good := signSubject(f, cloud, verificationURL)
	_, err := cloud.Google.VerifySubjectToken(f.Context(), audienceOfOptions, good.encode(f))
	require.NoError(f, err, "before any change")
	for field := range uint8(5) {
		f.Add(field, uint16(0), uint8(1))
		f.Add(field, uint16(30), uint8(0x20))
	}
	f.Fuzz(func(t *testing.T, field uint8, at uint16, flip uint8) {
		cloud.SetClock(time.Until(signed)) // Nothing expires, however long this runs.
		s := good.clone()
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
