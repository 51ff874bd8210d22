package token_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/token"
)

const provider = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"

func TestTokenPrintsTheTokenAlone(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags()...)
	assert.Equal(t, 0, result.Code)
	assert.Empty(t, result.Stderr)
	value, found := strings.CutSuffix(result.Stdout, "\n")
	assert.True(t, found)
	access, err := workload.Cloud.Check(value)
	require.NoError(t, err)
	assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com", access.Principal)
}

func TestTokenPrintsAHeader(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags("-format", "header")...)
	assert.Equal(t, 0, result.Code)
	value, found := strings.CutPrefix(result.Stdout, "Authorization: Bearer ")
	assert.True(t, found)
	_, err := workload.Cloud.Check(strings.TrimSuffix(value, "\n"))
	assert.NoError(t, err)
}

func TestTokenPrintsJSON(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags("-format", "json", "-scopes", "https://www.googleapis.com/auth/devstorage.read_only")...)
	assert.Equal(t, 0, result.Code)
	fields := decoded(t, result.Stdout)
	access, err := workload.Cloud.Check(fields["access_token"].(string))
	require.NoError(t, err)
	assert.Equal(t, []string{"https://www.googleapis.com/auth/devstorage.read_only"}, access.Scopes)
	assert.Equal(t, "Bearer", fields["token_type"])
	assert.Positive(t, fields["expires_in"])
	expiry, err := time.Parse(time.RFC3339, fields["expiry"].(string))
	require.NoError(t, err)
	assert.WithinDuration(t, access.Expires, expiry, 2*time.Second)
	assert.Len(t, fields, 4)
}

func TestTokenPrintsAnIDToken(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags("-id-token", "https://service.example")...)
	assert.Equal(t, 0, result.Code, result.Stderr)
	claims := claimsOf(t, strings.TrimSuffix(result.Stdout, "\n"))
	assert.Equal(t, "https://service.example", claims["aud"])

	result = run(t, workload.Flags("-id-token", "https://service.example", "-format", "json")...)
	fields := decoded(t, result.Stdout)
	assert.Equal(t, "https://service.example", claimsOf(t, fields["id_token"].(string))["aud"])
	assert.NotContains(t, fields, "access_token")
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &fields), text)
	return fields
}

func claimsOf(t *testing.T, jwt string) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	return decoded(t, string(payload))
}

func TestTokenFailsWithTheWholeHint(t *testing.T) {
	workload := commandtest.Start(t)
	fault, _ := awsfedtest.FaultByName("missing-binding")
	fault.Inject(workload.Cloud)
	file := filepath.Join(t.TempDir(), "cache")
	result := run(t, workload.Flags("-cache", file)...)
	assert.Equal(t, command.Failed, result.Code)
	assert.Empty(t, result.Stdout)
	assert.Contains(t, result.Stderr, "awsfed token: ")
	assert.Contains(t, result.Stderr, "\n    gcloud iam service-accounts add-iam-policy-binding aws-app@my-project.iam.gserviceaccount.com ")
	assert.NotContains(t, result.Stderr, "level=", "the error says it all")
	assert.NotContains(t, result.Stderr, "ya29.", "no token")
	assert.NoFileExists(t, file)
}

func TestTokenSaysWhyThereIsNone(t *testing.T) {
	commandtest.ClearEnvironment(t)
	bad := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"type":"external_account","audience":"//wrong"}`), 0o600))
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no configuration at all":            {nil, command.Misused, "GOOGLE_APPLICATION_CREDENTIALS"},
		"an unknown format":                  {[]string{"-audience", provider, "-format", "yaml"}, command.Misused, "none of token, json and header"},
		"a negative rest of a life":          {[]string{"-audience", provider, "-min-left", "-1s"}, command.Misused, "-min-left is -1s"},
		"a file with faults":                 {[]string{"-credentials", bad}, command.Failed, "subject_token_type is missing"},
		"an audience with faults":            {[]string{"-audience", "//wrong"}, command.Failed, "Audience"},
		"an ID token without an account":     {[]string{"-audience", provider, "-id-token", "https://service.example"}, command.Failed, "ServiceAccount"},
		"an argument that belongs to a flag": {[]string{"json"}, command.Misused, `"json"`},
	} {
		t.Run(name, func(t *testing.T) {
			result := run(t, test.args...)
			assert.Equal(t, test.code, result.Code)
			assert.Contains(t, result.Stderr, test.want)
			assert.Empty(t, result.Stdout)
		})
	}
}

func TestTokenTakesItsFlagsFromVariables(t *testing.T) {
	workload := commandtest.Start(t)
	t.Setenv("AWSFED_CREDENTIALS", workload.File)
	t.Setenv("AWSFED_ALLOW_HOSTS", workload.Server.Addr)
	t.Setenv("AWSFED_FORMAT", "header")
	result := run(t)
	assert.Equal(t, 0, result.Code, result.Stderr)
	assert.True(t, strings.HasPrefix(result.Stdout, "Authorization: "))

	t.Setenv("AWSFED_FORMAT", "yaml")
	result = run(t)
	assert.Equal(t, command.Misused, result.Code)
	assert.Contains(t, result.Stderr, "AWSFED_FORMAT")
}

// brokenPipe is a reader that has gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTokenFailsIfNobodyReadsIt(t *testing.T) {
	workload := commandtest.Start(t)
	for _, format := range []string{"token", "json", "header"} {
		var stderr strings.Builder
		code := token.Command().Run(t.Context(), workload.Flags("-format", format), &command.Invocation{
			Stdout: brokenPipe{}, Stderr: &stderr, LookupEnv: os.LookupEnv}, settings.Overridden())
		assert.Equal(t, command.Failed, code, format)
		assert.Equal(t, "awsfed token: broken pipe\n", stderr.String(), format)
	}
}
