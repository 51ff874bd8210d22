package cel

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Google's limits on mappings (reference of IAM v1, workloadIdentityPools.providers).
const (
	maxMapping    = 2048 // characters of an expression
	maxAttributes = 50   // custom ones
	maxName       = 100  // characters of a custom attribute's
)

// Mapping is an attribute mapping.
type Mapping struct {
	programs map[string]cel.Program // by google.subject, google.groups and attribute.NAME
}

// AttributeError is what is wrong with one attribute of a mapping.
type AttributeError struct {
	Attribute string // as the mapping has it; "" for the mapping as a whole
	Err       error
}

// Error is the attribute and what is wrong with it.
func (e AttributeError) Error() string { return e.Attribute + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the attribute.
func (e AttributeError) Unwrap() error { return e.Err }

// NewMapping compiles a mapping: an expression for each of google.subject, google.groups and
// attribute.NAME. It returns everything that is wrong, sorted by attribute.
func NewMapping(assertion Assertion, expressions map[string]string) (Mapping, []AttributeError) {
	env, err := environment(assertion.variable())
	if err != nil {
		return Mapping{}, []AttributeError{{"", err}}
	}
	m := Mapping{programs: make(map[string]cel.Program)}
	var faults []AttributeError
	custom := 0
	for _, attribute := range slices.Sorted(maps.Keys(expressions)) {
		if err := m.add(env, attribute, expressions[attribute]); err != nil {
			faults = append(faults, AttributeError{attribute, err})
		}
		if strings.HasPrefix(attribute, "attribute.") {
			custom++
		}
	}
	if custom > maxAttributes {
		faults = append(faults, AttributeError{"", fmt.Errorf("%d custom attributes, more than %d", custom, maxAttributes)})
	}
	if _, found := expressions["google.subject"]; !found {
		faults = append(faults, AttributeError{"", errors.New("google.subject is missing")})
	}
	return m, faults
}

func (m Mapping) add(env *cel.Env, attribute, expression string) error {
	want := cel.StringType
	name, custom := strings.CutPrefix(attribute, "attribute.")
	switch {
	case attribute == "google.groups":
		want = cel.ListType(cel.StringType)
	case custom && (name == "" || len(name) > maxName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != ""):
		return fmt.Errorf("the name of a custom attribute has 1 to %d of a-z, 0-9 and _", maxName)
	case !custom && attribute != "google.subject":
		return errors.New("an attribute is google.subject, google.groups or attribute.NAME")
	}
	program, err := compile(env, expression, maxMapping, want)
	if err != nil {
		return err
	}
	m.programs[attribute] = program
	return nil
}

// MapIdentity maps an AWS identity. It is a [principal.Mapping].
func (m Mapping) MapIdentity(id principal.Identity) (principal.Attributes, error) {
	return m.evaluate(assertionOf(id))
}

// MapClaims maps the claims of a token.
func (m Mapping) MapClaims(claims map[string]any) (principal.Attributes, error) {
	return m.evaluate(claims)
}

func (m Mapping) evaluate(assertion any) (principal.Attributes, error) {
	attributes := principal.Attributes{Custom: make(map[string]string)}
	for _, attribute := range slices.Sorted(maps.Keys(m.programs)) {
		value, _, err := m.programs[attribute].Eval(map[string]any{"assertion": assertion})
		if err == nil {
			err = set(&attributes, attribute, value)
		}
		if err != nil {
			return principal.Attributes{}, fmt.Errorf("%s: %w", attribute, failed(err))
		}
	}
	return attributes, nil
}

// set puts what an expression yields in its place.
func set(attributes *principal.Attributes, attribute string, value ref.Val) error {
	if attribute == "google.groups" {
		groups, err := value.ConvertToNative(reflect.TypeFor[[]string]())
		if err != nil {
			return fmt.Errorf("a %s is not a list of strings", value.Type().TypeName())
		}
		attributes.Groups = groups.([]string)
		return nil
	}
	s, ok := value.(types.String)
	if !ok {
		return fmt.Errorf("a %s is not a string", value.Type().TypeName())
	}
	if name, custom := strings.CutPrefix(attribute, "attribute."); custom {
		attributes.Custom[name] = string(s)
	} else {
		attributes.Subject = string(s)
	}
	return nil
}

// assertionOf is what expressions know of an AWS identity.
func assertionOf(id principal.Identity) map[string]string {
	return map[string]string{"account": id.Account, "arn": id.ARN, "userid": id.UserID}
}
