package awsfed_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A hostileAnswer is all that a server has to say, as the fuzzer makes it. CANARY0 to CANARY9 in it
// stand for the secrets of the request, which such a server knows.
type hostileAnswer struct {
	header string // lines of "Name: value", with any bytes
	status int
	body   string
}

// possible reports whether net/http would give a client an answer of that status.
func (a hostileAnswer) possible() bool { return a.status >= 100 && a.status <= 999 }

// roundTrip is the answer to req, whose secrets it may repeat.
func (a hostileAnswer) roundTrip(req *http.Request, secrets []string) *http.Response {
	said := make([]string, 0, 2*len(secrets))
	for i, secret := range secrets {
		said = append(said, fmt.Sprintf("CANARY%d", i), secret)
	}
	repeat := strings.NewReplacer(said...)
	header := http.Header{}
	for line := range strings.SplitSeq(a.header, "\n") {
		name, value, _ := strings.Cut(line, ":")
		header.Add(strings.TrimSpace(name), repeat.Replace(strings.TrimSpace(value)))
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(repeat.Replace(a.body))), Request: req}
}

func (a hostileAnswer) client(secrets []string) *http.Client {
	return &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) { return a.roundTrip(req, secrets), nil })}
}

// requireUsable asserts that a token that was taken after start can be sent, and will end.
func requireUsable(t *testing.T, token *oauth2.Token, start time.Time) {
	t.Helper()
	require.NotEmpty(t, token.AccessToken)
	require.LessOrEqual(t, len(token.AccessToken), 16<<10)
	require.Equal(t, -1, strings.IndexFunc(token.AccessToken, func(r rune) bool { return r < '!' || r > '~' }))
	require.Equal(t, "Bearer", token.TokenType)
	require.True(t, token.Expiry.After(start.Round(0)), "%v", token.Expiry)
	require.False(t, token.Expiry.After(time.Now().Round(0).Add(12*time.Hour)), "%v", token.Expiry)
}

// requireFit asserts that an error is of this package, fit, and tells none of the secrets.
func requireFit(t *testing.T, err error, secrets []string) {
	t.Helper()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	require.True(t, utf8.ValidString(e.Error()))
	assertFit(t, err)
	requireSecretsKept(t, everyRendering(err), secrets)
}

// requireSecretsKept is a quick assertNoSecret: a fuzzer learns nothing from what varies.
func requireSecretsKept(t *testing.T, text string, secrets []string) {
	t.Helper()
	for i, secret := range secrets {
		require.NotContains(t, text, secret, "secret %d", i)
		require.NotContains(t, text, url.QueryEscape(secret), "secret %d", i)
	}
}

// errorSeeds are answers that are no success, for the corpus of each target.
func errorSeeds(f *testing.F) {
	f.Add("Content-Type: application/json", 400, `{"error":"invalid_target","error_description":"The target service is invalid."}`)
	f.Add("", 403, `{"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com","metadata":{"permission":"p"}}]}}`)
	f.Add("Retry-After: 99999999999999999999\nDate: Sat, 01 Jan 2000 00:00:00 GMT", 503, "<html>")
	f.Add("Location: https://evil.example/", 307, "")
	f.Add("", 400, `{"error":"CANARY0","error_description":"CANARY0 CANARY1 CANARY2"}`)
	f.Add("", 400, `{"error":{"status":"CANARY0","message":"CANARY1","details":[{"@type":"/google.rpc.ErrorInfo","reason":"CANARY0","domain":"CANARY1","metadata":{"a":"CANARY2"}}]}}`)
	f.Add("", 400, `{"CANARY0":1,"CANARY0":2}`)
	f.Add("X-Goog-Request-Id: request-1\r\x1b[2J", 500, "{\"error\":\"\xff\u202e\"}")
	f.Add("", 401, `{"error":{"status":"UNAUTHENTICATED","message":"`+strings.Repeat("é", 2000)+`"}}`)
	f.Add("Content-Type: CANARY0", 200, "CANARY0")
	f.Add("X-Goog-Request-Id: CANARY0", 400, "")
	f.Add("", 403, `{"error":{"status":"X","details":[{"@type":"/google.rpc.ErrorInfo","reason":"X","metadata":{"CANARY0":"a"}}]}}`)
	f.Add("Content-Type: "+strings.Repeat("x", 10_000), 200, "")
}

func FuzzExchangeAnswer(f *testing.F) {
	f.Add("Content-Type: application/json", 200, goodExchange)
	f.Add("", 200, strings.Replace(goodExchange, "3599", `"2147483647"`, 1))
	f.Add("", 200, strings.Replace(goodExchange, "3599", `1e309`, 1))
	f.Add("", 200, strings.Replace(goodExchange, "ya29.d.x", `\n`, 1))
	f.Add("", 200, strings.Replace(goodExchange, "{", `{"access_token":"CANARY0",`, 1))
	errorSeeds(f)
	subject, secrets := signedSubject(f, awsfedtest.New(awsfedtest.Options{}).Config())
	f.Fuzz(func(t *testing.T, header string, status int, body string) {
		answer := hostileAnswer{header, status, body}
		if !answer.possible() {
			return
		}
		start := time.Now()
		exchanger, err := awsfed.NewExchanger(awsfed.Config{Audience: testAudience, HTTPClient: answer.client(secrets)},
			fixedSubject{subject})
		require.NoError(t, err)
		token, err := exchanger.TokenContext(t.Context())
		if err != nil {
			requireFit(t, err, secrets)
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Hint)
			return
		}
		require.Equal(t, http.StatusOK, status)
		requireUsable(t, token, start)
	})
}

func FuzzImpersonationAnswer(f *testing.F) {
	f.Add("Content-Type: application/json", 200, `{"accessToken":"ya29.c.x","expireTime":"2999-01-01T01:00:00.5Z"}`)
	f.Add("Date: Sat, 01 Jan 2000 00:00:00 GMT", 200, `{"accessToken":"ya29.c.x","expireTime":"2000-01-01T01:00:00Z"}`)
	f.Add("", 200, `{"accessToken":"ya29.c.x\n","expireTime":"2999-01-01T01:00:00Z"}`)
	f.Add("", 200, `{"accessToken":"a","accessToken":"b","expireTime":"2999-01-01T01:00:00Z"}`)
	f.Add("", 200, `{"accessToken":"a","expireTime":"9999-12-31T23:59:59.999999999-23:59"}`)
	errorSeeds(f)
	secrets := []string{"ya29.d.canary-of-a-federated-token"}
	f.Fuzz(func(t *testing.T, header string, status int, body string) {
		answer := hostileAnswer{header, status, body}
		if !answer.possible() {
			return
		}
		start := time.Now()
		impersonator, err := awsfed.NewImpersonator(awsfed.Config{Audience: testAudience, ServiceAccount: testAccount,
			Lifetime: 12 * time.Hour, HTTPClient: answer.client(secrets)},
			fixedFederated(secrets[0]))
		require.NoError(t, err)
		token, err := impersonator.TokenContext(t.Context())
		if err != nil {
			requireFit(t, err, secrets)
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Hint)
			return
		}
		require.Equal(t, http.StatusOK, status)
		requireUsable(t, token, start)
	})
}

func FuzzCallerIdentityAnswer(f *testing.F) {
	const account, arn, user = "123456789012", "arn:aws:sts::123456789012:assumed-role/app/i-0", "AROAEXAMPLE:i-0"
	f.Add("Content-Type: text/xml", 200, callerAnswer(account, arn, user))
	f.Add("", 200, callerAnswer(account, arn+"&#x9b;", user))
	f.Add("", 200, callerAnswer(account, arn, "CANARY1"))
	f.Add("", 200, strings.Repeat("<a>", 1000))
	f.Add("X-Amzn-Requestid: 1\r\x1b[2J", 403, "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>")
	f.Add("", 403, "<ErrorResponse><Error><Code>CANARY0</Code><Message>CANARY0 CANARY1 CANARY2</Message></Error></ErrorResponse>")
	f.Add("X-Amzn-Requestid: CANARY1", 403, "")
	f.Add("Date: Sat, 01 Jan 2000 00:00:00 GMT", 403, "<ErrorResponse/>")
	f.Add("Location: https://evil.example/", 302, "")
	f.Fuzz(func(t *testing.T, header string, status int, body string) {
		answer := hostileAnswer{header, status, body}
		if !answer.possible() {
			return
		}
		cfg := awsfedtest.New(awsfedtest.Options{}).Config()
		cfg.Logger, cfg.ServiceAccount = quiet, ""
		asked := false
		var secrets []string
		cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(req.URL.Host, "sts.us-east-1.amazonaws") {
				return jsonAnswer(400, `{"error":"invalid_target"}`), nil
			}
			asked = true
			var sent []string
			for _, s := range sentSecrets(req, nil) {
				sent = append(sent, s.secret)
			}
			secrets = append(secrets, sent...)
			return answer.roundTrip(req, sent), nil
		})}
		report, err := awsfed.Diagnose(t.Context(), cfg, nil)
		require.NoError(t, err)
		require.True(t, asked)
		text, err := json.Marshal(report)
		require.NoError(t, err)
		for _, step := range report.Steps {
			switch {
			case step.Stage == awsfed.StageIdentity && step.Err != nil:
				requireFit(t, step.Err, secrets)
				require.Empty(t, report.Identity)
			case step.Stage == awsfed.StageIdentity:
				require.Equal(t, http.StatusOK, status)
				require.Regexp(t, `^[0-9]{12}$`, report.Identity.Account)
				require.Regexp(t, `^arn:[!-~]*$`, report.Identity.ARN)
				require.Regexp(t, `^[!-~]+$`, report.Identity.UserID)
				require.LessOrEqual(t, len(report.Identity.ARN), 2048)
				require.LessOrEqual(t, len(report.Identity.UserID), 256)
				continue // a user ID may be anything visible, so a server can put there what it knows
			}
			requireSecretsKept(t, strings.Join(step.Findings, "\n")+step.Hint, secrets)
		}
		if report.Identity.ARN == "" {
			requireSecretsKept(t, report.String()+string(text), secrets)
		}
		require.Equal(t, -1, strings.IndexFunc(report.String(), func(r rune) bool { return r != '\n' && (r < ' ' || r >= 0x7f && r <= 0x9f) }))
	})
}
