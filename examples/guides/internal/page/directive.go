package page

import (
	"fmt"
	"regexp"
	"strings"
)

// A Directive says how a block is checked.
type Directive struct {
	Verb   string            // check, code or output
	Kind   string            // what stands behind the verb, up to "with" or a reason
	Reason string            // of check: shown
	With   map[string]string // values of placeholders
}

// ParseDirective reads the line above a fence. Any other line than an HTML comment is none, and an
// empty Directive.
func ParseDirective(line string) (Directive, error) {
	comment, ok := strings.CutPrefix(strings.TrimSpace(line), "<!--")
	if !ok {
		return Directive{}, nil
	}
	comment, ok = strings.CutSuffix(comment, "-->")
	verb, rest, hasVerb := strings.Cut(strings.TrimSpace(comment), ": ")
	if !ok || !hasVerb || verb != "check" && verb != "code" && verb != "output" {
		return Directive{}, fmt.Errorf("%q is no directive: want <!-- check: …, code: … or output: … -->", line)
	}
	d := Directive{Verb: verb, Kind: strings.TrimSpace(rest)}
	if verb != "check" {
		return d, nil
	}
	if d.Kind == "shown" {
		return d, fmt.Errorf("%q has no reason: want <!-- check: shown: REASON -->", line)
	}
	if reason, ok := strings.CutPrefix(d.Kind, "shown: "); ok {
		d.Kind, d.Reason = "shown", reason
		return d, nil
	}
	kind, placeholders, ok := strings.Cut(" "+d.Kind, " with ")
	d.Kind = strings.TrimSpace(kind)
	if !ok {
		return d, nil
	}
	d.With = make(map[string]string)
	for _, word := range strings.Fields(placeholders) {
		name, value, ok := strings.Cut(word, "=")
		if !ok || value == "" || !regexp.MustCompile(`^[A-Z][A-Z_]*$`).MatchString(name) {
			return d, fmt.Errorf("%q of %q is no placeholder: want NAME=VALUE", word, line)
		}
		d.With[name] = value
	}
	return d, nil
}

// Fill puts the values of placeholders into a text. One that the text does not have is an error.
func (d Directive) Fill(text string) (string, error) {
	for name, value := range d.With {
		word := regexp.MustCompile(`\b` + name + `\b`)
		if !word.MatchString(text) {
			return "", fmt.Errorf("there is no placeholder %s", name)
		}
		text = word.ReplaceAllLiteralString(text, value)
	}
	return text, nil
}

// Region is the part of a source that stands between the lines of a mark: "// [NAME]" and
// "// [end]", or the same with "#", without the indentation that its lines share. One that comes in
// several parts has an empty line between them. An empty name is the whole source.
func Region(source, name string) (string, error) {
	source = strings.ReplaceAll(source, "\r\n", "\n")
	if name == "" {
		return source, nil
	}
	var parts []string
	var lines []string
	inside := false
	for line := range strings.SplitSeq(source, "\n") {
		mark := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "/#"))
		isMark := mark != strings.TrimSpace(line)
		switch {
		case isMark && mark == "["+name+"]":
			inside, lines = true, nil
		case isMark && mark == "[end]" && inside:
			inside = false
			parts = append(parts, strings.TrimRight(strip(lines), "\n")+"\n")
		case inside:
			lines = append(lines, line)
		}
	}
	if len(parts) == 0 || inside {
		return "", fmt.Errorf("there is no region %s, or it has no end", name)
	}
	return strings.Join(parts, "\n"), nil
}

// strip takes away the indentation that all lines share.
func strip(lines []string) string {
	shared, first := "", true
	for _, line := range lines {
		blanks := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if line == "" {
			continue
		}
		if first {
			shared, first = blanks, false
		}
		for !strings.HasPrefix(blanks, shared) {
			shared = shared[:len(shared)-1]
		}
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimPrefix(line, shared) + "\n")
	}
	return b.String()
}
