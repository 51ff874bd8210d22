package principal_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

func TestDefaultMapping(t *testing.T) {
	for name, test := range map[string]struct{ arn, role string }{
		"an assumed role loses its session":        {arn, role},
		"a role of GovCloud keeps its partition":   {"arn:aws-us-gov:sts::123456789012:assumed-role/app/s", "arn:aws-us-gov:sts::123456789012:assumed-role/app"},
		"a user keeps the ARN":                     {"arn:aws:iam::123456789012:user/dev", "arn:aws:iam::123456789012:user/dev"},
		"the root user keeps the ARN":              {"arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"},
		"a user named assumed-role gets half":      {"arn:aws:iam::123456789012:user/assumed-role", "assumed-role/"},
		"a session named assumed-role is cut well": {"arn:aws:sts::123456789012:assumed-role/app/assumed-role", role},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := principal.DefaultMapping(principal.Identity{Account: "123456789012", ARN: test.arn})
			require.NoError(t, err)
			assert.Equal(t, principal.Attributes{Subject: test.arn, Custom: map[string]string{"aws_role": test.role}}, got)
		})
	}
}

func TestDocumentedMapping(t *testing.T) {
	for name, test := range map[string]struct{ arn, role, session string }{
		"an assumed role": {arn, "app", "i-0123456789abcdef0"},
		"a user":          {"arn:aws:iam::123456789012:user/dev", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := principal.DocumentedMapping(principal.Identity{Account: "123456789012", ARN: test.arn})
			require.NoError(t, err)
			assert.Equal(t, principal.Attributes{Subject: test.arn, Custom: map[string]string{
				"account": "123456789012", "aws_role": test.role, "aws_ec2_instance": test.session,
			}}, got)
		})
	}
}
