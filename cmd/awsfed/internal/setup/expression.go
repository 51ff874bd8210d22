package setup

import "strings"

// A token is a word of an expression of CEL.
type token struct {
	text    string // as it stands there; of a literal its value
	literal bool   // a string
}

// An expression is one of CEL that was cut into its tokens. It is not evaluated here: what has a
// form that is known is recognised, and nothing else.
type expression []token

// tokens cuts source. ok is false for what a reader could take for something else than it is:
// escapes, raw and triple-quoted strings, bytes, comments, and characters that CEL has no use for.
func tokens(source string) (e expression, ok bool) {
	if len(source) > maxCondition {
		return nil, false // longer than any expression of Google's may be
	}
	for source != "" {
		var n int
		switch c := source[0]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			source = source[1:]
			continue
		case c == '"' || c == '\'':
			end := strings.IndexByte(source[1:], c)
			if end < 0 || strings.ContainsAny(source[1:1+end], "\\\r\n") || strings.HasPrefix(source[1+end:], string([]byte{c, c})) {
				return nil, false
			}
			e = append(e, token{source[1 : 1+end], true})
			source = source[end+2:]
			continue
		case strings.IndexByte(letters+digits+"_", c) >= 0:
			n = len(source) - len(strings.TrimLeft(source, letters+digits+"_"))
			if rest := source[n:]; rest != "" && (rest[0] == '"' || rest[0] == '\'') {
				return nil, false // r"…", b"…"
			}
		case strings.HasPrefix(source, "//"):
			return nil, false
		case len(source) > 1 && strings.Contains(" && || == != <= >= ", " "+source[:2]+" "):
			n = 2
		case strings.IndexByte("()[]{}.,?:+-*/%<>!", c) >= 0:
			n = 1
		default:
			return nil, false
		}
		e = append(e, token{source[:n], false})
		source = source[n:]
	}
	return e, len(e) > 0
}

// sameExpression reports whether two sources differ in blanks and in the kind of quotes alone.
func sameExpression(a, b string) bool {
	x, okX := tokens(a)
	y, okY := tokens(b)
	if !okX || !okY || len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}

// is reports whether the expression has these tokens, where "" stands for any string literal; the
// literals are given.
func (e expression) is(pattern ...string) (literals []string, ok bool) {
	if len(e) != len(pattern) {
		return nil, false
	}
	for i, want := range pattern {
		switch {
		case want == "" && e[i].literal:
			literals = append(literals, e[i].text)
		case want == "" || e[i].literal || e[i].text != want:
			return nil, false
		}
	}
	return literals, true
}

// split cuts the expression at an operator that is in no brackets. ok is false if brackets do not
// match.
func (e expression) split(operator string) (parts []expression, ok bool) {
	var open []byte
	start := 0
	for i, t := range e {
		if t.literal {
			continue
		}
		switch t.text {
		case "(", "[", "{":
			open = append(open, map[string]byte{"(": ')', "[": ']', "{": '}'}[t.text])
		case ")", "]", "}":
			if len(open) == 0 || open[len(open)-1] != t.text[0] {
				return nil, false
			}
			open = open[:len(open)-1]
		case operator:
			if len(open) == 0 {
				parts = append(parts, e[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, e[start:]), len(open) == 0
}

// bare is the expression without parentheses around the whole of it.
func (e expression) bare() expression {
	for len(e) > 2 && e[0] == (token{"(", false}) && e[len(e)-1] == (token{")", false}) {
		if _, matched := e[1 : len(e)-1].split(""); !matched {
			break
		}
		e = e[1 : len(e)-1]
	}
	return e
}

// path takes a chain of names, such as assertion.arn, off the front.
func (e expression) path() (name string, rest expression) {
	n := 0
	for n < len(e) && !e[n].literal && (n%2 == 0 && e[n].text != "" && strings.Trim(e[n].text, letters+digits+"_") == "" || n%2 == 1 && e[n].text == ".") {
		n++
	}
	if n%2 == 0 && n > 0 {
		n--
	}
	var b strings.Builder
	for _, t := range e[:n] {
		b.WriteString(t.text)
	}
	return b.String(), e[n:]
}
