package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/world"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// fetch gets a token as a workload does that has the environment of the emulator's file, with the
// AWS credentials of a source.
func fetch(t *testing.T, config, credentials string, change func(*awsfed.Config)) error {
	t.Helper()
	dir := t.TempDir()
	file, env := filepath.Join(dir, "cred.json"), filepath.Join(dir, "emulator.env")
	emulator := launch(t, "-config", config, "-source", credentials, "-credential-file", file, "-env", env)
	source(t, env)
	host := strings.TrimPrefix(emulator.url, "http://")
	cfg, err := awsfed.ConfigFromEnv(&awsfed.FileOptions{TokenHosts: []string{host}, VerificationHosts: []string{host}, MetadataHosts: []string{host}})
	require.NoError(t, err)
	if change != nil {
		change(&cfg)
	}
	tokens, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = tokens.TokenContext(t.Context())
	http.DefaultClient.CloseIdleConnections()
	return err
}

func TestConfigurationFileDecidesWhoGetsAToken(t *testing.T) {
	config := filepath.Join(t.TempDir(), "world.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
aws:
  accounts:
    - id: "123456789012"
      roles: [{name: app}, {name: intruder}]
  ec2_role: app
  ecs_role: intruder
google:
  pools:
    - id: my-pool
      providers:
        - id: my-provider
          aws: {account: "123456789012"}
          attribute_mapping:
            google.subject: assertion.arn.extract('assumed-role/{role_and_session}')
            attribute.role: assertion.arn.extract('assumed-role/{role_name}/')
          attribute_condition: attribute.role == 'app'
  service_accounts:
    - email: app@my-project.iam.gserviceaccount.com
      bindings:
        - role: roles/iam.workloadIdentityUser
          members: [principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-pool/attribute.role/app]
`), 0o600))
	t.Run("the role of the condition does", func(t *testing.T) {
		require.NoError(t, fetch(t, config, "ec2-metadata", nil))
	})
	t.Run("another role does not", func(t *testing.T) {
		err := fetch(t, config, "ecs", nil)
		var refused *awsfed.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "unauthorized_client", refused.Code)
		assert.ErrorContains(t, err, "The given credential is rejected by the attribute condition.")
	})
}

func TestExampleServesTokensOfBothKindsOfProviders(t *testing.T) {
	t.Run("a signed request of AWS", func(t *testing.T) {
		require.NoError(t, fetch(t, "example.yaml", "environment", nil))
	})
	t.Run("a token of AWS", func(t *testing.T) {
		require.NoError(t, fetch(t, "example.yaml", "environment", func(c *awsfed.Config) {
			c.Audience = principal.Provider{ProjectNumber: "912480652101", Pool: "my-aws-pool", ID: "from-aws-token"}.Audience()
			c.Subject.WebIdentity = &awsfed.WebIdentityOptions{Audience: "my-audience"}
		}))
	})
}

func TestOptionsAndTheirFileDescribeOneWorld(t *testing.T) {
	for name, options := range map[string]awsfedtest.Options{
		"the default": {},
		"another": {
			Region: "us-gov-east-1", Account: "210987654321", Role: "runner", ProjectNumber: "1", ProjectID: "other", Pool: "pool", Provider: "prov",
			ServiceAccount: "sa@other.iam.gserviceaccount.com",
		},
	} {
		t.Run(name, func(t *testing.T) {
			described, err := world.New(optionsFile(options), nil)
			require.NoError(t, err)
			assert.Equal(t, awsfedtest.New(options).Options(), described.Cloud().Options())
			tokens, err := awsfed.NewTokenSource(t.Context(), described.Cloud().Config())
			require.NoError(t, err)
			_, err = tokens.TokenContext(t.Context())
			require.NoError(t, err)
		})
	}
	err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-account", "1"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "the options describe no world")
	require.ErrorContains(t, err, `want 12 digits, not the text "1"`)
}

func TestConfigurationFileOfTheREADMEIsGood(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(strings.ReplaceAll(string(readme), "\r\n", "\n"), "```yaml\n")
	require.True(t, found)
	file, _, _ := strings.Cut(rest, "```")
	described, err := world.New([]byte(file), nil)
	require.NoError(t, err)
	tokens, err := awsfed.NewTokenSource(t.Context(), described.Cloud().Config())
	require.NoError(t, err)
	_, err = tokens.TokenContext(t.Context())
	require.NoError(t, err)
}

func TestMistakesOfTheConfigurationFile(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("aws:\n  regoin: x\nfaults: [gremlins]\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"no file":                {[]string{"-config", filepath.Join("no", "such", "file")}, []string{"no such file"}},
		"faults":                 {[]string{"-config", bad}, []string{bad + ":\n", "line 2: aws.regoin: ", "line 3: faults[0]: "}},
		"an option beside it":    {[]string{"-config", bad, "-region", "eu-west-1"}, []string{"-region and -config exclude each other"}},
		"an option that it ends": {[]string{"-pool", "my-pool", "-config", bad}, []string{"-pool and -config exclude each other"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), append(c.args, "-addr", "127.0.0.1:0"), io.Discard, io.Discard)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestFaultsOfFileAndCommandLineAddUp(t *testing.T) {
	config := filepath.Join(t.TempDir(), "world.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"faults": ["sts-unavailable"]}`), 0o600))
	emulator := launch(t, "-config", config, "-fault", "iam-unavailable")
	for _, path := range []string{"/v1/token", "/v1/projects/-/serviceAccounts/a:generateAccessToken"} {
		response, err := http.Post(emulator.url+path, "text/plain", nil)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	}
}

func TestAdminAPIReplacesTheConfigurationFile(t *testing.T) {
	config := filepath.Join(t.TempDir(), "world.yaml")
	require.NoError(t, os.WriteFile(config, []byte("faults: [sts-unavailable] # from the start\n"), 0o600))
	emulator := launchAdmin(t, "-config", config, "-admin", "127.0.0.1:0")
	put := func(file string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, emulator.admin+"/config", strings.NewReader(file))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/yaml")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body)
	}
	token := func() int {
		response, err := http.Post(emulator.url+"/v1/token", "text/plain", nil)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	assert.Equal(t, http.StatusServiceUnavailable, token())

	status, body := put("aws:\n  regoin: x\nfaults: []\n")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, body, "line 2: aws.regoin: there is no such field")
	assert.Equal(t, http.StatusServiceUnavailable, token(), "nothing has changed")

	status, body = put("faults: [sts-quota]\n")
	assert.Less(t, status, 300, body)
	assert.Equal(t, http.StatusTooManyRequests, token())
	response, err := http.Get(emulator.admin + "/config")
	require.NoError(t, err)
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "faults: [sts-quota]\n", string(got))
}
