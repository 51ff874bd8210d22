package setup_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// environment leads the AWS SDK to an emulator.
func environment(t *testing.T, cloud *awsfedtest.Cloud) {
	t.Helper()
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	env, err := server.Env(awsfedtest.SourceEnvironment, t.TempDir())
	require.NoError(t, err)
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

func TestIdentityIsWhatAWSSays(t *testing.T) {
	for name, region := range map[string]string{"the region of the environment": "", "a region that is given": "eu-central-1"} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			environment(t, cloud)
			api, err := setup.NewCallerIdentifier(t.Context(), region)
			require.NoError(t, err)
			identity, err := setup.Identity(t.Context(), api)
			require.NoError(t, err)
			assert.Equal(t, "123456789012", identity.Account)
			assert.Equal(t, role+"/environment", identity.ARN)
			assert.NotEmpty(t, identity.UserID)
			plan := newPlan(t, func(w *setup.Wanted) { w.Identity = identity })
			assert.Equal(t, roleMember, plan.Member())
		})
	}
}

func TestIdentityAsksUSEast1WithoutARegion(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{Region: "eu-central-1"})
	environment(t, cloud)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	client, err := setup.NewCallerIdentifier(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, "us-east-1", client.Options().Region)
}

func TestIdentitySaysWhatAWSRefuses(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	environment(t, cloud)
	cloud.Inject(awsfedtest.Status(awsfedtest.AWSSTS, http.StatusForbidden, http.Header{"Content-Type": {"text/xml"}},
		"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired&#10;\u202e</Message></Error></ErrorResponse>"))
	api, err := setup.NewCallerIdentifier(t.Context(), "")
	require.NoError(t, err)
	_, err = setup.Identity(t.Context(), api)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "ExpiredToken")
	assert.Contains(t, err.Error(), "give -aws-arn instead")
	assert.True(t, shell.Printable(err.Error()), err.Error())
}

// saying is AWS STS that says, or fails.
type saying struct {
	out *sts.GetCallerIdentityOutput
	err error
}

func (s saying) GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return s.out, s.err
}

func TestIdentityOfAnEmptyAnswerMakesNoPlan(t *testing.T) {
	identity, err := setup.Identity(t.Context(), saying{out: &sts.GetCallerIdentityOutput{}})
	require.NoError(t, err)
	assert.Zero(t, identity)
	_, err = setup.NewPlan(wanted(func(w *setup.Wanted) { w.Identity = identity }))
	var field *setup.FieldError
	require.ErrorAs(t, err, &field)
	assert.Equal(t, "aws-arn", field.Flag)
}

func TestIdentityKeepsTheCauseAndBoundsItsText(t *testing.T) {
	cause := errors.New(strings.Repeat("x\n", 10_000))
	identity, err := setup.Identity(t.Context(), saying{err: cause})
	assert.Zero(t, identity)
	assert.ErrorIs(t, err, cause)
	assert.Less(t, len(err.Error()), 1000)
	assert.NotContains(t, err.Error(), "\n")
}
