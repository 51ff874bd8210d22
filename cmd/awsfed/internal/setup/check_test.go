package setup_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// describe is what gcloud prints of the plan's provider, changed by edit.
func describe(edit func(map[string]any)) []byte {
	d := map[string]any{
		"attributeCondition": roleCondition,
		"attributeMapping": map[string]string{
			"google.subject":     "assertion.arn",
			"attribute.aws_role": strings.SplitN(defaultMapping, "aws_role=", 2)[1],
		},
		"aws":         map[string]string{"accountId": "123456789012"},
		"displayName": "AWS",
		"name":        pool + "/providers/prod",
		"state":       "ACTIVE",
	}
	if edit != nil {
		edit(d)
	}
	data, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return data
}

func TestCheckFindsNothingWhereAllIsAsPlanned(t *testing.T) {
	for name, edit := range map[string]func(map[string]any){
		"as the plan creates it": nil,
		"by the ID of the project": func(d map[string]any) {
			d["name"] = strings.Replace(pool, "912480652101", "my-project", 1) + "/providers/prod"
		},
		"without a mapping":            func(d map[string]any) { delete(d, "attributeMapping") },
		"with a mapping that is empty": func(d map[string]any) { d["attributeMapping"] = map[string]string{} },
		"with null for a mapping":      func(d map[string]any) { d["attributeMapping"] = nil },
		"with other quotes": func(d map[string]any) {
			d["attributeMapping"].(map[string]string)["attribute.aws_role"] = strings.ReplaceAll(strings.SplitN(defaultMapping, "aws_role=", 2)[1], `"`, `'`)
		},
		"with the user ID as a subject": func(d map[string]any) {
			d["attributeMapping"].(map[string]string)["google.subject"] = "assertion.userid"
		},
		"with further attributes":    func(d map[string]any) { d["attributeMapping"].(map[string]string)["attribute.x"] = "assertion.account" },
		"with members of later days": func(d map[string]any) { d["etag"], d["x"] = "y", []int{1} },
		"and not disabled":           func(d map[string]any) { d["disabled"] = false },
	} {
		t.Run(name, func(t *testing.T) {
			findings, err := setup.Check(describe(edit), newPlan(t, nil))
			require.NoError(t, err)
			assert.Empty(t, findings)
			assert.Equal(t, setup.Fine, setup.Worst(findings))
		})
	}
}

func TestCheckFindsWhatIsMissingAndWhatIsTooWide(t *testing.T) {
	mapped := func(name, expression string) func(map[string]any) {
		return func(d map[string]any) {
			mapping := d["attributeMapping"].(map[string]string)
			if mapping[name] = expression; expression == "" {
				delete(mapping, name)
			}
		}
	}
	const provider = pool + "/providers/prod"
	setMapping := words("iam workload-identity-pools providers update-aws "+provider, "--attribute-mapping="+defaultMapping)
	setCondition := words("iam workload-identity-pools providers update-aws "+provider, "--attribute-condition="+roleCondition)
	for name, test := range map[string]struct {
		edit     func(map[string]any)
		severity setup.Severity
		field    string
		says     string
		calls    [][]string
	}{
		"another provider": {func(d map[string]any) { d["name"] = pool + "/providers/test" }, setup.Missing, "name", "another provider",
			[][]string{words("iam workload-identity-pools providers describe " + provider + " --format=json")}},
		"a pool of another project": {func(d map[string]any) { d["name"] = strings.Replace(provider, "912480652101", "7", 1) }, setup.Missing, "name", "another provider",
			[][]string{words("iam workload-identity-pools providers describe " + provider + " --format=json")}},
		"an OpenID Connect provider": {func(d map[string]any) { delete(d, "aws"); d["oidc"] = map[string]string{"issuerUri": "https://x"} }, setup.Missing, "aws", "not for AWS", nil},
		"a deleted provider": {func(d map[string]any) { d["state"] = "DELETED" }, setup.Missing, "state", "deleted",
			[][]string{words("iam workload-identity-pools providers undelete " + provider)}},
		"a state of later days": {func(d map[string]any) { d["state"] = "RESTING" }, setup.Unjudged, "state", "RESTING", nil},
		"no state":              {func(d map[string]any) { delete(d, "state") }, setup.Unjudged, "state", "not ACTIVE", nil},
		"a disabled provider": {func(d map[string]any) { d["disabled"] = true }, setup.Missing, "disabled", "disabled",
			[][]string{words("iam workload-identity-pools providers update-aws " + provider + " --no-disabled")}},
		"another account":              {func(d map[string]any) { d["aws"] = map[string]string{"accountId": "210987654321"} }, setup.Missing, "aws.accountId", `"210987654321"`, nil},
		"no subject":                   {mapped("google.subject", ""), setup.Missing, "attributeMapping.google.subject", "nobody is let in", [][]string{setMapping}},
		"one subject for all":          {mapped("google.subject", "'aws'"), setup.TooWide, "attributeMapping.google.subject", "same for everybody", [][]string{setMapping}},
		"the account as a subject":     {mapped("google.subject", "assertion.account"), setup.TooWide, "attributeMapping.google.subject", "same for everybody", [][]string{setMapping}},
		"another subject":              {mapped("google.subject", "assertion.arn.extract('/{x}')"), setup.Unjudged, "attributeMapping.google.subject", "tells apart", nil},
		"no role":                      {mapped("attribute.aws_role", ""), setup.Missing, "attributeMapping.attribute.aws_role", "no attribute.aws_role", [][]string{setMapping}},
		"the bare name of the role":    {mapped("attribute.aws_role", "assertion.arn.extract('assumed-role/{role_name}/')"), setup.Missing, "attributeMapping.attribute.aws_role", "bare name of the role, app,", [][]string{setMapping}},
		"the session in the role":      {mapped("attribute.aws_role", "assertion.arn"), setup.Missing, "attributeMapping.attribute.aws_role", "with the session", [][]string{setMapping}},
		"one role for all":             {mapped("attribute.aws_role", "'"+role+"'"), setup.TooWide, "attributeMapping.attribute.aws_role", "same for everybody", [][]string{setMapping}},
		"the account for a role":       {mapped("attribute.aws_role", "assertion.account"), setup.TooWide, "attributeMapping.attribute.aws_role", "same for everybody", [][]string{setMapping}},
		"a role by another expression": {mapped("attribute.aws_role", "assertion.arn.split('/')[0]"), setup.Unjudged, "attributeMapping.attribute.aws_role", "Look whether it yields " + role, nil},
		"no condition":                 {func(d map[string]any) { delete(d, "attributeCondition") }, setup.TooWide, "attributeCondition", "there is none, which lets in every role and user of the AWS account 123456789012", [][]string{setCondition}},
		"the whole account":            {func(d map[string]any) { d["attributeCondition"] = `assertion.account == "123456789012"` }, setup.TooWide, "attributeCondition", "every role and user of the AWS account", [][]string{setCondition}},
		"another role":                 {func(d map[string]any) { d["attributeCondition"] = `attribute.aws_role == "x"` }, setup.Missing, "attributeCondition", "Join this clause", nil},
		"a condition of no known form": {func(d map[string]any) { d["attributeCondition"] = `f(assertion)` }, setup.Unjudged, "attributeCondition", "The condition of the plan is: " + roleCondition, nil},
	} {
		t.Run(name, func(t *testing.T) {
			findings, err := setup.Check(describe(test.edit), newPlan(t, nil))
			require.NoError(t, err)
			var calls [][]string
			severity, said := setup.Fine, ""
			for _, finding := range findings {
				if finding.Field != test.field {
					continue // a mapping that is not known makes the condition unknown
				}
				severity, said = max(severity, finding.Severity), said+finding.Text
				for _, line := range finding.Paste {
					if strings.HasPrefix(line, "gcloud ") {
						made, output, err := run(t, line, there{provider: "x"})
						require.NoError(t, err, output)
						calls = append(calls, made...)
					} else {
						assert.Equal(t, `attribute.aws_role=="`+role+`"`, line)
					}
				}
			}
			assert.Equal(t, test.severity, severity)
			assert.Contains(t, said, test.says)
			assert.Equal(t, test.calls, calls)
		})
	}
}

func TestCheckFindsEverythingAtOnce(t *testing.T) {
	findings, err := setup.Check(describe(func(d map[string]any) {
		d["state"], d["disabled"], d["aws"], d["attributeMapping"] = "DELETED", true, map[string]string{"accountId": "1"}, map[string]string{"x": "y"}
		delete(d, "attributeCondition")
	}), newPlan(t, nil))
	require.NoError(t, err)
	var fields []string
	for _, finding := range findings {
		fields = append(fields, finding.Field)
	}
	assert.Equal(t, []string{"state", "disabled", "aws.accountId", "attributeMapping.google.subject", "attributeMapping.attribute.aws_role", "attributeCondition"}, fields)
	assert.Equal(t, setup.TooWide, setup.Worst(findings))
}

func TestCheckWantsAShorterSubjectForALongARN(t *testing.T) {
	plan := newPlan(t, func(w *setup.Wanted) {
		w.Identity.ARN = "arn:aws:sts::123456789012:assumed-role/" + strings.Repeat("r", 64) + "/" + strings.Repeat("s", 24)
	})
	findings, err := setup.Check(describe(func(d map[string]any) { d["attributeCondition"] = plan.Condition() }), plan)
	require.NoError(t, err)
	require.Len(t, findings, 1)
	assert.Equal(t, "attributeMapping.google.subject", findings[0].Field)
	assert.Contains(t, findings[0].Paste[0], "google.subject=assertion.userid")
}

func TestCheckRefusesWhatDescribesNoProvider(t *testing.T) {
	for name, test := range map[string]struct{ described, says string }{
		"nothing":                          {"", "it is empty"},
		"YAML":                             {"name: x", "not a JSON object"},
		"a list":                           {"[]", "not a JSON object"},
		"a part":                           {`{"name":`, "cut off"},
		"a key twice":                      {`{"name":"a","name":"b"}`, "twice"},
		"an object of another kind":        {`{"bindings":[]}`, "name is missing"},
		"a condition that is an object":    {`{"name":"a","attributeCondition":{}}`, "attributeCondition is not a string"},
		"a mapping that is a list":         {`{"name":"a","attributeMapping":[]}`, "attributeMapping is not an object"},
		"a mapping of numbers":             {`{"name":"a","attributeMapping":{"google.subject":1}}`, `not a string, of "google.subject"`},
		"an account that is a number":      {`{"name":"a","aws":{"accountId":123456789012}}`, "aws is not an object with the string accountId"},
		"aws that is a string":             {`{"name":"a","aws":"x"}`, "aws is not an object"},
		"disabled that is a string":        {`{"name":"a","disabled":"no"}`, "disabled is not true or false"},
		"more than a provider can be":      {`{"name":"` + strings.Repeat("a", 256<<10) + `"}`, "more than 262144 bytes"},
		"a provider nested without an end": {strings.Repeat(`{"name":`, 1000), "nested deeper"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := setup.Check([]byte(test.described), newPlan(t, nil))
			assert.ErrorContains(t, err, "the described provider: ")
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func TestWriteFindingsIsForPeople(t *testing.T) {
	var b strings.Builder
	require.NoError(t, setup.WriteFindings(&b, nil))
	assert.Contains(t, b.String(), "as it was planned")
	findings, err := setup.Check(describe(func(d map[string]any) { delete(d, "attributeCondition") }), newPlan(t, nil))
	require.NoError(t, err)
	b.Reset()
	require.NoError(t, setup.WriteFindings(&b, findings))
	assert.Regexp(t, regexp.MustCompile(`^too wide: attributeCondition\n  there is none, .*\n      gcloud iam .*\n$`), b.String())
	assert.ErrorIs(t, setup.WriteFindings(brokenWriter{}, nil), os.ErrClosed)
	assert.Equal(t, "Severity(9)", setup.Severity(9).String())
}

func FuzzCheck(f *testing.F) {
	f.Add(string(describe(nil)), "")
	f.Add(`{"name":"a\u001b[2K"}`, "\x00")
	for _, test := range conditions() {
		f.Add("", test.Condition)
	}
	for _, condition := range []string{"(", ")", "[(])", "((((", "x == \"\u00a0\ue000\"", "assertion.arn == \"\u00a0\"", `"`, `'''`, `"" ""`, "a.b.", ".", "a.b.c(", `in [""]`, `"x"==`, "||", "&&", "a||", `assertion.arn in [,]`, "{}"} {
		f.Add("", condition)
	}
	f.Fuzz(func(t *testing.T, described, condition string) {
		data := []byte(described)
		if described == "" {
			data = describe(func(d map[string]any) {
				d["attributeCondition"] = condition
				d["attributeMapping"].(map[string]string)["attribute.x"] = condition
			})
		}
		plan := newPlan(t, nil)
		findings, err := setup.Check(data, plan)
		if err != nil {
			assert.True(t, shell.Printable(strings.ReplaceAll(err.Error(), "\n", " ")), err.Error())
			return
		}
		for _, finding := range findings {
			assert.True(t, shell.Printable(finding.Text), finding.Text)
			assert.Less(t, len(finding.Text), 8<<10)
			for _, line := range finding.Paste {
				assert.True(t, shell.Printable(line), line)
			}
		}
	})
}
