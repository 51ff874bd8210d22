package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/doctor"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

// The exit codes of docs/doctor.md.
const (
	passed = iota
	warned
	failed
	couldNotRun
)

const audience = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"

func run(t *testing.T, args ...string) commandtest.Result {
	t.Helper()
	return commandtest.Run(t, doctor.Command(), args...)
}

func TestDoctorFindsThatAllIsWell(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags()...)
	assert.Equal(t, passed, result.Code, result)
	assert.Contains(t, result.Stdout, "It works")
	assert.Empty(t, result.Stderr)
}

func TestDoctorReadsTheFileOfTheEnvironment(t *testing.T) {
	workload := commandtest.Start(t)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", workload.File)
	t.Setenv("AWSFED_ALLOW_HOSTS", workload.Server.Addr)
	assert.Equal(t, passed, run(t).Code)
}

func TestDoctorAsksOnDemandForWhatElseAnAccountGives(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags("-id-token", "https://service.example")...)
	assert.Equal(t, passed, result.Code, result)
	assert.Contains(t, result.Stdout, "audience https://service.example")

	result = run(t, workload.Flags("-sign")...)
	assert.Equal(t, failed, result.Code, result)
	assert.Contains(t, result.Stdout, "--role=roles/iam.serviceAccountTokenCreator --member=serviceAccount:aws-app@my-project.iam.gserviceaccount.com")

	// It fails at the signature already, so nobody asks Google's OAuth server.
	result = run(t, workload.Flags("-delegate", "ada@example.com", "-scopes", "https://www.googleapis.com/auth/calendar")...)
	assert.Equal(t, failed, result.Code, result)
	assert.Contains(t, result.Stdout, "delegation           failed")
	assert.Contains(t, result.Stdout, "scopes https://www.googleapis.com/auth/calendar\n")
}

func TestDoctorExitsByTheWorstStep(t *testing.T) {
	for name, test := range map[string]struct {
		fault string
		want  int
		says  string
	}{
		"a clock that is behind is a warning": {"clock-behind", warned, "the clock of this machine is 1h0m0s behind"},
		"a missing binding is a failure":      {"missing-binding", failed, "    > "},
		"a pool that is disabled is one":      {"pool-disabled", failed, "    > "},
	} {
		t.Run(name, func(t *testing.T) {
			workload := commandtest.Start(t)
			fault, found := awsfedtest.FaultByName(test.fault)
			require.True(t, found)
			fault.Inject(workload.Cloud)
			result := run(t, workload.Flags()...)
			assert.Equal(t, test.want, result.Code, result)
			assert.Contains(t, result.Stdout, test.says)
		})
	}
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

func TestDoctorPrintsJSONForMachines(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags("-json")...)
	assert.Equal(t, passed, result.Code)
	assert.Equal(t, "passed", decoded(t, result.Stdout).Worst)

	fault, _ := awsfedtest.FaultByName("pool-disabled")
	fault.Inject(workload.Cloud)
	result = run(t, workload.Flags("-json")...)
	assert.Equal(t, failed, result.Code)
	r := decoded(t, result.Stdout)
	assert.Equal(t, "failed", r.Worst)
	assert.Equal(t, "token-exchange", r.Steps[4].Error.Stage)
	assert.Equal(t, "invalid_target", r.Steps[4].Error.Code)
	assert.Equal(t, 400, r.Steps[4].Error.Status)
}

func TestDoctorReportsABadConfigurationToo(t *testing.T) {
	commandtest.ClearEnvironment(t)
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
		"a timeout below zero":               {[]string{"-audience", audience, "-timeout", "-1s"}, "Timeout is"},
	} {
		t.Run(name, func(t *testing.T) {
			result := run(t, append(test.args, "-json")...)
			assert.Equal(t, failed, result.Code)
			r := decoded(t, result.Stdout)
			require.Len(t, r.Steps, 1)
			assert.Equal(t, "configuration", r.Steps[0].Error.Stage)
			assert.Contains(t, strings.Join(r.Steps[0].Findings, "\n"), test.want)
			assert.Contains(t, r.Steps[0].Error.Text, test.want)
		})
	}
}

func TestDoctorSaysWhyItCannotRun(t *testing.T) {
	commandtest.ClearEnvironment(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no configuration at all":     {nil, "GOOGLE_APPLICATION_CREDENTIALS"},
		"an audience with a file":     {[]string{"-audience", audience, "-credentials", "x"}, "-credentials and -audience"},
		"an account without audience": {[]string{"-service-account", "x"}, "go with -audience"},
		"a word":                      {[]string{"list"}, `"list"`},
		"a flag that does not exist":  {[]string{"-nonsense"}, "nonsense"},
		"a timeout without a unit":    {[]string{"-timeout", "30"}, "-timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			result := run(t, test.args...)
			assert.Equal(t, couldNotRun, result.Code)
			assert.Contains(t, result.Stderr, test.want)
			assert.Empty(t, result.Stdout)
		})
	}
}

func TestDoctorCouldNotRunIfItIsInterrupted(t *testing.T) {
	workload := commandtest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	workload.Cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS).When(func(awsfedtest.Request) bool {
		cancel()
		return true
	}))
	var stderr strings.Builder
	code := doctor.Command().Run(ctx, workload.Flags(), &command.Invocation{
		Stdout: &strings.Builder{}, Stderr: &stderr, LookupEnv: os.LookupEnv}, settings.Overridden())
	assert.Equal(t, couldNotRun, code)
	assert.Contains(t, stderr.String(), context.Canceled.Error())
}

// brokenPipe is a reader that has gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestDoctorCouldNotRunIfNobodyReadsIt(t *testing.T) {
	commandtest.ClearEnvironment(t)
	for _, flags := range [][]string{{"-credentials", "no-such.json"}, {"-credentials", "no-such.json", "-json"}} {
		var stderr strings.Builder
		code := doctor.Command().Run(t.Context(), flags, &command.Invocation{
			Stdout: brokenPipe{}, Stderr: &stderr, LookupEnv: os.LookupEnv}, settings.Overridden())
		assert.Equal(t, couldNotRun, code, flags)
		assert.Contains(t, stderr.String(), "broken pipe", flags)
	}
}

func TestDoctorTellsItsExitCodes(t *testing.T) {
	result := run(t, "-h")
	assert.Equal(t, 0, result.Code)
	for _, line := range []string{"0  all is well", "1  it works", "2  it does not work", "3  doctor could not run"} {
		assert.Contains(t, result.Stdout, line)
	}
}
