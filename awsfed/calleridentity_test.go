package awsfed_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// callerAnswer is the answer of AWS STS to GetCallerIdentity.
func callerAnswer(account, arn, user string) string {
	return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>` + arn +
		`</Arn><UserId>` + user + `</UserId><Account>` + account + `</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
}

func TestDiagnoseTakesOnlyAnIdentityFromAWS(t *testing.T) {
	clearAWSEnvironment(t)
	const account, arn, user = "123456789012", "arn:aws:sts::123456789012:assumed-role/app/i-0", "AROAEXAMPLE:i-0"
	for _, c := range []struct {
		name, body string
		good       bool
	}{
		{"as AWS sends it", callerAnswer(account, arn, user), true},
		{"another partition", callerAnswer(account, "arn:aws-cn:iam::123456789012:user/a/b+=,.@-", "AIDAEXAMPLE"), true},
		{"the longest", callerAnswer(account, arn+strings.Repeat("x", 2048-len(arn)), strings.Repeat("x", 256)), true},
		{"no account", callerAnswer("", arn, user), false},
		{"a short account", callerAnswer("12345678901", arn, user), false},
		{"a long account", callerAnswer("1234567890123", arn, user), false},
		{"an account with a letter", callerAnswer("12345678901x", arn, user), false},
		{"an account in other digits", callerAnswer("١٢٣٤٥٦", arn, user), false},
		{"no ARN", callerAnswer(account, "", user), false},
		{"no ARN at all", callerAnswer(account, "urn:aws:sts", user), false},
		{"an ARN with a line break", callerAnswer(account, arn+"\nx", user), false},
		{"an ARN with a command of a terminal", callerAnswer(account, arn+"&#x9b;31m", user), false},
		{"an ARN with an override of direction", callerAnswer(account, arn+"\u202e", user), false},
		{"an ARN with a blank", callerAnswer(account, arn+" x", user), false},
		{"a long ARN", callerAnswer(account, arn+strings.Repeat("x", 2049-len(arn)), user), false},
		{"an ARN of a thing", callerAnswer(account, "arn:aws:s3:::bucket", user), false},
		{"an ARN of another account", callerAnswer(account, "arn:aws:sts::999999999999:assumed-role/app/i-0", user), false},
		{"no user", callerAnswer(account, arn, ""), false},
		{"a user with a line break", callerAnswer(account, arn, "AROA\nx"), false},
		{"a long user", callerAnswer(account, arn, strings.Repeat("x", 257)), false},
		{"no XML", "{}", false},
		{"nested 1,000 deep", strings.Repeat("<a>", 1000), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cfg := cloud.Config()
			cfg.HTTPClient = diverted("sts.us-east-1.amazonaws.com", answering(200, c.body).Transport, cloud.Client().Transport)
			report := diagnose(t, cfg, nil)
			step := stepOf(t, report, awsfed.StageIdentity)
			if c.good {
				assert.Equal(t, awsfed.VerdictPassed, step.Verdict, report)
				assert.True(t, slices.Contains(step.Findings, "ARN "+report.Identity.ARN))
				return
			}
			assert.Equal(t, awsfed.VerdictFailed, step.Verdict, report)
			var e *awsfed.Error
			require.ErrorAs(t, step.Err, &e)
			assert.Equal(t, "InvalidAnswer", e.Code)
			assert.Empty(t, report.Identity)
		})
	}
}
