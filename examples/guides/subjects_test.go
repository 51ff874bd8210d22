package guides_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

func TestSubjectsAreChosenByTheConfig(t *testing.T) {
	// [webidentity]
	cfg := awsfed.Config{
		Audience:       "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/aws-pool/providers/aws-oidc",
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
		Subject:        awsfed.Subject{WebIdentity: &awsfed.WebIdentityOptions{}},
	}
	// [end]
	_, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.ErrorContains(t, err, "NUMBER")
	cfg.Audience = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/aws-oidc"
	_, err = awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	// [file]
	cfg.Subject = awsfed.Subject{File: "/var/run/secrets/google/token"}
	// [end]
	_, err = awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
}

func TestSubjectsOfACredentialFileAreAllowedByName(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "testdata/file.json")
	// [stranger]
	cfg, err := awsfed.ConfigFromEnv(&awsfed.FileOptions{
		SubjectFiles: []string{"/var/run/secrets/google/token"}, // exact paths
		SubjectHosts: []string{"tokens.internal.example"},       // https, or http on this machine
	})
	// [end]
	require.NoError(t, err)
	assert.Equal(t, "/var/run/secrets/google/token", cfg.Subject.File)
	_, err = awsfed.ConfigFromEnv(nil)
	require.Error(t, err)
}
