package awsfedtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestServerEnvNamesTheProject(t *testing.T) {
	server, _ := start(t, awsfedtest.New(awsfedtest.Options{ProjectID: "other-project"}))
	env, err := server.Env(awsfedtest.SourceEnvironment, t.TempDir())
	require.NoError(t, err)
	assert.Contains(t, env, "GOOGLE_CLOUD_PROJECT=other-project")
}
