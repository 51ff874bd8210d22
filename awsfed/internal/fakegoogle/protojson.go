package fakegoogle

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// unmarshalProto reads the JSON of a request the way Google's APIs do: a field's name may be in
// camelCase or in snake_case, an unknown field is an error, and no body at all is an empty object.
func unmarshalProto(data []byte, v any) *APIError {
	var object map[string]json.RawMessage
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return InvalidArgument()
	}
	camel := make(map[string]json.RawMessage, len(object))
	for name, value := range object {
		if _, twice := camel[camelCase(name)]; twice {
			return InvalidArgument()
		}
		camel[camelCase(name)] = value
	}
	data, err := json.Marshal(camel)
	if err != nil {
		return InvalidArgument()
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return InvalidArgument()
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
