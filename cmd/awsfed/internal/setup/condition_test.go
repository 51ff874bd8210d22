package setup_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
)

// A judgedCondition is one of the conditions whose severity is known. The tests of the module
// examples evaluate them by CEL, and hold what is said of them against that.
type judgedCondition struct {
	Condition string `json:"condition"`
	Severity  string `json:"severity"`
}

// conditions are for the role app of the account 123456789012 under Google's default mapping.
func conditions() []judgedCondition {
	const (
		fine     = "fine"
		unjudged = "not judged"
		missing  = "missing"
		wide     = "too wide"
		other    = "arn:aws:sts::123456789012:assumed-role/other"
	)
	return []judgedCondition{
		// as narrow as the plan's
		{roleCondition, fine},
		{`attribute.aws_role == "` + role + `"`, fine},
		{`attribute.aws_role=='` + role + `'`, fine},
		{`"` + role + `" == attribute.aws_role`, fine},
		{`(((attribute.aws_role == "` + role + `")))`, fine},
		{`(attribute.aws_role == "` + role + `") && (assertion.account == "123456789012")`, fine},
		{`assertion.arn.startsWith("` + role + `/")`, fine},
		{`google.subject.startsWith("` + role + `/")`, fine},
		{`attribute.aws_role in ["` + role + `"]`, fine},
		{`true && attribute.aws_role == "` + role + `"`, fine},
		{`false || attribute.aws_role == "` + role + `"`, fine},
		{`assertion.arn.contains("assumed-role") && attribute.aws_role == "` + role + `"`, fine},
		{"\tattribute.aws_role\n==\r\n \"" + role + `" `, fine},

		// others, by name
		{`attribute.aws_role == "` + role + `" || attribute.aws_role == "` + other + `"`, unjudged},
		{`attribute.aws_role in ["` + other + `", "` + role + `"]`, unjudged},
		{`assertion.account == "123456789012" && (attribute.aws_role == "` + other + `" || attribute.aws_role == "` + role + `")`, unjudged},
		{`attribute.aws_role == "` + role + `" || assertion.arn.startsWith("` + other + `/")`, unjudged},

		// what is not known
		{`attribute.aws_role.matches("` + role + `")`, unjudged},
		{`attribute["aws_role"] == "` + role + `"`, unjudged},
		{`attribute.aws_role == "` + role + `" && assertion.userid != "x"`, unjudged},
		{`attribute.aws_role == "` + role + `" || assertion.userid.size() > 3`, unjudged},
		{`attribute.aws_role == "` + role + `" ? true : true`, unjudged},
		{`attribute.aws_role == "` + other + `" && false ? true : true`, unjudged},
		{`!(attribute.aws_role == "` + other + `")`, unjudged},
		{`attribute.aws_role != "` + other + `"`, unjudged},
		{`attribute.aws_role == r"` + role + `"`, unjudged},
		{`attribute.aws_role == """` + role + `"""`, unjudged},
		{`attribute.aws_role == "arn:aws:sts::123456789012:assumed-role/\u0061pp"`, unjudged},
		{`attribute.aws_role == "arn:aws:sts::123456789012:assumed-role/" + "app"`, unjudged},
		{`assertion.arn == "` + role + `/session"`, unjudged},
		{`assertion.arn.startsWith("` + role + `/i-")`, unjudged},
		{`assertion.arn.endsWith("/session")`, unjudged},
		{`assertion.arn.contains("session")`, unjudged},
		{`["` + role + `"].exists(x, x == attribute.aws_role || true)`, unjudged},
		{"attribute.aws_role == \"" + role + "\" // || true", unjudged},
		{"true // && false\n&& false", unjudged},
		{`assertion.account == "123456789012" && assertion.userid != "x"`, unjudged},

		// not this identity
		{`attribute.aws_role == "` + other + `"`, missing},
		{`attribute.aws_role == "app"`, missing},
		{`assertion.arn == "` + role + `"`, missing},
		{`attribute.aws_role == "` + role + `/"`, missing},
		{`assertion.account == "210987654321"`, missing},
		{`assertion.account == "210987654321" && attribute.aws_role == "` + role + `"`, missing},
		{`assertion.arn.startsWith("arn:aws-cn:sts::123456789012:assumed-role/app/")`, missing},
		{`assertion.arn.startsWith("` + other + `/")`, missing},
		{`attribute.aws_role == "` + role + `" && attribute.aws_role == "` + other + `"`, missing},
		{`false`, missing},
		{`true && false`, missing},
		{`attribute.aws_role in ["` + other + `"]`, missing},
		{`assertion.account == "123456789012" && attribute.aws_role == "` + other + `"`, missing},
		{`attribute.aws_role.endsWith("/other")`, missing},

		// everybody of the account, or more than this role
		{``, wide},
		{` `, wide},
		{`true`, wide},
		{`(true)`, wide},
		{`assertion.account == "123456789012"`, wide},
		{`assertion.account in ["123456789012", "210987654321"]`, wide},
		{`assertion.arn.startsWith("arn:aws:sts::123456789012:assumed-role/")`, wide},
		{`assertion.arn.startsWith("arn:aws:sts::123456789012:assumed-role/app")`, wide},
		{`attribute.aws_role.startsWith("` + role + `")`, wide},
		{`attribute.aws_role.endsWith("/app")`, wide},
		{`assertion.arn.contains("assumed-role/app")`, wide},
		{`assertion.account.startsWith("1234")`, wide},
		{`attribute.aws_role == "` + role + `" || true`, wide},
		{`attribute.aws_role == "` + role + `" || assertion.account == "123456789012"`, wide},
		{`attribute.aws_role == "` + other + `" || assertion.account == "123456789012"`, wide},
		{`(attribute.aws_role == "` + other + `" || assertion.account == "123456789012" && true)`, wide},
		{`assertion.account == "123456789012" && assertion.arn.startsWith("arn:aws:sts::123456789012:assumed-role/")`, wide},
	}
}

func TestConditionsAreJudgedByTheirForm(t *testing.T) {
	plan := newPlan(t, nil)
	for _, test := range conditions() {
		t.Run(test.Condition, func(t *testing.T) {
			d := describe(func(d map[string]any) { d["attributeCondition"] = test.Condition })
			findings, err := setup.Check(d, plan)
			require.NoError(t, err)
			assert.Equal(t, test.Severity, setup.Worst(findings).String(), "%+v", findings)
			for _, finding := range findings {
				assert.Equal(t, "attributeCondition", finding.Field)
			}
		})
	}
	data, err := json.MarshalIndent(conditions(), "", "  ")
	require.NoError(t, err)
	golden(t, "conditions.json", string(data)+"\n")
}

func TestConditionsOfAUserAreJudgedByTheWholeARN(t *testing.T) {
	const user = "arn:aws:iam::123456789012:user/jane"
	plan := newPlan(t, func(w *setup.Wanted) { w.Identity.ARN = user })
	for condition, want := range map[string]setup.Severity{
		plan.Condition():                           setup.Fine,
		`assertion.arn == "` + user + `"`:          setup.Fine,
		`google.subject == "` + user + `"`:         setup.Fine,
		`assertion.arn.startsWith("` + user + `")`: setup.TooWide, // janet
		`assertion.arn.endsWith("/jane")`:          setup.TooWide,
		`assertion.arn == "` + user + `t"`:         setup.Missing,
	} {
		findings, err := setup.Check(describe(func(d map[string]any) { d["attributeCondition"] = condition }), plan)
		require.NoError(t, err)
		assert.Equal(t, want, setup.Worst(findings), condition)
	}
}

func TestConditionsAreReadUnderTheMapping(t *testing.T) {
	for name, test := range map[string]struct {
		mapping   map[string]string
		condition string
		want      setup.Severity // of the condition's findings alone
	}{
		"the bare name of the role":       {map[string]string{"google.subject": "assertion.arn", "attribute.aws_role": "assertion.arn.extract('assumed-role/{role_name}/')"}, `attribute.aws_role == "app"`, setup.Fine},
		"the ARN where that is bound":     {map[string]string{"google.subject": "assertion.arn", "attribute.aws_role": "assertion.arn.extract('assumed-role/{role_name}/')"}, `attribute.aws_role == "` + role + `"`, setup.Missing},
		"a role that is not known":        {map[string]string{"google.subject": "assertion.arn", "attribute.aws_role": "'x' + assertion.arn"}, `attribute.aws_role == "` + role + `"`, setup.Unjudged},
		"another name for the account":    {map[string]string{"google.subject": "assertion.arn", "attribute.aws_role": strings.SplitN(defaultMapping, "aws_role=", 2)[1], "attribute.account": "assertion.account"}, `attribute.account == "123456789012"`, setup.TooWide},
		"a subject that is not known":     {map[string]string{"google.subject": "assertion.userid", "attribute.aws_role": strings.SplitN(defaultMapping, "aws_role=", 2)[1]}, `google.subject == "x"`, setup.Unjudged},
		"an attribute that is not mapped": {map[string]string{"google.subject": "assertion.arn", "attribute.aws_role": strings.SplitN(defaultMapping, "aws_role=", 2)[1]}, `attribute.team == "x"`, setup.Unjudged},
	} {
		t.Run(name, func(t *testing.T) {
			findings, err := setup.Check(describe(func(d map[string]any) { d["attributeMapping"], d["attributeCondition"] = test.mapping, test.condition }), newPlan(t, nil))
			require.NoError(t, err)
			var ofCondition []setup.Finding
			for _, finding := range findings {
				if finding.Field == "attributeCondition" {
					ofCondition = append(ofCondition, finding)
				}
			}
			assert.Equal(t, test.want, setup.Worst(ofCondition), "%+v", findings)
		})
	}
}
