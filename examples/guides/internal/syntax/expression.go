package syntax

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Google's limits (IAM API reference, workloadIdentityPools.providers), in characters.
const (
	maxCondition = 4096
	maxMapping   = 2048
)

// DefaultMapping has the attributes of Google's default mapping for AWS.
func DefaultMapping() map[string]string {
	return map[string]string{"google.subject": "assertion.arn", "attribute.aws_role": ""}
}

// Condition reads the attribute condition of a provider with this mapping, which is nil where it is
// not known. It has to compile to a bool, and an attribute that it names has to be mapped. For AWS
// an assertion has an account, an arn and a userid.
func Condition(condition string, mapping map[string]string, aws bool) error {
	checked, err := compile(condition, maxCondition, aws)
	if err != nil {
		return err
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) && t.Kind() != types.DynKind {
		return fmt.Errorf("the condition %s yields %s, not a bool", condition, t)
	}
	for _, name := range regexp.MustCompile(`\b(attribute|google)\.[a-z0-9_]+`).FindAllString(withoutStrings(condition), -1) {
		if _, ok := mapping[name]; !ok && mapping != nil {
			return fmt.Errorf("the condition %s names %s, which nothing is mapped to", condition, name)
		}
	}
	return nil
}

// Mapping reads an attribute mapping.
func Mapping(mapping map[string]string, aws bool) error {
	var faults []error
	if mapping["google.subject"] == "" {
		faults = append(faults, errors.New("the mapping has no google.subject"))
	}
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		if !regexp.MustCompile(`^(google\.(subject|groups)|attribute\.[a-z0-9_]{1,100})$`).MatchString(name) {
			faults = append(faults, fmt.Errorf("nothing can be mapped to %q", name))
		}
		checked, err := compile(mapping[name], maxMapping, aws)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		want := cel.StringType
		if name == "google.groups" {
			want = cel.ListType(cel.StringType)
		}
		if t := checked.OutputType(); !t.IsExactType(want) && t.Kind() != types.DynKind {
			faults = append(faults, fmt.Errorf("the mapping of %s yields %s, not %s", name, t, want))
		}
	}
	return errors.Join(faults...)
}

// BindingCondition reads the condition of a binding in an IAM policy.
func BindingCondition(expression string) error {
	env, err := cel.NewEnv(
		cel.Variable("request", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("resource", cel.MapType(cel.StringType, cel.DynType)), extractFunction())
	if err != nil {
		return err
	}
	checked, issues := env.Compile(expression)
	if err := issues.Err(); err != nil {
		return err
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) && t.Kind() != types.DynKind {
		return fmt.Errorf("the condition %s yields %s, not a bool", expression, t)
	}
	return nil
}

func compile(expression string, limit int, aws bool) (*cel.Ast, error) {
	if n := utf8.RuneCountInString(expression); n > limit {
		return nil, fmt.Errorf("the expression %s has %d characters, more than %d", expression, n, limit)
	}
	claims := cel.MapType(cel.StringType, cel.DynType)
	if aws {
		claims = cel.MapType(cel.StringType, cel.StringType)
		for _, name := range regexp.MustCompile(`\bassertion\.([A-Za-z0-9_]+)`).FindAllStringSubmatch(withoutStrings(expression), -1) {
			if !slices.Contains([]string{"account", "arn", "userid"}, name[1]) {
				return nil, fmt.Errorf("the expression %s: an assertion of AWS has no %s", expression, name[1])
			}
		}
	}
	env, err := cel.NewEnv(cel.Variable("assertion", claims), cel.Variable("google", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("attribute", cel.MapType(cel.StringType, cel.StringType)), ext.Strings(), extractFunction())
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(expression)
	return checked, issues.Err()
}

// extractFunction is Google's extension of CEL.
func extractFunction() cel.EnvOption {
	return cel.Function("extract", cel.MemberOverload("string_extract_string",
		[]*cel.Type{cel.StringType, cel.StringType}, cel.StringType, cel.BinaryBinding(func(s, template ref.Val) ref.Val {
			value, err := principal.Extract(string(s.(types.String)), string(template.(types.String)))
			if err != nil {
				return types.WrapErr(err)
			}
			return types.String(value)
		})))
}

// withoutStrings empties the literals of an expression.
func withoutStrings(expression string) string {
	return regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`).ReplaceAllString(expression, `""`)
}

// ParseMapping reads a mapping as gcloud has it: NAME=EXPRESSION, parted by commas, or by another
// character, as in ^:^NAME=EXPRESSION:NAME=EXPRESSION.
func ParseMapping(text string) (map[string]string, error) {
	separator := ","
	if strings.HasPrefix(text, "^") {
		parts := strings.SplitN(text, "^", 3)
		if len(parts) != 3 || parts[1] == "" {
			return nil, fmt.Errorf("the mapping %q: want ^SEPARATOR^ in front", text)
		}
		separator, text = parts[1], parts[2]
	}
	mapping := make(map[string]string)
	for part := range strings.SplitSeq(text, separator) {
		name, expression, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("%q of the mapping %q is not NAME=EXPRESSION", part, text)
		}
		if _, ok := mapping[name]; ok {
			return nil, fmt.Errorf("the mapping %q has %s twice", text, name)
		}
		mapping[name] = expression
	}
	return mapping, nil
}
