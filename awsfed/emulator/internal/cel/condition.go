package cel

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// maxCondition is the longest condition, in characters (reference of IAM v1,
// workloadIdentityPools.providers).
const maxCondition = 4096

// Condition is an attribute condition.
type Condition struct{ program cel.Program }

// NewCondition compiles a condition.
func NewCondition(assertion Assertion, expression string) (Condition, error) {
	env, err := environment(
		assertion.variable(),
		cel.Variable("google", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("attribute", cel.MapType(cel.StringType, cel.StringType)),
	)
	if err != nil {
		return Condition{}, err
	}
	program, err := compile(env, expression, maxCondition, cel.BoolType)
	return Condition{program}, err
}

// AdmitIdentity judges an AWS identity. It is a [principal.Condition].
func (c Condition) AdmitIdentity(id principal.Identity, attributes principal.Attributes) (bool, error) {
	return c.evaluate(assertionOf(id), attributes)
}

// AdmitClaims judges the claims of a token.
func (c Condition) AdmitClaims(claims map[string]any, attributes principal.Attributes) (bool, error) {
	return c.evaluate(claims, attributes)
}

func (c Condition) evaluate(assertion any, attributes principal.Attributes) (bool, error) {
	google := map[string]any{"subject": attributes.Subject}
	if attributes.Groups != nil {
		google["groups"] = attributes.Groups
	}
	value, _, err := c.program.Eval(map[string]any{"assertion": assertion, "google": google, "attribute": attributes.Custom})
	if err != nil {
		return false, failed(err)
	}
	admitted, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("a %s is not a bool", value.Type().TypeName())
	}
	return bool(admitted), nil
}
