package awsfedtest

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// unmarshalProto reads the JSON of a request the way Google's APIs do: a field's name may be in camelCase or in
// snake_case, an unknown field is an error, and no body at all is an empty object.
func unmarshalProto(data []byte, v any) *APIError {
	var object map[string]json.RawMessage
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return invalidArgument()
	}
	camel := make(map[string]json.RawMessage, len(object))
	for name, value := range object {
		if _, twice := camel[camelCase(name)]; twice {
			return invalidArgument()
		}
		camel[camelCase(name)] = value
	}
	data, err := json.Marshal(camel)
	if err != nil {
		return invalidArgument()
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return invalidArgument()
	}
	return nil
}

// camelCase turns grant_type into grantType, and leaves grantType as it is.
func camelCase(s string) string {
	first, rest, found := strings.Cut(s, "_")
	for found {
		var word string
		word, rest, found = strings.Cut(rest, "_")
		if word != "" {
			first += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return first
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
