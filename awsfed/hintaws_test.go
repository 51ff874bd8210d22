package awsfed_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// failureOfChain is the error of a source whose AWS credentials come from this process's
// environment.
func failureOfChain(t *testing.T) *awsfed.Error {
	t.Helper()
	ts, err := awsfed.NewTokenSource(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Logger: quiet})
	if err == nil {
		_, err = ts.Token()
	}
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageCredentials, e.Stage)
	return e
}

func TestHintsRenewAnSSOSessionThatHasEndedByOneCommand(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("HOME", t.TempDir()) // where the SDK looks for the session
	t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", "[profile work]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = dev\n"))
	t.Setenv("AWS_PROFILE", "work")
	assert.Contains(t, failureOfChain(t).Hint, "aws sso login --profile work")
}

func TestHintsTellWhatTheChainFoundWithoutCredentials(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	noRole, _ := awsfedtest.FaultByName("metadata-no-role")
	noRole.Inject(cloud)
	serve(t, cloud, awsfedtest.SourceEC2Metadata)
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app")
	t.Setenv("AWS_PROFILE", "")
	e := failureOfChain(t)
	assert.True(t, errors.Is(e, awsfed.ErrNoCredentials))
	assert.Contains(t, e.Hint, "AWS_ACCESS_KEY_ID is not set")
	assert.Contains(t, e.Hint, "AWS_ROLE_ARN is set")
	assert.Contains(t, e.Hint, "profile default")
	assert.Contains(t, e.Hint, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set")
	assert.Contains(t, e.Hint, "--http-put-response-hop-limit 2")
}

func TestHintsNameMetadataThatIsSwitchedOff(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	e := failureOfChain(t)
	assert.ErrorIs(t, e, awsfed.ErrNoCredentials)
	assert.Contains(t, e.Hint, "AWS_EC2_METADATA_DISABLED is true")
}

func TestHintsNameAWebIdentityTokenThatIsNotThere(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token")
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app")
	e := failureOfChain(t)
	assert.Contains(t, e.Error(), "/no/such/token")
	assert.Contains(t, e.Hint, "web identity")
}

func TestHintsExplainARoleThatMayNotBeAssumed(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	serve(t, cloud, awsfedtest.SourceEC2Metadata)
	user, err := cloud.AddUser("ann")
	require.NoError(t, err)
	arn, err := cloud.AddRole(awsfedtest.Role{Name: "closed"})
	require.NoError(t, err)
	t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", "[profile base]\naws_access_key_id = "+user.AccessKeyID+"\naws_secret_access_key = "+user.SecretAccessKey+
		"\n[profile closed]\nrole_arn = "+arn+"\nsource_profile = base\n"))
	t.Setenv("AWS_PROFILE", "closed")
	e := failureOfChain(t)
	assert.Equal(t, "AccessDenied", e.Code)
	assert.Equal(t, 403, e.StatusCode)
	assert.NotEmpty(t, e.RequestID)
	assert.False(t, e.Transient)
	assert.Contains(t, e.Hint, "trust policy")
}

func TestHintsExplainAnEndpointThatDoesNotAnswer(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := serve(t, cloud, awsfedtest.SourceECS).Config()
	cloud.Inject(awsfedtest.Drop(awsfedtest.ContainerCredentials))
	cfg.Logger, cfg.Timeout, cfg.ServiceAccount, cfg.Lifetime = quiet, 5*time.Second, "", 0
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = ts.Token()
	assert.ErrorIs(t, err, awsfed.ErrTransient)
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageCredentials, e.Stage)
	assert.Contains(t, e.Hint, "did not come in time")
	assert.Contains(t, e.Hint, "AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
}

func TestHintsExplainAnEKSAgentThatRefuses(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	serve(t, cloud, awsfedtest.SourceEKSPodIdentity)
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", writeFile(t, "token", "not the pod's"))
	e := failureOfChain(t)
	assert.NotContains(t, e.Error(), "not the pod's")
	assert.Contains(t, e.Hint, "list-pod-identity-associations")
}
