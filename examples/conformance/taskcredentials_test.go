package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A place is one where the AWS SDK finds credentials, and Google's clients do not.
type place struct {
	source awsfedtest.CredentialSource
	// profile: the credentials come from a command that a profile names, as those of SSO do.
	profile bool
}

func (p place) env(t *testing.T, w *execWorld) []string {
	t.Helper()
	env := w.Env(t, p.source)
	if !p.profile {
		return env
	}
	output := map[string]any{"Version": 1}
	for name, field := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey", "AWS_SESSION_TOKEN": "SessionToken",
	} {
		for _, entry := range env {
			if value, found := strings.CutPrefix(entry, name+"="); found {
				output[field] = value
			}
		}
		env = without(env, name)
	}
	require.Len(t, output, 4)
	text, err := json.Marshal(output)
	require.NoError(t, err)
	keys, config := filepath.Join(w.Dir, "keys.json"), filepath.Join(w.Dir, "aws-config")
	require.NoError(t, os.WriteFile(keys, text, 0o600))
	require.NoError(t, os.WriteFile(config, []byte("[profile laptop]\nregion = us-east-1\ncredential_process = cat "+keys+"\n"), 0o600))
	return append(without(env, "AWS_CONFIG_FILE", "AWS_PROFILE"), "AWS_CONFIG_FILE="+config, "AWS_PROFILE=laptop")
}

// Without awsfed exec the clients read the same credential file, and give up before they ask
// anybody for anything.
func TestExecGivesClientsTheAWSCredentialsThatTheyCannotUse(t *testing.T) {
	t.Parallel()
	clients := map[string]struct {
		missing func() (string, bool)
		command []string
		refuses string
	}{
		"Python": {lacking(sdkPython()), []string{"env", "PYTHONPATH=" + sdkLibrary(), sdkPython(), "metadataclient/client.py", audience},
			"Unable to determine"},
		"Node.js": {lacking("node", "node11/node_modules/google-auth-library"), []string{"node", "metadataclient/client.mjs", "node11", audience},
			"Unable to determine AWS"},
	}
	for name, p := range map[string]place{
		"ECS":                             {source: awsfedtest.SourceECS},
		"EKS Pod Identity":                {source: awsfedtest.SourceEKSPodIdentity},
		"IAM roles for service accounts":  {source: awsfedtest.SourceIRSA},
		"a profile of credential_process": {source: awsfedtest.SourceEnvironment, profile: true},
	} {
		for client, c := range clients {
			t.Run(client+" with "+name, func(t *testing.T) {
				if what, inImage := c.missing(); what != "" {
					require.False(t, os.Getenv("CI") == "true" && inImage, "in CI the client must be installed: %s", what)
					t.Skip(what)
				}
				t.Parallel()
				w := newExecWorld(t)
				env := p.env(t, w)
				// The project is no credential: Node.js asks a metadata server for it otherwise.
				_, err := run(t, append(slices.Clone(env), "GOOGLE_CLOUD_PROJECT=my-project"), c.command[0], c.command[1:]...)
				require.ErrorContains(t, err, c.refuses)
				assert.Empty(t, w.Requests(), "it gave up before it asked anybody")
				assert.Empty(t, w.Callers())
				assert.Empty(t, w.Proxy.Stray())

				got, err := printed(t)(w.exec(t, env)(c.command[0], c.command[1:]...))
				require.NoError(t, err)
				assert.NoError(t, w.verify(t, serviceAccount, p.source, result{Token: got.Token}))
				assert.NoError(t, w.verify(t, idToken, p.source, result{Token: got.IDToken}))
				assert.NoError(t, w.verify(t, serviceAccount, p.source, result{Listing: got.Listing}))
				assert.Empty(t, w.Proxy.Stray())
			})
		}
	}
}
