package awsfed

import (
	"net/http"
	"strings"
)

// A formField is one parameter of a form.
type formField struct{ name, value string }

// encodeForm writes a form as [net/url.Values.Encode] does, with its fields in the order given, into
// a buffer of the right size: subject tokens are long, and escaped twice.
func encodeForm(fields ...formField) string {
	size := 0
	for _, f := range fields {
		size += len(f.name) + escapedLen(f.value) + len("=&")
	}
	var b strings.Builder
	b.Grow(size)
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(f.name)
		b.WriteByte('=')
		escapeTo(&b, f.value)
	}
	return b.String()
}

// escape is [net/url.QueryEscape].
func escape(s string) string {
	var b strings.Builder
	b.Grow(escapedLen(s))
	escapeTo(&b, s)
	return b.String()
}

func escapeTo(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	start := 0 // of what is carried as it is
	for i := range len(s) {
		c := s[i]
		if unreserved(c) {
			continue
		}
		b.WriteString(s[start:i])
		start = i + 1
		if c == ' ' {
			b.WriteByte('+')
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	b.WriteString(s[start:])
}

func escapedLen(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; c != ' ' && !unreserved(c) {
			n += 2
		}
	}
	return n
}

// unreserved reports whether a form carries c as it is (RFC 3986 §2.3).
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}

// headerOf makes a header of names in their canonical form, each followed by its value.
func headerOf(namesAndValues ...string) http.Header {
	header := make(http.Header, len(namesAndValues)/2)
	for i := 0; i < len(namesAndValues); i += 2 {
		header[namesAndValues[i]] = namesAndValues[i+1 : i+2 : i+2]
	}
	return header
}
