package awsfed_test

import (
	"testing"

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

func TestHintsExplainAnEKSAgentThatRefuses(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	serve(t, cloud, awsfedtest.SourceEKSPodIdentity)
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", writeFile(t, "token", "not the pod's"))
	e := failureOfChain(t)
	assert.NotContains(t, e.Error(), "not the pod's")
	assert.Contains(t, e.Hint, "list-pod-identity-associations")
}
