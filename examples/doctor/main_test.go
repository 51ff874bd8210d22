package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

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
					assert.Contains(t, out, "--http-put-response-hop-limit 2")
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

func TestTheReportIsJSONForMachines(t *testing.T) {
	code, out, err := doctor(t, "-json", "-demo", "pool-disabled")
	require.NoError(t, err)
	assert.Equal(t, 2, code)
	var report struct {
		Worst string
		Steps []struct{ Name, Verdict, Hint string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.Equal(t, "failed", report.Worst)
	assert.NotEmpty(t, report.Steps)
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
		"an unknown fault":           {[]string{"-demo", "no-such"}, "-demo list"},
		"a file that is not there":   {[]string{"-credentials", "no-such.json"}, "no-such.json"},
		"no configuration at all":    {nil, "GOOGLE_APPLICATION_CREDENTIALS"},
		"a demo with another's file": {[]string{"-demo", "none", "-credentials", "x"}, "-demo"},
		"a flag that does not exist": {[]string{"-nonsense"}, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, err := doctor(t, test.args...)
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, couldNotRun, code)
		})
	}
}
