package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func doctor(t *testing.T, demo string) (worst awsfed.Verdict, stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	worst, err = run(t.Context(), demo, &out)
	return worst, out.String(), err
}

func TestWithoutAFaultAllIsWell(t *testing.T) {
	worst, out, err := doctor(t, "none")
	require.NoError(t, err)
	assert.Equal(t, awsfed.VerdictPassed, worst, out)
	assert.Contains(t, out, "It works")
}

func TestEveryFaultIsFoundWithItsHint(t *testing.T) {
	for _, fault := range awsfedtest.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			worst, out, err := doctor(t, fault.Name)
			require.NoError(t, err)
			switch {
			case fault.Endpoint == "":
				assert.Equal(t, awsfed.VerdictPassed, worst, "the client sees nothing of it\n%s", out)
			case fault.Name == "clock-behind" || fault.Name == "clock-ahead":
				assert.Equal(t, awsfed.VerdictWarned, worst, "it is corrected, and a warning\n%s", out)
				assert.Contains(t, out, "the clock of this machine is 1h0m0s "+strings.TrimPrefix(fault.Name, "clock-"))
			default:
				assert.Equal(t, awsfed.VerdictFailed, worst, out)
				assert.Contains(t, out, "    > ", "a hint")
				if fault.Endpoint == awsfedtest.EC2Metadata {
					assert.Contains(t, out, "\n      aws ec2 ")
				}
			}
		})
	}
}

func TestTheMissingBindingIsFixedByOneCommand(t *testing.T) {
	_, out, err := doctor(t, "missing-binding")
	require.NoError(t, err)
	assert.Contains(t, out, "\n      gcloud iam service-accounts add-iam-policy-binding aws-app@my-project.iam.gserviceaccount.com --role=roles/iam.workloadIdentityUser --member=principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/app --project=my-project\n")
}

func TestABadFileIsAReportToo(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"type":"external_account","audience":"//wrong"}`), 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", bad)
	worst, out, err := doctor(t, "")
	require.NoError(t, err)
	assert.Equal(t, awsfed.VerdictFailed, worst)
	assert.Contains(t, out, "subject_token_type is missing")
}

func TestTheFaultsAreListed(t *testing.T) {
	_, out, err := doctor(t, "list")
	require.NoError(t, err)
	for _, fault := range awsfedtest.Faults() {
		assert.Contains(t, out, fault.Name)
	}
}

func TestAFaultThatDoesNotExistIsRefused(t *testing.T) {
	_, _, err := doctor(t, "no-such")
	assert.ErrorContains(t, err, "-demo list")
}
