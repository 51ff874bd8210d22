package conformance_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// Without a service account the server has the federated token itself and no ID token, for which
// gcloud asks before each command.
func TestClientsListByExecWithDirectAccess(t *testing.T) {
	t.Parallel()
	programs := map[string]func(*testing.T, *execWorld, runner) (metadataResult, error){
		"gcloud": lists("gcloud", "storage", "ls"),
	}
	for _, c := range metadataClients() {
		if c.lacks[accessToken] == keepsToken {
			programs[c.name] = c.try
		}
	}
	for _, c := range metadataClients() {
		try, ok := programs[c.name]
		if !ok {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if what, inImage := c.missing(); what != "" {
				require.False(t, os.Getenv("CI") == "true" && inImage, "in CI the client must be installed: %s", what)
				t.Skip(what)
			}
			t.Parallel()
			w := newExecWorld(t)
			env := w.Env(t, awsfedtest.SourceEnvironment)
			w.CredentialFile(t, direct)
			got, err := try(t, w, w.exec(t, env))
			require.NoError(t, err)
			assert.NoError(t, w.verify(t, direct, awsfedtest.SourceEnvironment, result{Listing: got.Listing}))
			callers := w.Callers()
			require.NotEmpty(t, callers)
			for _, caller := range callers {
				assert.True(t, strings.HasPrefix(caller, "principal://"), caller)
			}
			assert.Empty(t, w.Proxy.Stray())
		})
	}
}
