package cel

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// maxCost bounds what one evaluation may take, in cel-go's units. It is the emulator's own: some
// hundred groups can be filtered for it, and no text of more than some 10 KB be made.
const maxCost = 100_000

// Assertion says what the keyword assertion stands for.
type Assertion int

// The kinds of assertions.
const (
	AWSAssertion  Assertion = iota // account, arn and userid
	OIDCAssertion                  // the claims of a token
)

// variable is the keyword assertion with its type.
func (a Assertion) variable() cel.EnvOption {
	if a == AWSAssertion {
		return cel.Variable("assertion", cel.MapType(cel.StringType, cel.StringType))
	}
	return cel.Variable("assertion", cel.MapType(cel.StringType, cel.DynType))
}

// environment is what expressions with these variables are compiled in.
func environment(variables ...cel.EnvOption) (*cel.Env, error) {
	extract := cel.Function("extract", cel.MemberOverload("string_extract_string",
		[]*cel.Type{cel.StringType, cel.StringType}, cel.StringType, cel.BinaryBinding(extract)))
	return cel.NewEnv(append(variables, ext.Strings(), extract)...)
}

// extract is Google's function of that name.
func extract(s, template ref.Val) ref.Val {
	value, err := principal.Extract(string(s.(types.String)), string(template.(types.String)))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.String(value)
}

// compile compiles an expression of at most limit characters that yields a value of the wanted
// type.
func compile(env *cel.Env, expression string, limit int, want *cel.Type) (cel.Program, error) {
	if n := utf8.RuneCountInString(expression); n > limit {
		return nil, fmt.Errorf("the expression has %d characters, more than %d", n, limit)
	}
	checked, issues := env.Compile(expression)
	if err := issues.Err(); err != nil {
		return nil, err
	}
	if !fits(checked.OutputType(), want) {
		return nil, fmt.Errorf("the expression yields %s, not %s", checked.OutputType(), want)
	}
	return env.Program(checked, cel.CostTracking(growth{}), cel.CostLimit(maxCost))
}

// fits reports whether a value of type t may be what is wanted, which for some types its evaluation
// alone can tell.
func fits(t, want *cel.Type) bool {
	switch t.Kind() {
	case types.DynKind, types.AnyKind, types.TypeParamKind:
		return true
	case types.ListKind:
		return want.Kind() == types.ListKind && fits(t.Parameters()[0], want.Parameters()[0])
	}
	return t.IsExactType(want)
}

// growth counts what extensions make of texts, which cel-go takes for free.
type growth struct{}

// CallCost implements [interpreter.ActualCostEstimator].
func (growth) CallCost(_, overload string, args []ref.Val, result ref.Val) *uint64 {
	if !slices.ContainsFunc([]string{"extract", "split", "join", "replace", "format", "quote", "lower_ascii", "upper_ascii"}, func(name string) bool {
		return strings.Contains(overload, name)
	}) {
		return nil
	}
	cost := size(result)
	for _, arg := range args {
		cost += size(arg)
	}
	return &cost
}

// size is what a value counts for.
func size(v ref.Val) uint64 {
	const weight = 10 // so that no product of two texts, which is made before it counts, is large
	if sized, ok := v.(traits.Sizer); ok {
		if n, ok := sized.Size().(types.Int); ok && n >= 0 && n < math.MaxInt32 {
			return weight * uint64(n)
		}
	}
	return weight
}

// failed makes an error of what an evaluation returned.
func failed(err error) error {
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "actual cost limit exceeded") {
		return errors.New("the expression takes too long")
	}
	return err
}
