package fakegoogle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/awsfed/awsfed-go/internal/strictjson"
)

// protoFields are the fields of a message by their names in camelCase, each with a pointer to where
// its value is to go.
type protoFields map[string]any

// unmarshal reads the JSON of a request the way Google's APIs do: a field's name is in camelCase or
// in snake_case to the letter, an unknown name is an error, null is as good as nothing, and no body
// at all is an empty object. The error is [unknownNames] or says what is wrong with the body.
func (f protoFields) unmarshal(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	object, err := strictjson.Fields(data)
	if _, twice := errors.AsType[*strictjson.DuplicateKeyError](err); twice {
		return errors.New("the body has a name twice")
	}
	if err != nil {
		return errors.New("the body is not a JSON object")
	}
	known := make(map[string]string, 2*len(f)) // names in camelCase by either name
	for name := range f {
		known[name], known[snakeCase(name)] = name, name
	}
	var unknown unknownNames
	values := make(map[string]json.RawMessage)
	for name, value := range object.All() {
		camel, found := known[name]
		if _, twice := values[camel]; twice {
			return fmt.Errorf("the parameter %q is there in two spellings", snakeCase(camel))
		}
		if !found {
			unknown = append(unknown, name)
			continue
		}
		values[camel] = value
	}
	if unknown != nil {
		return unknown
	}
	for name, value := range values {
		if json.Unmarshal(value, f[name]) != nil {
			return fmt.Errorf("the parameter %q is of the wrong type", snakeCase(name))
		}
	}
	return nil
}

// unmarshalAPI is unmarshal with the errors of an API.
func (f protoFields) unmarshalAPI(data []byte) *APIError {
	err := f.unmarshal(data)
	if unknown, found := errors.AsType[unknownNames](err); found {
		return unknown.apiError().because("a name in the JSON is unknown")
	}
	if err != nil {
		return InvalidArgument().because("the body is not the JSON that it should be")
	}
	return nil
}

// unknownNames are names that a message does not have, in the order in which they stand.
type unknownNames []string

func (u unknownNames) Error() string { return fmt.Sprintf("%d unknown names", len(u)) }

// apiError has the texts of public reports: a line for each name.
func (u unknownNames) apiError() *APIError {
	e := &APIError{Code: bad, Status: "INVALID_ARGUMENT"}
	for _, name := range u {
		e.BadFields = append(e.BadFields, `Invalid JSON payload received. Unknown name "`+name+`": Cannot find field.`)
	}
	e.Message = strings.Join(e.BadFields, "\n")
	return e
}

// readMembers reads those members of an object that are there, each to where into has a pointer. It
// goes by exact names, which encoding/json does not. ok is false for a value of the wrong type.
func readMembers(object map[string]json.RawMessage, into map[string]any) (ok bool) {
	for name, pointer := range into {
		if value, found := object[name]; found && json.Unmarshal(value, pointer) != nil {
			return false
		}
	}
	return true
}

// snakeCase turns grantType into grant_type, and leaves grant_type as it is.
func snakeCase(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// encodeJSON writes v without the escapes that are meant for HTML.
func encodeJSON(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "" // v is made of maps and strings, which cannot fail
	}
	return b.String()
}
