package awsfed_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

func TestAnswerLifetimeIsOfWholeSeconds(t *testing.T) {
	for _, c := range []struct {
		value string
		life  time.Duration // 0: refused
	}{
		{`1`, time.Second},
		{`3599`, 3599 * time.Second},
		{`"3599"`, 3599 * time.Second},
		{`43200`, 12 * time.Hour},
		{`43201`, 12 * time.Hour},
		{`2147483647`, 12 * time.Hour},
		{`"2147483647"`, 12 * time.Hour},
		{`2147483648`, 0},
		{`"2147483648"`, 0},
		{`99999999999999999999999999`, 0},
		{`3.599e3`, 0},
		{`3599.0`, 0},
		{`3599e0`, 0},
		{`1e309`, 0},
		{`"0xE10"`, 0},
		{`"1_000"`, 0},
		{`" 3599"`, 0},
		{`"3599 "`, 0},
		{`"3599\n"`, 0},
		{`"+3599"`, 0},
		{`"3599.0"`, 0},
		{`"3.599e3"`, 0},
		{`"٣٥٩٩"`, 0},
		{`"\"3599\""`, 0},
		{`""`, 0},
		{`"Inf"`, 0},
		{`-1`, 0},
		{`"-1"`, 0},
		{`0`, 0},
		{`"0"`, 0},
		{`-0`, 0},
		{`true`, 0},
		{`[3599]`, 0},
		{`{"seconds":3599}`, 0},
		{`null`, 0},
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

func TestAnswerFieldHasOneNameAndOneValue(t *testing.T) {
	for _, c := range []struct{ name, old, new string }{
		{"access_token twice", `{"access_token":"ya29.d.x"`, `{"access_token":"ya29.d.y","access_token":"ya29.d.x"`},
		{"access_token twice, once escaped", `{"access_token":"ya29.d.x"`, `{"access_toke\u006e":"ya29.d.y","access_token":"ya29.d.x"`},
		{"expires_in twice", `3599`, `60,"expires_in":3599`},
		{"a field that is not read twice", `3599`, `3599,"scope":"a","scope":"b"`},
		{"a field within twice", `3599`, `3599,"more":{"a":1,"a":2}`},
		{"Access_Token", `access_token":"ya`, `Access_Token":"ya`},
		{"accesstoken", `access_token":"ya`, `accesstoken":"ya`},
		{"TOKEN_TYPE", `"token_type"`, `"TOKEN_TYPE"`},
		{"with a Kelvin sign", `"access_token":"ya`, "\"access_to\u212aen\":\"ya"},
		{"Expires_In", `"expires_in"`, `"Expires_In"`},
		{"another object after it", `}`, `}{}`},
		{"nested without an end", `3599`, `3599,"more":` + strings.Repeat("[", 40) + strings.Repeat("]", 40)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := exchangeOnce(t, answering(200, strings.Replace(goodExchange, c.old, c.new, 1)))
			invalidAnswer(t, err)
		})
	}
	t.Run("another case next to it is another field", func(t *testing.T) {
		token, err := exchangeOnce(t, answering(200, strings.Replace(goodExchange, "3599", `3599,"Access_Token":"ya29.d.y"`, 1)))
		require.NoError(t, err)
		assert.Equal(t, "ya29.d.x", token.AccessToken)
	})
	t.Run("a byte order mark", func(t *testing.T) {
		_, err := exchangeOnce(t, answering(200, "\ufeff"+goodExchange))
		assert.NoError(t, err)
	})
	for _, body := range []string{
		`{"accessToken":"ya29.a","accessToken":"ya29.b","expireTime":"2999-01-01T00:00:00Z"}`,
		`{"AccessToken":"ya29.a","expireTime":"2999-01-01T00:00:00Z"}`,
		`{"accessToken":"ya29.a","ExpireTime":"2999-01-01T00:00:00Z"}`,
		`{"accessToken":"ya29.a","expireTime":"2999-01-01T00:00:00Z","expireTime":"2999-01-01T00:00:00Z"}`,
	} {
		t.Run(body, func(t *testing.T) {
			_, err := impersonateOnce(t, answering(200, body))
			invalidAnswer(t, err)
		})
	}
}

func TestAnswerFieldThatRepeatsASecretIsNotQuoted(t *testing.T) {
	var bearer string
	client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		bearer = strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
		return jsonAnswer(200, fmt.Sprintf(`{%q:1,%[1]q:2}`, bearer)), nil
	})}
	_, err := impersonateOnce(t, client)
	invalidAnswer(t, err)
	require.NotEmpty(t, bearer)
	assert.NotContains(t, err.Error(), bearer)
}

func TestAnswerOfTwoMeaningsIsNotGooglesOwn(t *testing.T) {
	for _, c := range []struct{ name, body, code, description string }{
		{"a name in another case", `{"Error":"invalid_grant","error_description":"x"}`, "", "the answer is not one of Google's"},
		{"a name twice", `{"error":"invalid_grant","error":"invalid_target"}`, "", "the answer is not one of Google's"},
		{"a name within twice", `{"error":{"status":"NOT_FOUND","status":"PERMISSION_DENIED"}}`, "", "the answer is not one of Google's"},
		{"text after it", `{"error":"invalid_grant"}x`, "", "the answer is not one of Google's"},
		{"a description of a wrong type", `{"error":"invalid_grant","error_description":5}`, "invalid_grant", ""},
		{"a message of a wrong type", `{"error":{"status":"NOT_FOUND","message":["x"]}}`, "NOT_FOUND", ""},
		{"details of a wrong type", `{"error":{"status":"NOT_FOUND","message":"x","details":"y"}}`, "NOT_FOUND", "x"},
		{"a status in another case", `{"error":{"Status":"NOT_FOUND","message":"x"}}`, "", "x"},
		{"an error of a wrong type", `{"error":5}`, "", "the answer is not one of Google's"},
		{"a byte order mark", "\ufeff" + `{"error":"invalid_grant","error_description":"x"}`, "invalid_grant", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := exchangeOnce(t, answering(400, c.body))
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.code, e.Code)
			assert.Equal(t, c.description, e.Description)
		})
	}
	t.Run("details that fit in part", func(t *testing.T) {
		_, err := impersonateOnce(t, answering(403, `{"error":{"status":"PERMISSION_DENIED","details":[5,null,{"@type":7},
			{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":5,"metadata":{"permission":"p","number":1}},
			{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ANOTHER"}]}}`))
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "IAM_PERMISSION_DENIED", e.Reason)
		assert.Empty(t, e.Domain)
		assert.Equal(t, "p", e.Metadata["permission"])
	})
}
