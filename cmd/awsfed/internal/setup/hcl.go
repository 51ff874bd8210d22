package setup

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hclString is a quoted string of HCL that evaluates to value (HCL native syntax specification,
// "Template Expressions"). Sequences that begin a template are doubled; what is not printable is
// escaped, and bytes that are not UTF-8 become the replacement character, since HCL has no others.
func hclString(value string) string { return `"` + hclText(value) + `"` }

// hclText is what stands between the quotes, for strings that have templates beside it.
func hclText(value string) string {
	var b strings.Builder
	for i, r := range value {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case (r == '$' || r == '%') && i+1 < len(value) && value[i+1] == '{':
			b.WriteRune(r)
			b.WriteRune(r)
		case r != utf8.RuneError && !unicode.IsPrint(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		case r != utf8.RuneError && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// An hclFile is a file of HCL that is being written.
type hclFile struct {
	commenter
}

// argument is the name and the expression of one argument of a block.
type argument struct{ name, expression string }

// block writes a block, its arguments aligned as terraform fmt does.
func (f *hclFile) block(kind string, arguments []argument, nested ...string) {
	f.WriteString(kind + " {\n")
	width := 0
	for _, a := range arguments {
		if !strings.Contains(a.expression, "\n") {
			width = max(width, len(a.name))
		}
	}
	for _, a := range arguments {
		if strings.Contains(a.expression, "\n") {
			f.WriteString("\n  " + a.name + " = " + strings.ReplaceAll(a.expression, "\n", "\n  ") + "\n")
			continue
		}
		fmt.Fprintf(f, "  %-*s = %s\n", width, a.name, a.expression)
	}
	for _, text := range nested {
		f.WriteString("\n  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n")
	}
	f.WriteString("}\n")
}
