package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

func TestSubjectTokenOfTheProgramsOwnIsUsedAsItIs(t *testing.T) {
	cause := errors.New("the vault is sealed")
	for name, test := range map[string]struct {
		give func() (awsfed.SubjectToken, error)
		says string
	}{
		"a token":  {func() (awsfed.SubjectToken, error) { return awsfed.NewSubjectToken("any thing", "urn:any"), nil }, ""},
		"an error": {func() (awsfed.SubjectToken, error) { return awsfed.SubjectToken{}, cause }, "the vault is sealed"},
		"nothing":  {func() (awsfed.SubjectToken, error) { return awsfed.SubjectToken{}, nil }, "gave no token"},
		"a panic":  {func() (awsfed.SubjectToken, error) { panic(testJWT) }, "panicked"},
		"an error of a layer": {func() (awsfed.SubjectToken, error) {
			return awsfed.SubjectToken{}, &awsfed.Error{Stage: awsfed.StageRegion, Err: cause, Hint: "own"}
		}, "the vault is sealed"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := proof(t, withoutAWS(t, awsfed.Subject{Source: subjectFunc(func(context.Context) (awsfed.SubjectToken, error) { return test.give() })}))
			if test.says == "" {
				require.NoError(t, err)
				assert.Equal(t, "any thing", token.Value())
				assert.Equal(t, "urn:any", token.Type())
				return
			}
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.ErrorContains(t, err, test.says)
			assert.NotContains(t, e.Hint, "VerificationURL")
			assert.NotEmpty(t, e.Hint)
			assert.NotContains(t, everyRendering(err), testJWT)
			if strings.HasPrefix(name, "an error") {
				assert.ErrorIs(t, err, cause)
			}
			if name != "an error of a layer" {
				assert.Equal(t, awsfed.StageSubjectToken, e.Stage)
			}
		})
	}
}

// subjectFunc is a source of subject tokens of a test's own.
type subjectFunc func(ctx context.Context) (awsfed.SubjectToken, error)

func (f subjectFunc) SubjectToken(ctx context.Context) (awsfed.SubjectToken, error) { return f(ctx) }

// What needs no AWS credentials does not look for them.
func TestSubjectOfOtherKindsLoadsNoAWSConfiguration(t *testing.T) {
	for name, subject := range map[string]awsfed.Subject{
		"a file":   {File: "/var/run/secrets/token"},
		"a URL":    {URL: "https://tokens.example/token"},
		"a source": {Source: fixedSubject{}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := withoutAWS(t, subject)
			t.Setenv("AWS_PROFILE", "none-of-this-name") // which the AWS SDK would refuse
			builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
			require.NoError(t, err)
			assert.Equal(t, "awsfed.SubjectTokenBuilder("+testAudience+")", fmt.Sprint(builder))
		})
	}
}

// A diagnosis sees past what such a subject has not: an AWS identity.
func TestDiagnoseOfAFileWithASubjectTokenAsksNoAWS(t *testing.T) {
	google := &scriptedGoogle{}
	cfg := withoutAWS(t, awsfed.Subject{File: writeFile(t, "token", testJWT)})
	cfg.ServiceAccount, cfg.HTTPClient = testAccount, &http.Client{Transport: google}
	report, err := awsfed.Diagnose(t.Context(), cfg, nil)
	require.NoError(t, err)
	for _, step := range report.Steps {
		assert.NoError(t, step.Err, step.Stage)
	}
	assert.Len(t, google.urls(), 2, "the exchange and the impersonation")
	assert.NotContains(t, report.String(), testJWT)
}
