package examples_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const tokenCreator = "roles/iam.serviceAccountTokenCreator"

// newSigner signs as an account that may sign by itself, and that the AWS role may sign as.
func newSigner(t *testing.T, cloud *awsfedtest.Cloud, account string) *awsfed.Signer {
	t.Helper()
	require.NoError(t, cloud.Grant(account, tokenCreator, "serviceAccount:"+account))
	require.NoError(t, cloud.Grant(account, tokenCreator, cloud.Provider().Everyone()))
	cfg := cloud.Config()
	cfg.ServiceAccount, cfg.Logger = account, slog.New(slog.DiscardHandler)
	signer, err := awsfed.NewSigner(t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, account, signer.Email())
	return signer
}

// addAccount adds one that the AWS role may become.
func addAccount(t *testing.T, cloud *awsfedtest.Cloud, name string) (email string) {
	t.Helper()
	email = name + "@my-project.iam.gserviceaccount.com"
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email}))
	require.NoError(t, cloud.Grant(email, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()))
	return email
}
