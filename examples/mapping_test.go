package examples_test

import (
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// defaultMapping is the text of Google's default mapping for AWS, as the IAM API
// reference has it (workloadIdentityPools.providers, attributeMapping).
var defaultMapping = map[string]string{
	"google.subject": "assertion.arn",
	"attribute.aws_role": "assertion.arn.contains('assumed-role')" +
		" ? assertion.arn.extract('{account_arn}assumed-role/')" +
		" + 'assumed-role/'" +
		" + assertion.arn.extract('assumed-role/{role_name}/')" +
		" : assertion.arn",
}

// documentedMapping is the text of the example in Google's guide to federation with
// AWS, with the google.subject that every mapping must have.
var documentedMapping = map[string]string{
	"google.subject":             "assertion.arn",
	"attribute.account":          "assertion.account",
	"attribute.aws_role":         "assertion.arn.extract('assumed-role/{role_name}/')",
	"attribute.aws_ec2_instance": "assertion.arn.extract('assumed-role/{role_and_session}').extract('/{session}')",
}

// identities are callers of every kind that GetCallerIdentity knows, and some that
// tempt a mapping.
var identities = []principal.Identity{
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", UserID: "AROAEXAMPLEEXAMPLEEXA:i-0123456789abcdef0"},
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane@example.com"},
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/assumed-role/assumed-role"},
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/my-assumed-role/session"},
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/a+b=c,d.e@f-g_h/x+=,.@-_"},
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:federated-user/jane"},
	{Account: "123456789012", ARN: "arn:aws:iam::123456789012:root", UserID: "123456789012"},
	{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/jane", UserID: "AIDAEXAMPLEEXAMPLEEXA"},
	{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/division/assumed-role/team/jane"},
	{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/assumed-role"},
	{Account: "111122223333", ARN: "arn:aws-us-gov:sts::111122223333:assumed-role/app/session"},
	{Account: "111122223333", ARN: "arn:aws-cn:sts::111122223333:assumed-role/app/session"},
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/no-session"},
	{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role//"},
	{},
}

func TestPrincipalMapsAsCELDoes(t *testing.T) {
	for name, m := range map[string]struct {
		text map[string]string
		code principal.Mapping
	}{
		"Google's default":               {defaultMapping, principal.DefaultMapping},
		"the example in Google's guides": {documentedMapping, principal.DocumentedMapping},
	} {
		mapping := celMapping(t, regexpExtract, m.text)
		for _, id := range identities {
			t.Run(name+" for "+id.ARN, func(t *testing.T) {
				want, err := mapping(id)
				require.NoError(t, err)
				got, err := m.code(id)
				require.NoError(t, err)
				assert.Equal(t, want, got)
			})
		}
	}
}

func FuzzPrincipalMapsAsCELDoes(f *testing.F) {
	for _, id := range identities {
		f.Add(id.Account, id.ARN)
	}
	defaults, documented := celMapping(f, regexpExtract, defaultMapping), celMapping(f, regexpExtract, documentedMapping)
	f.Fuzz(func(t *testing.T, account, arn string) {
		if !utf8.ValidString(account + arn) {
			t.Skip("CEL's strings are UTF-8")
		}
		id := principal.Identity{Account: account, ARN: arn}
		for _, m := range []struct{ text, code principal.Mapping }{
			{defaults, principal.DefaultMapping},
			{documented, principal.DocumentedMapping},
		} {
			want, err := m.text(id)
			require.NoError(t, err)
			got, err := m.code(id)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	})
}

func TestEmulatorTakesACELEngineForMappingAndCondition(t *testing.T) {
	teams := map[string]string{
		"google.subject":   "assertion.arn.extract('assumed-role/{role_and_session}').split('/').join('.')",
		"google.groups":    "assertion.account == '123456789012' ? ['ours', 'everyone'] : ['everyone']",
		"attribute.region": "'earth'",
	}
	for name, c := range map[string]struct {
		mapping   map[string]string
		condition string
		want      string // the subject
	}{
		"default mapping": {
			defaultMapping, "true", "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0",
		},
		"condition of Google's guides": {
			documentedMapping, "assertion.arn.startsWith('arn:aws:sts::123456789012:assumed-role/')",
			"arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0",
		},
		"condition on a mapped attribute": {
			documentedMapping, "attribute.aws_role == 'app' && google.subject != ''",
			"arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0",
		},
		"mapping of one's own": {
			teams, "'ours' in google.groups && attribute.region == 'earth'", "app.i-0123456789abcdef0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{Mapping: celMapping(t, principal.Extract, c.mapping), Condition: celCondition(t, c.condition)})
			cfg := cloud.Config()
			cfg.ServiceAccount = ""
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			token, err := ts.TokenContext(t.Context())
			require.NoError(t, err)
			access, err := cloud.Check(token.AccessToken)
			require.NoError(t, err)
			assert.Equal(t, cloud.Provider().Subject(c.want), access.Principal)
		})
	}
}

func TestConditionInCELKeepsOthersOut(t *testing.T) {
	for condition, code := range map[string]string{
		"assertion.arn.startsWith('arn:aws:sts::999999999999:')": "unauthorized_client",
		"attribute.aws_role == 'another'":                        "unauthorized_client",
		"attribute.no_such_attribute == 'x'":                     "", // an error of the engine; Google's code for it is not known
	} {
		t.Run(condition, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{Mapping: celMapping(t, principal.Extract, documentedMapping), Condition: celCondition(t, condition)})
			cfg := cloud.Config()
			cfg.Logger = slog.New(slog.DiscardHandler)
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			_, err = ts.TokenContext(t.Context())
			var refused *awsfed.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, awsfed.StageExchange, refused.Stage)
			if code != "" {
				assert.Equal(t, code, refused.Code)
			}
			assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
		})
	}
}

// What hints offer to be pasted is CEL, and means what it should.
func TestHintsOfferCELThatLetsThisCallerInAlone(t *testing.T) {
	for name, caller := range map[string]principal.Identity{
		"a role":         {Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/app/session"},
		"a user":         {Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/a'b\"c\\d$(e)`f`;/jane"},
		"a user of Asia": {Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/日本"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{
				Mapping:   func(principal.Identity) (principal.Attributes, error) { return principal.DefaultMapping(caller) },
				Condition: func(principal.Identity, principal.Attributes) (bool, error) { return false, nil },
			})
			clause := offered(t, cloud, func(principal.Identity) (principal.Attributes, error) { return principal.DefaultMapping(caller) },
				`(?m)^  (attribute\..*)$`)
			condition := celCondition(t, "false || "+clause)
			for _, id := range append(identities, caller) {
				attributes, err := principal.DefaultMapping(id)
				require.NoError(t, err)
				admitted, err := condition(id, attributes)
				require.NoError(t, err)
				role, err := principal.DefaultMapping(caller)
				require.NoError(t, err)
				assert.Equal(t, attributes.Custom["aws_role"] == role.Custom["aws_role"], admitted, id.ARN)
			}
		})
	}
	long := awsfedtest.New(awsfedtest.Options{Mapping: func(principal.Identity) (principal.Attributes, error) {
		return principal.Attributes{Subject: strings.Repeat("s", 128)}, nil
	}})
	text := offered(t, long, principal.DefaultMapping, `--attribute-mapping='(.*)'`)
	expressions := make(map[string]string)
	for _, pair := range strings.Split(text, ",") {
		attribute, expression, ok := strings.Cut(pair, "=")
		require.True(t, ok, pair)
		expressions[attribute] = expression
	}
	attributes, err := celMapping(t, regexpExtract, expressions)(identities[0])
	require.NoError(t, err)
	want, err := principal.DefaultMapping(identities[0])
	require.NoError(t, err)
	assert.Equal(t, identities[0].UserID, attributes.Subject)
	assert.Equal(t, want.Custom, attributes.Custom)
}

// offered is what the hint of a failed exchange has where the pattern's group is.
func offered(t *testing.T, cloud *awsfedtest.Cloud, mapping principal.Mapping, pattern string) string {
	t.Helper()
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	report, err := awsfed.Diagnose(t.Context(), cfg, &awsfed.DiagnoseOptions{Mapping: mapping})
	require.NoError(t, err)
	for _, step := range report.Steps {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(step.Hint); found != nil {
			return found[1]
		}
	}
	require.Fail(t, "no hint offers it", "%s in\n%s", pattern, report)
	return ""
}

// celMapping compiles an attribute mapping as gcloud's --attribute-mapping has it.
func celMapping(tb testing.TB, extract extractor, expressions map[string]string) principal.Mapping {
	tb.Helper()
	env := celEnv(tb, extract, cel.Variable("assertion", cel.MapType(cel.StringType, cel.StringType)))
	programs := make(map[string]cel.Program)
	for attribute, expression := range expressions {
		programs[attribute] = compile(tb, env, expression)
	}
	return func(id principal.Identity) (principal.Attributes, error) {
		attributes := principal.Attributes{Custom: make(map[string]string)}
		for _, attribute := range slices.Sorted(maps.Keys(programs)) {
			value, _, err := programs[attribute].Eval(map[string]any{"assertion": assertion(id)})
			if err != nil {
				return principal.Attributes{}, fmt.Errorf("%s: %w", attribute, err)
			}
			if err := set(&attributes, attribute, value); err != nil {
				return principal.Attributes{}, fmt.Errorf("%s: %w", attribute, err)
			}
		}
		return attributes, nil
	}
}

// set puts one result of a mapping in its place.
func set(attributes *principal.Attributes, attribute string, value ref.Val) error {
	if attribute == "google.groups" {
		groups, err := value.ConvertToNative(reflect.TypeFor[[]string]())
		if err != nil {
			return err
		}
		attributes.Groups = groups.([]string)
		return nil
	}
	s, ok := value.Value().(string)
	if !ok {
		return fmt.Errorf("a %s is no string", value.Type().TypeName())
	}
	if name, custom := strings.CutPrefix(attribute, "attribute."); custom {
		attributes.Custom[name] = s
	} else {
		attributes.Subject = s
	}
	return nil
}

// celCondition compiles an attribute condition as gcloud's --attribute-condition has
// it.
func celCondition(tb testing.TB, expression string) principal.Condition {
	tb.Helper()
	program := compile(tb, celEnv(tb, principal.Extract,
		cel.Variable("assertion", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("google", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("attribute", cel.MapType(cel.StringType, cel.StringType)),
	), expression)
	return func(id principal.Identity, attributes principal.Attributes) (bool, error) {
		value, _, err := program.Eval(map[string]any{
			"assertion": assertion(id),
			"google":    map[string]any{"subject": attributes.Subject, "groups": attributes.Groups},
			"attribute": attributes.Custom,
		})
		if err != nil {
			return false, err
		}
		admitted, ok := value.Value().(bool)
		if !ok {
			return false, fmt.Errorf("a %s is no bool", value.Type().TypeName())
		}
		return admitted, nil
	}
}

func assertion(id principal.Identity) map[string]string {
	return map[string]string{"account": id.Account, "arn": id.ARN, "userid": id.UserID}
}

// An extractor is what the function extract of Google's CEL does. cel-go has none.
type extractor func(s, template string) (string, error)

// regexpExtract is a second opinion on [principal.Extract], made from the same
// documentation in another way.
func regexpExtract(s, template string) (string, error) {
	parts := regexp.MustCompile(`^([^{]*){\w+}(.*)$`).FindStringSubmatch(template)
	if parts == nil {
		return "", fmt.Errorf("extract template %q", template)
	}
	value := `(.*?)`
	if parts[2] == "" {
		value = `(.*)`
	}
	found := regexp.MustCompile(`(?s)` + regexp.QuoteMeta(parts[1]) + value + regexp.QuoteMeta(parts[2])).FindStringSubmatch(s)
	if found == nil {
		return "", nil
	}
	return found[1], nil
}

// celEnv has what Google documents for mappings and conditions: CEL's standard
// functions, split and join of cel-go's strings, and extract.
func celEnv(tb testing.TB, extract extractor, variables ...cel.EnvOption) *cel.Env {
	tb.Helper()
	function := cel.Function("extract", cel.MemberOverload("string_extract_string",
		[]*cel.Type{cel.StringType, cel.StringType}, cel.StringType,
		cel.BinaryBinding(func(s, template ref.Val) ref.Val {
			value, err := extract(string(s.(types.String)), string(template.(types.String)))
			if err != nil {
				return types.WrapErr(err)
			}
			return types.String(value)
		})))
	env, err := cel.NewEnv(append(variables, ext.Strings(), function)...)
	require.NoError(tb, err)
	return env
}

func compile(tb testing.TB, env *cel.Env, expression string) cel.Program {
	tb.Helper()
	checked, issues := env.Compile(expression)
	require.NoError(tb, issues.Err(), expression)
	program, err := env.Program(checked)
	require.NoError(tb, err)
	return program
}
