package setup_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
)

// planned are the flags of a whole plan but for the AWS identity.
func planned(others ...string) []string {
	return append([]string{"-project", "my-project", "-numeric-project", "912480652101", "-provider", "prod", "-service-account", "aws-app"}, others...)
}

func TestSetupPlansForTheIdentityOfThisProcess(t *testing.T) {
	w := commandtest.Start(t)
	result := commandtest.Run(t, setup.Command(), planned("-roles", "roles/storage.objectViewer")...)
	require.Equal(t, command.Succeeded, result.Code, result.Stderr)
	assert.Contains(t, result.Stdout, "gcloud iam workload-identity-pools create")
	assert.Contains(t, result.Stdout, "assumed-role/"+w.Cloud.Options().Role, "the role of this process")
	assert.Contains(t, result.Stdout, w.Cloud.Options().Account)
	assert.Contains(t, result.Stdout, "roles/storage.objectViewer")
}

func TestSetupHasDefaultsForThePoolAndItsProvider(t *testing.T) {
	result := commandtest.Run(t, setup.Command(), "-project", "my-project", "-numeric-project", "912480652101", "-aws-arn", role, "-format", "credential-file")
	require.Equal(t, command.Succeeded, result.Code, result.Stderr)
	assert.Contains(t, result.Stdout, "/workloadIdentityPools/aws-pool/providers/aws-provider")
}

func TestSetupPrintsEachFormat(t *testing.T) {
	arn := []string{"-aws-arn", "arn:aws:iam::123456789012:role/app"}
	result := commandtest.Run(t, setup.Command(), planned(append(arn, "-format", "terraform")...)...)
	require.Equal(t, command.Succeeded, result.Code, result.Stderr)
	assert.Contains(t, result.Stdout, `resource "google_iam_workload_identity_pool_provider"`)

	result = commandtest.Run(t, setup.Command(), planned(append(arn, "-format", "credential-file")...)...)
	require.Equal(t, command.Succeeded, result.Code, result.Stderr)
	cfg, err := awsfed.ConfigFromJSON([]byte(result.Stdout), nil)
	require.NoError(t, err)
	assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com", cfg.ServiceAccount)
}

func TestSetupTellsEveryFaultByItsFlag(t *testing.T) {
	for _, test := range []struct {
		name  string
		flags []string
		want  []string
	}{
		{"nothing", []string{"-aws-arn", "arn:aws:iam::123456789012:role/app"}, []string{"-project", "-numeric-project"}},
		{"a format that there is not", planned("-format", "yaml"), []string{`-format: "yaml" is none of gcloud, terraform and credential-file`}},
		{"an account without an ARN", planned("-aws-account", "123456789012"), []string{"-aws-account goes with -aws-arn"}},
		{"names that are none", planned("-aws-arn", "arn:aws:iam::123456789012:role/app", "-pool", "x", "-roles", "viewer; rm -rf"), []string{"-pool", "-roles"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := commandtest.Run(t, setup.Command(), test.flags...)
			assert.Equal(t, 3, result.Code)
			assert.Empty(t, result.Stdout, "nothing is printed that might be run")
			for _, want := range test.want {
				assert.Contains(t, result.Stderr, want)
			}
		})
	}
}

func TestSetupComparesADescribedProvider(t *testing.T) {
	for _, test := range []struct {
		name, described string
		code            int
		want            string
	}{
		{"as planned", string(describe(nil)), 0, ""},
		{"with a condition that nobody knows", string(describe(func(d map[string]any) {
			d["attributeCondition"] = roleCondition + " || assertion.userid.startsWith('AROA')"
		})), 1, "attributeCondition"},
		{"without a condition", string(describe(func(d map[string]any) { delete(d, "attributeCondition") })), 2, "attributeCondition"},
		{"no JSON", "ERROR: (gcloud) NOT_FOUND", 3, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := setup.Command().Run(t.Context(), planned("-aws-arn", role, "-check"), &command.Invocation{
				Stdin: strings.NewReader(test.described), Stdout: &stdout, Stderr: &stderr, Environ: os.Environ(), LookupEnv: os.LookupEnv}, nil)
			assert.Equal(t, test.code, code, stdout.String()+stderr.String())
			assert.Contains(t, stdout.String(), test.want)
		})
	}
}
