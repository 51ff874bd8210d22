package awsfed_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// exchangeError is what a layer makes of an answer of Google's STS.
func exchangeError(t *testing.T, answer *http.Response) *awsfed.Error {
	t.Helper()
	google := &scriptedGoogle{answer: func(*http.Request, string) *http.Response { return answer }}
	exchanger, err := awsfed.NewExchanger(offlineConfig(google), fixedSubject{})
	require.NoError(t, err)
	token, err := exchanger.TokenContext(t.Context())
	require.Nil(t, token)
	var failure *awsfed.Error
	require.ErrorAs(t, err, &failure)
	assert.Len(t, google.urls(), 1)
	return failure
}

func TestErrorOfZeroDoesNotPanic(t *testing.T) {
	e := &awsfed.Error{}
	assert.Contains(t, e.Error(), "awsfed: ")
	assert.NoError(t, e.Unwrap())
	assert.NotErrorIs(t, e, awsfed.ErrTransient)
	assert.NotErrorIs(t, e, awsfed.ErrPermissionDenied)
	assert.NotErrorIs(t, e, awsfed.ErrNoCredentials)
	assert.NotErrorIs(t, e, awsfed.ErrMisconfigured)
	assert.False(t, e.Is(nil))
	var retrieve *oauth2.RetrieveError
	assert.False(t, errors.As(e, &retrieve))
	assert.Nil(t, retrieve)
	assert.False(t, e.As(nil))
	assert.Equal(t, slog.KindGroup, e.LogValue().Kind())
	assert.NotEmpty(t, everyRendering(e))

	fault := &awsfed.FieldError{}
	assert.NotEmpty(t, fault.Error())
	assert.False(t, fault.Is(nil))
}

func TestErrorIsOfTheKindsThatItsFieldsSay(t *testing.T) {
	for _, c := range []struct {
		name string
		err  *awsfed.Error
		want []error
	}{
		{"the service is down", &awsfed.Error{StatusCode: 503, Transient: true}, []error{awsfed.ErrTransient}},
		{"the attribute condition said no", &awsfed.Error{StatusCode: 400, Code: "unauthorized_client"},
			[]error{awsfed.ErrPermissionDenied, awsfed.ErrMisconfigured}},
		{"a role is missing", &awsfed.Error{StatusCode: 403, Code: "PERMISSION_DENIED", Reason: "IAM_PERMISSION_DENIED"},
			[]error{awsfed.ErrPermissionDenied, awsfed.ErrMisconfigured}},
		{"a perimeter is in the way", &awsfed.Error{StatusCode: 403, Code: "PERMISSION_DENIED", Reason: "SECURITY_POLICY_VIOLATED"},
			[]error{awsfed.ErrPermissionDenied, awsfed.ErrMisconfigured}},
		{"the API is off, whoever asks", &awsfed.Error{StatusCode: 403, Code: "PERMISSION_DENIED", Reason: "SERVICE_DISABLED"},
			[]error{awsfed.ErrMisconfigured}},
		{"the pool is disabled", &awsfed.Error{StatusCode: 400, Code: "invalid_target"}, []error{awsfed.ErrMisconfigured}},
		{"there are no credentials", &awsfed.Error{Stage: awsfed.StageCredentials, Code: "NoCredentials"},
			[]error{awsfed.ErrNoCredentials, awsfed.ErrMisconfigured}},
		{"the caller gave up", &awsfed.Error{Err: fmt.Errorf("post: %w", context.Canceled)}, []error{context.Canceled}},
		{"the time was over", &awsfed.Error{Err: context.DeadlineExceeded, Transient: true}, []error{awsfed.ErrTransient, context.DeadlineExceeded}},
		{"a cause of package fs, which may be anything", &awsfed.Error{Err: fs.ErrNotExist}, []error{fs.ErrNotExist}},
		{"what cannot be used, for once", &awsfed.Error{StatusCode: 200, Code: "InvalidAnswer"}, nil},
		{"a field of the configuration", &awsfed.Error{Err: &awsfed.FieldError{Field: "Region"}}, []error{awsfed.ErrMisconfigured}},
		{"a certificate that is not accepted", &awsfed.Error{Err: x509.UnknownAuthorityError{}}, []error{awsfed.ErrMisconfigured}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrapped := fmt.Errorf("starting: %w", c.err)
			for _, kind := range []error{awsfed.ErrTransient, awsfed.ErrPermissionDenied, awsfed.ErrMisconfigured,
				awsfed.ErrNoCredentials, context.Canceled, context.DeadlineExceeded, fs.ErrNotExist} {
				want := false
				for _, w := range c.want {
					want = want || w == kind
				}
				assert.Equal(t, want, errors.Is(wrapped, kind), "%v", kind)
			}
			var found *awsfed.Error
			require.ErrorAs(t, wrapped, &found)
			assert.Same(t, c.err, found)
			assert.Equal(t, c.err.Err, c.err.Unwrap())
		})
	}
}

func TestErrorTextSaysItAllOnce(t *testing.T) {
	e := &awsfed.Error{
		Stage: awsfed.StageImpersonation, StatusCode: 403, Code: "PERMISSION_DENIED", Reason: "IAM_PERMISSION_DENIED",
		Description: "Permission denied.", Hint: "grant the role\nand wait",
	}
	first, hint, found := strings.Cut(fmt.Sprintf("%+v", e), "\n")
	require.True(t, found)
	for _, part := range []string{"awsfed: ", "impersonation", "403", "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", "Permission denied."} {
		assert.Contains(t, first, part)
	}
	assert.Contains(t, hint, "grant the role")
	assert.Contains(t, hint, "and wait")

	e = &awsfed.Error{Stage: awsfed.StageCredentials, Code: "ExpiredToken", Err: errors.New("api error ExpiredToken: it is over")}
	assert.Equal(t, 1, strings.Count(e.Error(), "ExpiredToken"), "the cause says it already")
}

func TestErrorTextIsOneShortLine(t *testing.T) {
	long := strings.Repeat("many words ", 90)
	for name, e := range map[string]*awsfed.Error{
		"long everywhere": {Stage: awsfed.StageExchange, StatusCode: 400, Code: "invalid_target", Description: long, Hint: long + "\n  gcloud", Err: errors.New(long)},
		"long hint":       {Stage: awsfed.StageExchange, StatusCode: 400, Code: "invalid_target", Hint: long},
		"long description, in letters of three bytes": {Stage: awsfed.StageExchange, Description: strings.Repeat("鍵", 300)},
	} {
		for _, text := range []string{e.Error(), fmt.Sprint(e), fmt.Sprintf("%s", e), fmt.Sprintf("%v", e)} {
			assert.LessOrEqual(t, len(text), 300, name)
			assert.True(t, utf8.ValidString(text), name)
			assert.NotContains(t, text, "\n", name)
		}
	}
	e := &awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400, Code: "invalid_target", Description: "No such pool.",
		Hint: "the pool is disabled. See which:\n  gcloud iam"}
	assert.Equal(t, "awsfed: token-exchange: HTTP 400: invalid_target: No such pool.; hint: the pool is disabled", e.Error())
	assert.Equal(t, "awsfed: token-exchange: HTTP 400: invalid_target: No such pool.\n  hint: the pool is disabled. See which:\n    gcloud iam",
		fmt.Sprintf("%+v", e))
	assert.Equal(t, `"`+e.Error()+`"`, fmt.Sprintf("%q", e))
}

// Google's clients take an error apart by way of oauth2.RetrieveError, and read the status of its
// Response unasked.
func TestErrorIsARetrieveErrorForGooglesClients(t *testing.T) {
	e := &awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400, Code: "invalid_target", Description: "No such pool.", Hint: "make one"}
	var retrieve *oauth2.RetrieveError
	require.ErrorAs(t, fmt.Errorf("starting: %w", e), &retrieve)
	require.NotNil(t, retrieve.Response)
	assert.Equal(t, 400, retrieve.Response.StatusCode)
	assert.Equal(t, "400 Bad Request", retrieve.Response.Status)
	assert.NotNil(t, retrieve.Response.Header)
	body, err := io.ReadAll(retrieve.Response.Body)
	require.NoError(t, err)
	assert.Empty(t, body)
	assert.NoError(t, retrieve.Response.Body.Close())
	assert.Equal(t, "invalid_target", retrieve.ErrorCode)
	assert.Contains(t, retrieve.ErrorDescription, "No such pool.")
	assert.Contains(t, retrieve.Error(), "make one", "the hint survives Google's adapters")
	assert.Contains(t, string(retrieve.Body), "make one", "cloud.google.com/go/auth prints the body and nothing else")
}

func TestErrorAsARetrieveErrorIsPrintableWhateverIsMissing(t *testing.T) {
	for _, e := range []*awsfed.Error{{StatusCode: 502}, {StatusCode: 799}, {StatusCode: 200, Code: "InvalidAnswer"}, {StatusCode: 400, Hint: "a hint"}} {
		var retrieve *oauth2.RetrieveError
		require.ErrorAs(t, e, &retrieve)
		assert.Contains(t, retrieve.Error()+string(retrieve.Body), fmt.Sprint(e.StatusCode))
		assert.NotEmpty(t, retrieve.Response.Status)
	}
}

func TestErrorWithoutAnAnswerIsNoRetrieveErrorButThatOfTheCause(t *testing.T) {
	var retrieve *oauth2.RetrieveError
	assert.False(t, errors.As(error(&awsfed.Error{Code: "NoCredentials", Err: io.EOF}), &retrieve))

	cause := &oauth2.RetrieveError{Response: &http.Response{Status: "400 Bad Request"}, ErrorCode: "invalid_grant"}
	require.ErrorAs(t, &awsfed.Error{Err: cause}, &retrieve)
	assert.Same(t, cause, retrieve)

	var other *url.Error
	assert.False(t, errors.As(error(&awsfed.Error{StatusCode: 400}), &other))
}

func TestErrorLogRecordHasWhatTheErrorHas(t *testing.T) {
	log := func(e *awsfed.Error) map[string]any {
		var b strings.Builder
		slog.New(slog.NewJSONHandler(&b, nil)).Error("failed", "error", e)
		var record struct {
			Error map[string]any `json:"error"`
		}
		require.NoError(t, json.Unmarshal([]byte(b.String()), &record))
		return record.Error
	}
	assert.Equal(t, map[string]any{
		"stage": "token-exchange", "transient": true, "status": 429.0, "code": "quota_exceeded", "reason": "RATE_LIMIT_EXCEEDED",
		"description": "Too many.", "request_id": "id-1", "hint": "wait", "retry_after": 3e9, "cause": "EOF",
	}, log(&awsfed.Error{Stage: awsfed.StageExchange, Transient: true, StatusCode: 429, Code: "quota_exceeded", Reason: "RATE_LIMIT_EXCEEDED",
		Description: "Too many.", RequestID: "id-1", Hint: "wait", RetryAfter: 3 * time.Second, Err: io.EOF}))
	assert.Equal(t, map[string]any{"stage": "aws-region", "transient": false}, log(&awsfed.Error{Stage: awsfed.StageRegion}),
		"what is missing is left out")
}

func TestFieldErrorNamesTheFieldTheValueAndTheRule(t *testing.T) {
	fault := &awsfed.FieldError{Field: "credential_source.url", Found: "ftp://a", Want: "an http URL"}
	for _, part := range []string{"credential_source.url", `"ftp://a"`, "an http URL"} {
		assert.ErrorContains(t, fault, part)
	}
	missing := &awsfed.FieldError{Field: "audience", Want: "a provider"}
	assert.ErrorContains(t, missing, "audience is missing")
	assert.ErrorContains(t, missing, "a provider")
	for _, err := range []error{fault, fmt.Errorf("a.json: %w", errors.Join(errors.New("x"), fault))} {
		assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
		assert.NotErrorIs(t, err, awsfed.ErrTransient)
		var found *awsfed.FieldError
		require.ErrorAs(t, err, &found)
		assert.Same(t, fault, found)
	}
}

func TestErrorHasWhatTheServerSaid(t *testing.T) {
	const status = `{"error":{"code":403,"message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",` +
		`"status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[]},` +
		`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com",` +
		`"metadata":{"permission":"iam.serviceAccounts.getAccessToken"}}]}}`
	for _, c := range []struct {
		name, body                string
		status                    int
		code, description, reason string
		transient                 bool
	}{
		{"the flat form of STS", `{"error":"invalid_target","error_description":"No such pool."}`, 400, "invalid_target", "No such pool.", "", false},
		{"the flat form without a description", `{"error":"invalid_request"}`, 400, "invalid_request", "", "", false},
		{"the form of google.rpc.Status", status, 403, "PERMISSION_DENIED",
			"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).", "IAM_PERMISSION_DENIED", false},
		{"a status without details", `{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}`,
			400, "INVALID_ARGUMENT", "Request contains an invalid argument.", "", false},
		{"a status with details of another type", `{"error":{"message":"No.","status":"ABORTED","details":"none"}}`, 409, "ABORTED", "No.", "", false},
		{"an unreadable page of a proxy", "<html>Bad Gateway</html>", 502, "", "the answer is not one of Google's", "", true},
		{"nothing", "", 500, "", "the answer is not one of Google's", "", true},
		{"JSON of another kind", `[1,2]`, 404, "", "the answer is not one of Google's", "", false},
		{"null", `null`, 404, "", "the answer is not one of Google's", "", false},
		{"too many requests", `{"error":"quota_exceeded"}`, 429, "quota_exceeded", "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := exchangeError(t, jsonAnswer(c.status, c.body))
			assert.Equal(t, awsfed.StageExchange, e.Stage)
			assert.Equal(t, c.status, e.StatusCode)
			assert.Equal(t, c.code, e.Code)
			assert.Equal(t, c.description, e.Description)
			assert.Equal(t, c.reason, e.Reason)
			assert.Equal(t, c.transient, e.Transient)
			assert.NotContains(t, everyRendering(e), "<html>")
		})
	}
	e := exchangeError(t, jsonAnswer(403, status))
	assert.Equal(t, "iam.googleapis.com", e.Domain)
	assert.Equal(t, map[string]string{"permission": "iam.serviceAccounts.getAccessToken"}, e.Metadata)
}

func TestErrorHasTheHeadersThatMatter(t *testing.T) {
	answer := jsonAnswer(503, `{"error":"unavailable"}`)
	answer.Header.Set("Retry-After", "7")
	answer.Header.Set("X-Goog-Request-Id", "request-1")
	e := exchangeError(t, answer)
	assert.Equal(t, 7*time.Second, e.RetryAfter)
	assert.Equal(t, "request-1", e.RequestID)
}

func TestErrorDescriptionIsBoundedAndOfOneLine(t *testing.T) {
	for name, said := range map[string]string{
		"ASCII":                    strings.Repeat("a", 5000),
		"runes cut at any byte":    strings.Repeat("ä€𝄞", 999),
		"one byte then wide runes": "a" + strings.Repeat("€", 999),
	} {
		t.Run(name, func(t *testing.T) {
			body, err := json.Marshal(map[string]string{"error": "invalid_request", "error_description": said})
			require.NoError(t, err)
			e := exchangeError(t, jsonAnswer(400, string(body)))
			assert.LessOrEqual(t, len(e.Description), 1000)
			assert.Greater(t, len(e.Description), 900)
			assert.True(t, utf8.ValidString(e.Description))
		})
	}
	e := exchangeError(t, jsonAnswer(400, `{"error":"a\nb","error_description":"line\r\nforged: entry\u001b[2J\u0000\u007f"}`))
	assert.NotRegexp(t, `[\x00-\x1f\x7f]`, e.Code+e.Description, "no line and no escape sequence of a server gets into a log")
}

func TestErrorOfARedirectThatIsNotFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		answer := jsonAnswer(status, `{"access_token":"x"}`)
		answer.Header.Set("Location", "https://evil.example/")
		e := exchangeError(t, answer)
		assert.Equal(t, status, e.StatusCode)
		assert.Equal(t, "Redirect", e.Code)
		assert.False(t, e.Transient)
	}
}

func TestErrorIsTransientIfItMayPass(t *testing.T) {
	for status, want := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 405: false, 409: false, 413: false, 501: false, 505: false, 511: false,
		408: true, 425: true, 429: true, 500: true, 502: true, 503: true, 504: true,
	} {
		e := exchangeError(t, jsonAnswer(status, `{"error":"e"}`))
		assert.Equal(t, want, e.Transient, "%d", status)
		assert.Equal(t, want, errors.Is(e, awsfed.ErrTransient), "%d", status)
		assert.Equal(t, !want && status/100 == 4, errors.Is(e, awsfed.ErrMisconfigured), "%d", status)
	}
}

func TestErrorHoldsNoSubjectTokenThatAServerRepeats(t *testing.T) {
	token, secrets := signedSubject(t, offlineConfig(nil))
	require.Equal(t, testSessionToken, secrets[2])
	escaped := url.QueryEscape(testSessionToken)
	secrets = append(secrets, testSecretKey, escaped, url.QueryEscape(escaped))
	for name, said := range map[string]func(form string) string{
		"as it was posted": func(form string) string { return form },
		"as it is":         func(form string) string { return must(url.ParseQuery(form)).Get("subject_token") },
		"decoded": func(form string) string {
			return must(url.QueryUnescape(must(url.ParseQuery(form)).Get("subject_token")))
		},
		"its session token": func(string) string { return "bad token " + testSessionToken + "!" },
		"its session token within the subject token": func(form string) string {
			value := must(url.ParseQuery(form)).Get("subject_token")
			return value[strings.Index(value, "X-Amz-Security-Token"):]
		},
		"its session token as it was posted": func(form string) string { return form[strings.Index(form, "X-Amz-Security-Token"):] },
		"its signature":                      func(string) string { return "bad signature " + secrets[1] },
	} {
		for form, body := range map[string]func(string) any{
			"in the form of STS": func(s string) any { return map[string]any{"error": "invalid_grant", "error_description": s} },
			"as the code":        func(s string) any { return map[string]any{"error": s} },
			"in the form of google.rpc.Status": func(s string) any {
				return map[string]any{"error": map[string]any{"status": "INVALID_ARGUMENT", "message": s, "details": []any{
					map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": s, "domain": s, "metadata": map[string]any{"k": s}},
				}}}
			},
		} {
			t.Run(name+" "+form, func(t *testing.T) {
				google := &scriptedGoogle{answer: func(_ *http.Request, sent string) *http.Response {
					return jsonAnswer(403, string(must(json.Marshal(body(said(sent))))))
				}}
				exchanger, err := awsfed.NewExchanger(offlineConfig(google), fixedSubject{token})
				require.NoError(t, err)
				_, err = exchanger.TokenContext(t.Context())
				require.Error(t, err)
				text := everyRendering(err)
				for i, secret := range secrets {
					assert.False(t, strings.Contains(text, secret), "secret %d is in the error", i)
				}
				if name != "as it was posted" || form != "as the code" { // There the code is cut before the secret.
					assert.Contains(t, text, "[redacted]")
				}
			})
		}
	}
}

func TestErrorHoldsNoBearerTokenThatAServerRepeats(t *testing.T) {
	const bearer = "ya29.d.federated-token-of-some-length"
	google := &scriptedGoogle{answer: func(req *http.Request, _ string) *http.Response {
		return jsonAnswer(403, string(must(json.Marshal(map[string]any{"error": map[string]any{
			"status": "PERMISSION_DENIED", "message": "got " + req.Header.Get("Authorization"),
		}}))))
	}}
	impersonator, err := awsfed.NewImpersonator(offlineConfig(google), fixedFederated(bearer))
	require.NoError(t, err)
	_, err = impersonator.TokenContext(t.Context())
	require.Error(t, err)
	text := everyRendering(err)
	assert.NotContains(t, text, bearer)
	assert.Contains(t, text, "got Bearer [redacted]")
}

func TestErrorHoldsNoBodyOfASuccessThatCannotBeUsed(t *testing.T) {
	for name, body := range map[string]string{
		"no expiry":     `{"access_token":"ya29.secret","token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`,
		"another type":  `{"access_token":"ya29.secret","token_type":"MAC","expires_in":3600}`,
		"half a JSON":   `{"access_token":"ya29.secret`,
		"a token alone": `ya29.secret`,
	} {
		t.Run(name, func(t *testing.T) {
			e := exchangeError(t, jsonAnswer(200, body))
			assert.Equal(t, "InvalidAnswer", e.Code)
			assert.NotContains(t, everyRendering(e), "ya29.secret")
		})
	}
}

func TestErrorOfAPermissionDenialIsThat(t *testing.T) {
	for name, want := range map[string]bool{"missing-binding": true, "wrong-principal": true, "condition-false": true, "iamcredentials-api-disabled": false, "sts-unavailable": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				fault, ok := awsfedtest.FaultByName(name)
				require.True(t, ok)
				fault.Inject(cloud)
				_, err := newSource(t, cloud).Token()
				assert.Equal(t, want, errors.Is(err, awsfed.ErrPermissionDenied))
				cloud.Wait()
			})
		})
	}
}

func TestErrorOfAnAWSThatLimitsItsCallersIsTransient(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*awsfed.Config)
		stage  awsfed.Stage
	}{
		"in the AWS SDK": {func(cfg *awsfed.Config) {
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, &smithy.GenericAPIError{Code: "Throttling", Message: "Rate exceeded"}
			})
		}, awsfed.StageCredentials},
		"by the word of Google": {func(cfg *awsfed.Config) {
			cfg.HTTPClient = answering(400, `{"error":"invalid_grant","error_description":"Received invalid AWS response of type Throttling with error message: Rate exceeded"}`)
		}, awsfed.StageExchange},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := newSource(t, awsfedtest.New(awsfedtest.Options{}), test.change).Token()
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, test.stage, e.Stage)
				assert.ErrorIs(t, err, awsfed.ErrTransient)
				assert.NotErrorIs(t, err, awsfed.ErrMisconfigured)
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestErrorSaysNoMoreThanItMay(t *testing.T) {
	e := &awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400, Code: strings.Repeat("c\n", 9000), Description: strings.Repeat("d\x1b", 9000),
		Hint: strings.Repeat("hint\x1b\n", 9000), Err: rudeError{}}
	assert.LessOrEqual(t, len(e.Error()), 8<<10)
	assert.NotContains(t, e.Error(), "\x1b")
	assert.NotContains(t, everyLogLine(e), "\x1b")
	var retrieve *oauth2.RetrieveError
	require.ErrorAs(t, e, &retrieve)
	assert.LessOrEqual(t, len(retrieve.Body), 8<<10)
	assert.LessOrEqual(t, len(retrieve.ErrorDescription), 8<<10)
	assert.LessOrEqual(t, len(retrieve.ErrorCode), 100)
	assert.NotContains(t, retrieve.ErrorDescription+retrieve.ErrorCode+string(retrieve.Body), "\x1b")
}

func TestFieldErrorSaysNoMoreThanItMay(t *testing.T) {
	long := strings.Repeat("a\x1b", 450_000)
	for name, change := range map[string]func(*awsfed.Config){
		"an audience":        func(c *awsfed.Config) { c.Audience = long },
		"a project":          func(c *awsfed.Config) { c.Audience = strings.Replace(testAudience, "projects/", "projects/"+long, 1) },
		"a service account":  func(c *awsfed.Config) { c.ServiceAccount = long },
		"a region":           func(c *awsfed.Config) { c.Region = long },
		"a verification URL": func(c *awsfed.Config) { c.VerificationURL = "https://" + long },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offlineConfig(nil)
			change(&cfg)
			_, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.Error(t, err)
			for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
				text := fmt.Sprintf(verb, err)
				assert.Less(t, len(text), 2<<10, verb)
				assert.NotContains(t, text, "\x1b")
			}
			var fault *awsfed.FieldError
			require.ErrorAs(t, err, &fault)
			assert.LessOrEqual(t, len(fault.Found), 200)
			assert.LessOrEqual(t, len(fault.Want), 500)
			assert.Less(t, len(fmt.Sprintf("%#v", fault)), 2<<10)
		})
	}
	_, err := awsfed.ConfigFromJSON(bytes.Replace([]byte(`{"type":"external_account","audience":"A"}`), []byte("A"), bytes.Repeat([]byte("a"), 900_000), 1), nil)
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 4<<10)
}

func everyLogLine(err error) string {
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Error("failed", "error", err)
	slog.New(slog.NewJSONHandler(&b, nil)).Error("failed", "error", err)
	return b.String()
}
