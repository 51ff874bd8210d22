package examples_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// newSigner signs as an account that may sign by itself.
func newSigner(t *testing.T, cloud *awsfedtest.Cloud, account string) *awsfed.Signer {
	t.Helper()
	require.NoError(t, cloud.Grant(account, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+account))
	cfg := cloud.Config()
	cfg.ServiceAccount, cfg.Logger = account, slog.New(slog.DiscardHandler)
	signer, err := awsfed.NewSigner(t.Context(), cfg)
	require.NoError(t, err)
	return signer
}
