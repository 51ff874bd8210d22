package awsfed_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// The schema is a contract: a difference in the golden file is a new version, unless it only adds.
func TestReportJSONHasTheSchemaOfItsVersion(t *testing.T) {
	clearAWSEnvironment(t)
	golden := readGolden(t, "report.golden")
	key := regexp.MustCompile(`\b(ASIA|AROA)[0-9A-Z]{16,17}\b`) // is another in each run
	names := []string{"none", "clock-behind", "missing-binding", "pool-disabled", "file"}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				if fault, ok := awsfedtest.FaultByName(name); ok {
					fault.Inject(cloud)
				}
				var options awsfed.DiagnoseOptions
				if name == "file" {
					_, options.ConfigError = awsfed.ConfigFromJSON([]byte(`{"type":"external_account","audience":"//wrong"}`), nil)
				}
				text, err := json.MarshalIndent(diagnose(t, cloud.Config(), &options), "", "  ")
				require.NoError(t, err)
				golden.compare(t, name, key.ReplaceAllString(string(text), "${1}EXAMPLE")+"\n")
			})
		})
	}
	golden.hasSections(t, names)
}

func TestReportListsAreNeverNull(t *testing.T) {
	text, err := json.Marshal(awsfed.Report{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"version":1,"worst":"skipped","identity":{"account":"","arn":"","user_id":""},"members":[],"steps":[]}`, string(text))
	text, err = json.Marshal(awsfed.Step{Stage: awsfed.StageClock})
	require.NoError(t, err)
	assert.JSONEq(t, `{"stage":"clock","verdict":"passed","duration_ns":0,"findings":[],"hint":""}`, string(text))
}

func TestReportErrorsAreOfTheirStep(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"an Error": {&awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400, Code: "invalid_target", Description: "no\npool", Transient: true, Hint: "make one"},
			`{"stage":"token-exchange","code":"invalid_target","status":400,"transient":true,"text":"token-exchange: HTTP 400: invalid_target: no pool"}`},
		"faults of fields": {errors.Join(&awsfed.FieldError{Field: "Audience", Want: "one"}, &awsfed.FieldError{Field: "Region", Found: "x", Want: "two"}),
			`{"stage":"network","code":"","status":0,"transient":false,"text":"Audience is missing: want one; Region is \"x\": want two"}`},
		"an Error that is nil": {(*awsfed.Error)(nil), `{"stage":"network","code":"","status":0,"transient":false,"text":"an error whose text cannot be had: its Error method panicked"}`},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(awsfed.Step{Stage: awsfed.StageNetwork, Verdict: awsfed.VerdictFailed, Err: test.err})
			require.NoError(t, err)
			var step struct{ Error json.RawMessage }
			require.NoError(t, json.Unmarshal(text, &step))
			assert.JSONEq(t, test.want, string(step.Error))
		})
	}
}

func TestReportIsTheSameByValueAndByPointer(t *testing.T) {
	report := diagnose(t, awsfedtest.New(awsfedtest.Options{}).Config(), nil)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		assert.Equal(t, fmt.Sprintf(verb, report), fmt.Sprintf(verb, *report), verb)
	}
	assert.Equal(t, report.String(), fmt.Sprintf("%+v", *report))
	pointer, err := json.Marshal(report)
	require.NoError(t, err)
	value, err := json.Marshal(*report)
	require.NoError(t, err)
	assert.Equal(t, string(pointer), string(value))
	for i := range report.Steps {
		pointer, err := json.Marshal(&report.Steps[i])
		require.NoError(t, err)
		value, err := json.Marshal(report.Steps[i])
		require.NoError(t, err)
		assert.Equal(t, string(pointer), string(value))
	}
}

func TestReportWorstVerdictIsNotWhatWasSkipped(t *testing.T) {
	for worst, verdicts := range map[awsfed.Verdict][]awsfed.Verdict{
		awsfed.VerdictSkipped: {awsfed.VerdictSkipped},
		awsfed.VerdictPassed:  {awsfed.VerdictPassed, awsfed.VerdictSkipped},
		awsfed.VerdictWarned:  {awsfed.VerdictSkipped, awsfed.VerdictWarned, awsfed.VerdictPassed},
		awsfed.VerdictFailed:  {awsfed.VerdictFailed, awsfed.VerdictWarned, awsfed.VerdictSkipped},
	} {
		var report awsfed.Report
		for _, verdict := range verdicts {
			report.Steps = append(report.Steps, awsfed.Step{Verdict: verdict})
		}
		assert.Equal(t, worst, report.Worst())
	}
	assert.Zero(t, awsfed.VerdictPassed)
	assert.Equal(t, "Verdict(9)", awsfed.Verdict(9).String())
}

func TestReportWrapsProseAndNothingElse(t *testing.T) {
	long := strings.Repeat("x", 90)
	for name, test := range map[string]struct{ hint, want string }{
		"a short line": {"do this", "    > do this\n"},
		"a long line": {strings.Repeat("word ", 20) + "end",
			"    > " + strings.TrimSpace(strings.Repeat("word ", 15)) + "\n    > " + strings.Repeat("word ", 5) + "end\n"},
		"a word that is too long":             {"see " + long + " for it", "    > see " + long + "\n    > for it\n"},
		"a command":                           {"do:\n  gcloud " + long + " x", "    > do:\n      gcloud " + long + " x\n"},
		"no line starts as a command does":    {strings.Repeat("a", 74) + " gcloud auth", "    > " + strings.Repeat("a", 74) + " gcloud\n    > auth\n"},
		"a line that ends in the last column": {strings.Repeat("a", 70) + " bcd", "    > " + strings.Repeat("a", 70) + " bcd\n"},
	} {
		t.Run(name, func(t *testing.T) {
			report := awsfed.Report{Steps: []awsfed.Step{{Stage: awsfed.StageClock, Hint: test.hint}}}
			_, text, _ := strings.Cut(report.String(), "\n")
			text, _, _ = strings.Cut(text, "\n\n")
			assert.Equal(t, test.want, text+"\n")
		})
	}
}
