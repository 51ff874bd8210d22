package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const audience = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"

func doctor(t *testing.T, args ...string) (code int, stdout string, err error) {
	t.Helper()
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "")
	var out, diagnostics bytes.Buffer
	code, err = run(t.Context(), args, &out, &diagnostics)
	return code, out.String(), err
}

func TestWithoutAFaultAllIsWell(t *testing.T) {
	code, out, err := doctor(t, "-demo", "none")
	require.NoError(t, err)
	assert.Equal(t, 0, code, out)
	assert.Contains(t, out, "It works")
}

func TestWhatElseAnAccountGivesIsAskedForOnDemand(t *testing.T) {
	code, out, err := doctor(t, "-demo", "none", "-id-token", "https://service.example")
	require.NoError(t, err)
	assert.Equal(t, 0, code, out)
	assert.Contains(t, out, "audience https://service.example")

	code, out, err = doctor(t, "-demo", "none", "-sign")
	require.NoError(t, err)
	assert.Equal(t, 2, code, out)
	assert.Contains(t, out, "--role=roles/iam.serviceAccountTokenCreator --member=serviceAccount:aws-app@my-project.iam.gserviceaccount.com")

	code, out, err = doctor(t, "-demo", "none", "-delegate", "ada@example.com", "-scopes", "https://www.googleapis.com/auth/calendar")
	require.NoError(t, err)
	assert.Equal(t, 2, code, out)
	assert.Contains(t, out, "delegation           failed")
}

func TestEveryFaultIsFoundWithItsHint(t *testing.T) {
	for _, fault := range awsfedtest.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			code, out, err := doctor(t, "-demo", fault.Name)
			require.NoError(t, err)
			switch {
			case fault.Endpoint == "":
				assert.Equal(t, 0, code, "the client sees nothing of it\n%s", out)
			case fault.Name == "clock-behind" || fault.Name == "clock-ahead":
				assert.Equal(t, 1, code, "it is corrected, and a warning\n%s", out)
				assert.Contains(t, out, "the clock of this machine is 1h0m0s "+strings.TrimPrefix(fault.Name, "clock-"))
			default:
				assert.Equal(t, 2, code, out)
				assert.Contains(t, out, "    > ", "a hint")
				if fault.Endpoint == awsfedtest.EC2Metadata {
					assert.Contains(t, out, "\n      aws ec2 ")
				}
			}
		})
	}
}

func TestTheMissingBindingIsFixedByOneCommand(t *testing.T) {
	_, out, err := doctor(t, "-demo", "missing-binding")
	require.NoError(t, err)
	assert.Contains(t, out, "\n      gcloud iam service-accounts add-iam-policy-binding aws-app@my-project.iam.gserviceaccount.com --role=roles/iam.workloadIdentityUser --member=principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/app\n")
}

// report is what a reader of the JSON looks at.
type report struct {
	Version int
	Worst   string
	Members []string
	Steps   []struct {
		Stage, Verdict, Hint string
		Findings             []string
		Error                *struct {
			Stage, Code, Text string
			Status            int
			Transient         bool
		}
	}
}

func decoded(t *testing.T, text string) report {
	t.Helper()
	var r report
	require.NoError(t, json.Unmarshal([]byte(text), &r), text)
	assert.Equal(t, 1, r.Version)
	assert.NotNil(t, r.Members)
	for _, step := range r.Steps {
		assert.NotNil(t, step.Findings)
		assert.Equal(t, step.Verdict == "failed", step.Error != nil, step.Stage)
	}
	return r
}

func TestTheReportIsJSONForMachines(t *testing.T) {
	code, out, err := doctor(t, "-json", "-demo", "pool-disabled")
	require.NoError(t, err)
	assert.Equal(t, failed, code)
	r := decoded(t, out)
	assert.Equal(t, "failed", r.Worst)
	assert.Equal(t, "token-exchange", r.Steps[4].Error.Stage)
	assert.Equal(t, "invalid_target", r.Steps[4].Error.Code)
	assert.Equal(t, 400, r.Steps[4].Error.Status)

	code, out, err = doctor(t, "-json", "-demo", "none")
	require.NoError(t, err)
	assert.Equal(t, passed, code)
	assert.Equal(t, "passed", decoded(t, out).Worst, "though the network is skipped")
}

func TestABadConfigurationIsAReportToo(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"type":"external_account","audience":"//wrong"}`), 0o600))
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a file with faults":                 {[]string{"-credentials", bad}, "subject_token_type is missing"},
		"a file that is not there":           {[]string{"-credentials", "no-such.json"}, "no-such.json"},
		"an audience with faults":            {[]string{"-audience", "//wrong"}, "Audience is \"//wrong\""},
		"a service account that has no name": {[]string{"-audience", audience, "-service-account", "x"}, "ServiceAccount is \"x\""},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, err := doctor(t, append(test.args, "-json")...)
			require.NoError(t, err)
			assert.Equal(t, failed, code)
			r := decoded(t, out)
			require.Len(t, r.Steps, 1)
			assert.Equal(t, "configuration", r.Steps[0].Error.Stage)
			assert.Contains(t, strings.Join(r.Steps[0].Findings, "\n"), test.want)
			assert.Contains(t, r.Steps[0].Error.Text, test.want)
		})
	}
}

func TestWhoConfiguresInCodeGivesTheSameTwoFields(t *testing.T) {
	cfg, err := origin{audience: audience, account: "a@p.iam.gserviceaccount.com"}.configuration()
	require.NoError(t, err)
	assert.Equal(t, awsfed.Config{Audience: audience, ServiceAccount: "a@p.iam.gserviceaccount.com"}, cfg)
}

func TestTheProgramKeepsItsExitCodes(t *testing.T) {
	program := filepath.Join(t.TempDir(), "doctor")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(output))
	for want, args := range [][]string{
		passed:      {"-demo", "none"},
		warned:      {"-demo", "clock-behind"},
		failed:      {"-demo", "missing-binding"},
		couldNotRun: {"-demo", "no-such"},
	} {
		command := exec.CommandContext(t.Context(), program, args...)
		_ = command.Run()
		assert.Equal(t, want, command.ProcessState.ExitCode(), args)
	}
	output, err = exec.CommandContext(t.Context(), program, "-help").CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(output), exitCodes)
}

func TestTheFaultsAreListed(t *testing.T) {
	code, out, err := doctor(t, "-demo", "list")
	require.NoError(t, err)
	assert.Equal(t, 0, code)
	for _, fault := range awsfedtest.Faults() {
		assert.Contains(t, out, fault.Name)
	}
}

func TestWhatCannotRunSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"an unknown fault":            {[]string{"-demo", "no-such"}, "-demo list"},
		"no configuration at all":     {nil, "GOOGLE_APPLICATION_CREDENTIALS"},
		"a demo with another's file":  {[]string{"-demo", "none", "-credentials", "x"}, "-demo"},
		"an audience with a file":     {[]string{"-audience", audience, "-credentials", "x"}, "-credentials, -audience"},
		"an account without audience": {[]string{"-service-account", "x"}, "-audience"},
		"a word":                      {[]string{"list"}, "list"},
		"a flag that does not exist":  {[]string{"-nonsense"}, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, err := doctor(t, test.args...)
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, couldNotRun, code)
		})
	}
}
