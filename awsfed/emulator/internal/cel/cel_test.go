package cel_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/cel"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	arn    = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
	object = "projects/_/buckets/acme-orders-aaa/objects/data_lake/orders/order_date=2019-11-03/aef87g87ae0876"
)

// mapped evaluates a mapping of claims that must be good.
func mapped(t *testing.T, expressions, claims map[string]string) (principal.Attributes, error) {
	t.Helper()
	mapping, faults := cel.NewMapping(cel.OIDCAssertion, expressions)
	require.Empty(t, faults)
	values := make(map[string]any)
	for name, value := range claims {
		values[name] = value
	}
	return mapping.MapClaims(values)
}

// The vectors of Google's documentation (attribute reference for IAM conditions).
func TestExtractIsGoogles(t *testing.T) {
	for template, want := range map[string]string{
		"/order_date={date}/":                          "2019-11-03",
		"buckets/{name}/":                              "acme-orders-aaa",
		"/orders/{empty}order_date":                    "",
		"{start}/objects/data_lake":                    "projects/_/buckets/acme-orders-aaa",
		"orders/{end}":                                 "order_date=2019-11-03/aef87g87ae0876",
		"{all}":                                        object,
		"/orders/{none}/order_date=":                   "",
		"/orders/order_date=2019-11-03/{id}/data_lake": "",
	} {
		t.Run(template, func(t *testing.T) {
			got, err := mapped(t, map[string]string{
				"google.subject":   "'s'",
				"attribute.result": fmt.Sprintf("assertion.sub.extract('%s')", template),
			}, map[string]string{"sub": object})
			require.NoError(t, err)
			assert.Equal(t, want, got.Custom["result"])
		})
	}
}

func TestMappingsOfGooglesGuidesYieldWhatTheirFunctionsDo(t *testing.T) {
	for name, c := range map[string]struct {
		expressions map[string]string
		want        principal.Mapping
	}{
		"the default": {map[string]string{
			"google.subject":     "assertion.arn",
			"attribute.aws_role": "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn",
		}, principal.DefaultMapping},
		"the documented one": {map[string]string{
			"google.subject":             "assertion.arn",
			"attribute.account":          "assertion.account",
			"attribute.aws_role":         "assertion.arn.extract('assumed-role/{role_name}/')",
			"attribute.aws_ec2_instance": "assertion.arn.extract('assumed-role/{role_and_session}').extract('/{session}')",
		}, principal.DocumentedMapping},
	} {
		t.Run(name, func(t *testing.T) {
			mapping, faults := cel.NewMapping(cel.AWSAssertion, c.expressions)
			require.Empty(t, faults)
			id := principal.Identity{Account: "123456789012", ARN: arn, UserID: "AROAEXAMPLEEXAMPLEEXA:i-0123456789abcdef0"}
			want, err := c.want(id)
			require.NoError(t, err)
			got, err := mapping.MapIdentity(id)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestMappingCanUseGroupsAndTheStringsExtension(t *testing.T) {
	got, err := mapped(t, map[string]string{
		"google.subject":  "assertion.email.lowerAscii()",
		"google.groups":   "assertion.roles.split(',')",
		"attribute.roles": "assertion.roles.split(',').join('+')",
	}, map[string]string{"email": "Jane@example.com", "roles": "a,b"})
	require.NoError(t, err)
	assert.Equal(t, principal.Attributes{Subject: "jane@example.com", Groups: []string{"a", "b"}, Custom: map[string]string{"roles": "a+b"}}, got)
}

func TestMappingIsRefusedAsGoogleRefusesIt(t *testing.T) {
	long := func(n int) string { return "'" + strings.Repeat("ä", n-2) + "'" }
	many := map[string]string{"google.subject": "assertion.arn"}
	for i := range 51 {
		many[fmt.Sprintf("attribute.a%d", i)] = "'x'"
	}
	with := func(attribute, expression string) map[string]string {
		return map[string]string{"google.subject": "assertion.arn", attribute: expression}
	}
	for name, c := range map[string]struct {
		expressions map[string]string
		attribute   string
		want        string
	}{
		"no google.subject":             {map[string]string{"attribute.a": "'x'"}, "", "google.subject is missing"},
		"a syntax error":                {with("attribute.a", "assertion."), "attribute.a", "Syntax error"},
		"no expression":                 {with("attribute.a", ""), "attribute.a", "Syntax error"},
		"an unknown keyword":            {with("attribute.a", "attribute.b"), "attribute.a", "undeclared reference to 'attribute'"},
		"an unknown function":           {with("attribute.a", "assertion.arn.chop()"), "attribute.a", "undeclared reference to 'chop'"},
		"a bool":                        {with("attribute.a", "assertion.arn == ''"), "attribute.a", "yields bool, not string"},
		"a list for a string":           {with("attribute.a", "[]"), "attribute.a", "not string"},
		"a string for groups":           {with("google.groups", "'a'"), "google.groups", "yields string, not list(string)"},
		"numbers for groups":            {with("google.groups", "[1]"), "google.groups", "yields list(int), not list(string)"},
		"another attribute of Google's": {with("google.display_name", "'a'"), "google.display_name", "google.groups or attribute.NAME"},
		"a name in upper case":          {with("attribute.A", "'a'"), "attribute.A", "a-z, 0-9 and _"},
		"a name that is too long":       {with("attribute."+strings.Repeat("a", 101), "'a'"), "attribute." + strings.Repeat("a", 101), "1 to 100"},
		"an expression of 2049":         {with("attribute.a", long(2049)), "attribute.a", "2049 characters, more than 2048"},
		"51 custom attributes":          {many, "", "51 custom attributes, more than 50"},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := cel.NewMapping(cel.AWSAssertion, c.expressions)
			require.Len(t, faults, 1)
			assert.Equal(t, c.attribute, faults[0].Attribute)
			assert.ErrorContains(t, faults[0], c.want)
		})
	}
	_, faults := cel.NewMapping(cel.AWSAssertion, with("attribute.a", long(2048)))
	assert.Empty(t, faults, "2048 characters are allowed, whatever their bytes")
}

func TestMappingFailsWhereTheAssertionDoesNotFit(t *testing.T) {
	for name, expressions := range map[string]map[string]string{
		"a claim that is not there":   {"google.subject": "assertion.email"},
		"a claim of another type":     {"google.subject": "assertion.number"},
		"groups that are none":        {"google.subject": "'s'", "google.groups": "assertion.number"},
		"a template without its name": {"google.subject": "'s'.extract('x')"},
	} {
		t.Run(name, func(t *testing.T) {
			mapping, faults := cel.NewMapping(cel.OIDCAssertion, expressions)
			require.Empty(t, faults)
			_, err := mapping.MapClaims(map[string]any{"number": 1.5})
			require.Error(t, err)
		})
	}
}

func TestEvaluationHasALimit(t *testing.T) {
	text := "'" + strings.Repeat("a", 500) + "'"
	for name, expression := range map[string]string{
		"loops within loops": "string([1,2,3,4,5,6,7,8,9].map(a, [1,2,3,4,5,6,7,8,9].map(b, [1,2,3,4,5,6,7,8,9].map(c, [1,2,3,4,5,6,7,8,9].map(d, [1,2,3,4,5,6,7,8,9].map(e, [1,2,3,4,5,6,7,8,9].map(f, 1)))))).size())",
		"texts that grow":    "assertion.sub" + strings.Repeat(".replace('a', "+text+")", 3),
		"lists that grow":    "assertion.sub" + strings.Repeat(".split('').join("+text+")", 3),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mapped(t, map[string]string{"google.subject": expression}, map[string]string{"sub": "aaaaa"})
			require.ErrorContains(t, err, "takes too long")
		})
	}
}

func TestEvaluationHasRoomForHundredsOfGroups(t *testing.T) {
	groups := make([]any, 500)
	for i := range groups {
		groups[i] = fmt.Sprintf("%036d", i)
	}
	mapping, faults := cel.NewMapping(cel.OIDCAssertion, map[string]string{
		"google.subject": "'s'",
		"google.groups":  "assertion.groups.filter(g, g.startsWith('0') && g.endsWith('7')).map(g, g.extract('00{rest}').lowerAscii())",
	})
	require.Empty(t, faults)
	got, err := mapping.MapClaims(map[string]any{"groups": groups})
	require.NoError(t, err)
	assert.Len(t, got.Groups, 50)
}

func TestConditionJudgesAssertionAndAttributes(t *testing.T) {
	id := principal.Identity{Account: "123456789012", ARN: arn, UserID: "AROA:i"}
	attributes := principal.Attributes{Subject: "s", Groups: []string{"g"}, Custom: map[string]string{"aws_role": "app"}}
	for expression, want := range map[string]bool{
		"assertion.arn.startsWith('arn:aws:sts::123456789012:assumed-role/')": true,
		"assertion.account == '999999999999'":                                 false,
		"assertion.userid.endsWith(':i')":                                     true,
		"attribute.aws_role == 'app' && google.subject == 's'":                true,
		"'g' in google.groups":                                                true,
		"attribute.aws_role in ['batch']":                                     false,
	} {
		t.Run(expression, func(t *testing.T) {
			condition, err := cel.NewCondition(cel.AWSAssertion, expression)
			require.NoError(t, err)
			got, err := condition.AdmitIdentity(id, attributes)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestConditionIsRefusedOrFails(t *testing.T) {
	for expression, want := range map[string]string{
		"'true'":                   "yields string, not bool",
		"assertion.arn = 'x'":      "Syntax error",
		"subject == 'x'":           "undeclared reference",
		strings.Repeat(" ", 4097):  "4097 characters, more than 4096",
		"google.subject.a.b == [}": "Syntax error",
	} {
		_, err := cel.NewCondition(cel.AWSAssertion, expression)
		assert.ErrorContains(t, err, want)
	}
	for _, expression := range []string{"attribute.none == 'x'", "assertion.none", "'g' in google.groups"} {
		condition, err := cel.NewCondition(cel.OIDCAssertion, expression)
		require.NoError(t, err)
		admitted, err := condition.AdmitClaims(map[string]any{}, principal.Attributes{})
		assert.Error(t, err, expression)
		assert.False(t, admitted)
	}
}
