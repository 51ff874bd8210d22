package awsfed_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// invalidAnswer asserts that err is of an answer that may be better the next time, and gives it.
func invalidAnswer(t *testing.T, err error) *awsfed.Error {
	t.Helper()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "InvalidAnswer", e.Code)
	assert.True(t, e.Transient)
	return e
}

func TestOnlyWholeSecondsAreALifetime(t *testing.T) {
	for _, c := range []struct {
		value string
		life  time.Duration // 0: refused
	}{
		{`3599`, 3599 * time.Second},
		{`43201`, 12 * time.Hour},
		{`2147483647`, 12 * time.Hour},
		{`"2147483647"`, 12 * time.Hour},
		{`3.599e3`, 0},
		{`3599.0`, 0},
		{`"0x1.c2p11"`, 0},
		{`"1_000"`, 0},
		{`"+3599"`, 0},
		{`"3.599e3"`, 0},
	} {
		t.Run(c.value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now().Round(0)
				token, err := exchangeOnce(t, answering(200, strings.Replace(goodExchange, "3599", c.value, 1)))
				if c.life == 0 {
					assert.Contains(t, invalidAnswer(t, err).Description, "expires_in")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, c.life, token.Expiry.Sub(start))
			})
		})
	}
}

func TestAFieldOfAnAnswerHasOneNameAndOneValue(t *testing.T) {
	for _, c := range []struct{ name, old, new string }{
		{"access_token twice", `{"access_token":"ya29.d.x"`, `{"access_token":"ya29.d.y","access_token":"ya29.d.x"`},
		{"access_token twice, once escaped", `{"access_token":"ya29.d.x"`, `{"access_toke\u006e":"ya29.d.y","access_token":"ya29.d.x"`},
		{"expires_in twice", `3599`, `60,"expires_in":3599`},
		{"Access_Token", `access_token":"ya`, `Access_Token":"ya`},
		{"TOKEN_TYPE", `"token_type"`, `"TOKEN_TYPE"`},
		{"with a Kelvin sign", `"access_token":"ya`, "\"access_to\u212aen\":\"ya"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := exchangeOnce(t, answering(200, strings.Replace(goodExchange, c.old, c.new, 1)))
			invalidAnswer(t, err)
		})
	}
	for _, body := range []string{
		`{"accessToken":"ya29.a","accessToken":"ya29.b","expireTime":"2999-01-01T00:00:00Z"}`,
		`{"AccessToken":"ya29.a","expireTime":"2999-01-01T00:00:00Z"}`,
	} {
		t.Run(body, func(t *testing.T) {
			_, err := impersonateOnce(t, answering(200, body))
			invalidAnswer(t, err)
		})
	}
}
