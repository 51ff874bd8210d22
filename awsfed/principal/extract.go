package principal

import (
	"fmt"
	"strings"
)

// Extract is the extract function of Google's CEL (IAM documentation, attribute reference for IAM
// conditions). The template is an optional prefix, one identifier of letters, digits and "_" in
// braces, and an optional suffix:
//
//	{all}            the whole of s
//	prefix{x}        what comes after the first prefix
//	{x}suffix        what comes before the first suffix
//	prefix{x}suffix  what comes between the first prefix and the first suffix after it
//
// It yields the empty string when s holds no such prefix or suffix. Only a template of another form
// is an error.
func Extract(s, template string) (string, error) {
	prefix, rest, open := strings.Cut(template, "{")
	name, suffix, closed := strings.Cut(rest, "}")
	if !open || !closed || !identifier(name) || strings.ContainsAny(prefix+suffix, "{}") {
		return "", fmt.Errorf("extract template %q is not PREFIX{NAME}SUFFIX", template)
	}
	_, value, found := strings.Cut(s, prefix)
	if !found {
		return "", nil
	}
	if suffix == "" {
		return value, nil
	}
	if value, _, found = strings.Cut(value, suffix); !found {
		return "", nil
	}
	return value, nil
}

func identifier(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}
