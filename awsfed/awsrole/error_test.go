package awsrole_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/awsrole"
)

// assertHidden asserts that no print of an error, nor of what errors.As finds in it, has a secret
// or a long part of one.
func assertHidden(t *testing.T, err error, secrets ...string) {
	t.Helper()
	var (
		e          *awsfed.Error
		api        smithy.APIError
		generic    *smithy.GenericAPIError
		unreadable *smithy.DeserializationError
		logged     bytes.Buffer
	)
	slog.New(slog.NewJSONHandler(&logged, nil)).Error("failed", "error", err)
	assert.False(t, errors.As(err, &unreadable), "it quotes the answer")
	prints := []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), logged.String()}
	if errors.As(err, &e) {
		encoded, _ := json.Marshal(e)
		prints = append(prints, string(encoded), e.Hint, e.Description, e.Code, fmt.Sprintf("%#v", *e))
	}
	if errors.As(err, &api) {
		prints = append(prints, api.ErrorMessage(), api.ErrorCode())
	}
	if errors.As(err, &generic) {
		prints = append(prints, fmt.Sprintf("%#v", *generic))
	}
	for _, secret := range secrets {
		require.NotEmpty(t, secret)
		for start := 0; start < len(secret); start += 30 {
			part := secret[start:min(start+30, len(secret))]
			for _, text := range prints {
				if len(part) > 8 {
					assert.NotContains(t, text, part)
				}
			}
		}
	}
}

// answering is AWS STS with one answer for all.
func answering(status int, body string) *sts.Client {
	return sts.New(sts.Options{Region: "us-east-1", Retryer: aws.NopRetryer{}, HTTPClient: doer(func(*http.Request) (*http.Response, error) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.AWSSTS, status, http.Header{"Content-Type": {"text/xml"}, "X-Amzn-Requestid": {"the-request"}}, body))
		return cloud.Client().Get("https://sts.us-east-1.amazonaws.com/")
	})})
}

type doer func(*http.Request) (*http.Response, error)

func (f doer) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhatAWSRefusesIsExplained(t *testing.T) {
	const shown = "arn:aws:iam::123456789012:role/from-google"
	token := jwt(claims)
	for _, test := range []struct {
		name, token   string
		status        int
		code, message string
		transient     bool
		hint          string // part of it; "" for none
	}{
		{"a role that does not trust", token, 403, "AccessDenied", "Not authorized", false, "the trust policy of " + shown},
		{"a token without azp", jwt(`{"iss":"https://accounts.google.com","sub":"7","aud":"a"}`), 403, "AccessDenied", "Not authorized", false,
			`which is good for accounts.google.com:sub = "7", accounts.google.com:aud = "a"`},
		{"claims that are not fit to print", jwt(`{"iss":"https://accounts.google.com","sub":"\u001b[31m\"","aud":"a"}`), 403, "AccessDenied", "Not authorized", false,
			`accounts.google.com:sub = " [31m\""`},
		{"a token of another issuer", jwt(`{"iss":"https://evil.example"}`), 400, "InvalidIdentityToken", "No OpenIDConnect provider found", false,
			`the issuer of the token is "https://evil.example", and the ID tokens that AWS knows by itself are those of https://accounts.google.com`},
		{"a token of Google's that AWS does not take", token, 400, "InvalidIdentityToken", "Couldn't retrieve verification key", false, ""},
		{"a token that has ended", token, 400, "ExpiredTokenException", "Token expired", false, "the ID token ended at 2025-11-24T16:00:00Z"},
		{"more than the role allows", token, 400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", false,
			"the Duration of awsrole.Options is more than the maximum session duration of the role"},
		{"an issuer that is silent", token, 400, "IDPCommunicationError", "", true, ""},
		{"too many requests", token, 400, "Throttling", "Rate exceeded", true, ""},
		{"a service that is down", token, 503, "ServiceUnavailable", "", true, ""},
		{"a token that is repeated", token, 400, "ValidationError", "1 validation error detected: Value '" + token + "' at 'webIdentityToken' failed", false, ""},
		{"a token that is cut", token, 400, "ValidationError", "Value '" + token[:60] + "...", false, ""},
		{"a token that is strewn", token, 400, "ValidationError", "Value '" + token[:20] + "\u200b" + token[20:], false, ""},
		{"a token for a code", token, 400, token, "", false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>the-request</RequestId></ErrorResponse>", test.code, test.message)
			credentials, err := awsrole.NewCredentials(always(test.token), awsrole.Options{RoleARN: roleARN, Client: answering(test.status, body)})
			require.NoError(t, err)
			_, err = credentials.Retrieve(t.Context())
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, awsrole.StageAssumeRole, e.Stage)
			assert.Equal(t, test.status, e.StatusCode)
			assert.Equal(t, "the-request", e.RequestID)
			assert.Equal(t, test.transient, e.Transient)
			if test.hint == "" {
				assert.Empty(t, e.Hint)
			}
			assert.Contains(t, e.Hint, test.hint)
			var api smithy.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, e.Code, api.ErrorCode())
			assertHidden(t, err, test.token)
		})
	}
}

func TestAnAnswerThatIsNoneShowsNothing(t *testing.T) {
	const (
		secretKey    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
		sessionToken = "IQoJb3JpZ2luX2VjEN7//////////wEaCXVzLWVhc3QtMSJHMEUCIQ"
	)
	body := func(end string) string {
		return "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>" +
			secretKey + "</SecretAccessKey><SessionToken>" + sessionToken + "</SessionToken>" + end
	}
	const end = "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
	for _, test := range []struct{ name, body, want string }{
		{"an end that is no time", body("<Expiration>soon</Expiration>" + end), "the answer cannot be read"},
		{"an answer that breaks off", body(""), "the answer cannot be read"},
		{"no end", body(end), "the answer holds no credentials"},
		{"no keys", "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>", "the answer holds no credentials"},
		{"nothing", "", "the answer holds no credentials"},
		{"a page", "<html>" + secretKey, "the answer cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			credentials, err := awsrole.NewCredentials(always(jwt(claims)), awsrole.Options{RoleARN: roleARN, Client: answering(200, test.body)})
			require.NoError(t, err)
			_, err = credentials.Retrieve(t.Context())
			require.ErrorContains(t, err, test.want)
			assertHidden(t, err, jwt(claims), secretKey, sessionToken)
		})
	}
}

func TestAClientOfAProgramsOwnMayFail(t *testing.T) {
	token := jwt(claims)
	later := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name      string
		out       *sts.AssumeRoleWithWebIdentityOutput
		err       error
		transient bool
		want      string
	}{
		{"without anything", nil, nil, true, "the answer holds no credentials"},
		{"without credentials", &sts.AssumeRoleWithWebIdentityOutput{}, nil, true, "the answer holds no credentials"},
		{"without a key", &sts.AssumeRoleWithWebIdentityOutput{Credentials: &types.Credentials{SessionToken: aws.String("x"), Expiration: &later}}, nil, true, "the answer holds no credentials"},
		{"with a text", nil, errors.New("it is down"), true, "it is down"},
		{"with the token", nil, errors.New("cannot send " + token), true, "cannot send [redacted]"},
		{"with a text that is long", nil, errors.New(strings.Repeat("a b ", 10_000) + token), true, "a b a b"},
		{"by its ctx", nil, fmt.Errorf("asking: %w", context.Canceled), false, "context canceled"},
		{"in a panic", nil, nil, true, "Options.Client panicked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := clientFunc(func(context.Context, *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
				if strings.Contains(test.want, "panicked") {
					panic(token)
				}
				return test.out, test.err
			})
			credentials, err := awsrole.NewCredentials(always(token), awsrole.Options{RoleARN: roleARN, Client: client})
			require.NoError(t, err)
			_, err = credentials.Retrieve(t.Context())
			require.ErrorContains(t, err, test.want)
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, test.transient, e.Transient)
			if errors.Is(test.err, context.Canceled) {
				require.ErrorIs(t, err, context.Canceled)
			}
			assertHidden(t, err, token)
		})
	}
}

func FuzzRedact(f *testing.F) {
	token := jwt(claims)
	f.Add("Value '"+token+"' failed", 0, 400)
	f.Add("", 3, 60)
	f.Add(token[5:80], 40, 90)
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		from, to = min(max(from, 0), len(token)), min(max(to, 0), len(token))
		if from < to {
			text += token[from:to] + text
		}
		got := awsrole.Redact(text, token)
		for i := 0; i+24 <= len(got); i++ {
			require.NotContains(t, token, got[i:i+24])
		}
	})
}
