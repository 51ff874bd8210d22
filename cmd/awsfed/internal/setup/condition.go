package setup

import (
	"slices"
	"strconv"
	"strings"

	"github.com/awsfed/awsfed-go/internal/cel"
)

// answer is whether a condition is true of this AWS identity, whatever the name of its session is.
type answer int

const (
	no answer = iota
	unknown
	yes
)

// A reach is whom a condition lets in, as far as its form is known.
type reach struct {
	ours    answer
	wide    []string // whom it lets in beside this identity without naming them: what they are
	others  []string // whom it lets in and names
	unclear bool     // some of it is of no form that is known
}

// A reader tells the reach of conditions under one mapping.
type reader struct {
	plan    *Plan
	mapping map[string]string
	role    string // attribute.aws_role of this identity; "" where the mapping is not known
}

// condition is the reach of a whole condition; without one everybody of the account is let in.
func (r reader) condition(source string) reach {
	if strings.TrimSpace(source) == "" {
		return r.everybody()
	}
	e, ok := tokens(source)
	if !ok || slices.Contains(e, token{"?", false}) { // which binds less than || does
		return reach{ours: unknown, unclear: true}
	}
	return r.any(e)
}

func (r reader) everybody() reach {
	return reach{ours: yes, wide: []string{"every role and user of the AWS account " + r.plan.caller.account}}
}

// any is the reach of clauses that are joined by ||.
func (r reader) any(e expression) reach {
	parts, ok := e.split("||")
	if !ok {
		return reach{ours: unknown, unclear: true}
	}
	result := r.all(parts[0])
	for _, part := range parts[1:] {
		next := r.all(part)
		result = reach{max(result.ours, next.ours), append(result.wide, next.wide...), append(result.others, next.others...), result.unclear || next.unclear}
	}
	return result
}

// all is the reach of clauses that are joined by &&. What one of them names is the most that all of
// them let in.
func (r reader) all(e expression) reach {
	parts, ok := e.split("&&")
	if !ok {
		return reach{ours: unknown, unclear: true}
	}
	result := r.clause(parts[0])
	for _, part := range parts[1:] {
		next := r.clause(part)
		named := result
		if result.unclear || len(result.wide) > 0 && !next.unclear {
			named = next // of two that name nobody the last stands for both
		}
		result = reach{min(result.ours, next.ours), named.wide, named.others, result.unclear || next.unclear}
		if result.ours == no {
			result.unclear, result.wide = false, nil
		} else if result.unclear {
			result.wide = nil // the part that is not known may shut them out
		}
	}
	return result
}

// clause is the reach of one comparison, or of what stands in parentheses.
func (r reader) clause(e expression) reach {
	if inner := e.bare(); len(inner) < len(e) {
		return r.any(inner)
	}
	if _, ok := e.is("true"); ok {
		return r.everybody()
	}
	if _, ok := e.is("false"); ok {
		return reach{}
	}
	if len(e) > 2 && e[0].literal && e[1].text == "==" && !e[1].literal {
		e = append(append(expression{}, e[2:]...), e[1], e[0]) // "x" == field
	}
	name, rest := e.path()
	if literals, ok := rest.is("==", ""); ok {
		return r.equal(name, literals)
	}
	if len(rest) > 3 && !rest[0].literal && rest[0].text == "in" {
		if literals, ok := rest[1:].list(); ok {
			return r.equal(name, literals)
		}
	}
	if literals, ok := rest.is("(", "", ")"); ok {
		if dot := strings.LastIndexByte(name, '.'); dot > 0 {
			return r.method(name[:dot], name[dot+1:], literals[0])
		}
	}
	return reach{ours: unknown, unclear: true}
}

// list reads ["a", "b"].
func (e expression) list() (literals []string, ok bool) {
	if len(e) < 3 || e[0] != (token{"[", false}) || e[len(e)-1] != (token{"]", false}) {
		return nil, false
	}
	parts, ok := e[1 : len(e)-1].split(",")
	for _, part := range parts {
		literal, one := part.is("")
		ok = ok && one
		literals = append(literals, literal...)
	}
	return literals, ok
}

// value is what a field holds for this identity. Where sessions is true, that is the beginning, and
// the name of the session follows. ok is false for a field whose value is not known.
func (r reader) value(field string) (value string, sessions bool, ok bool) {
	if len(r.mapping) == 0 && field == "google.subject" {
		field = cel.DefaultSubject
	}
	if source, mapped := r.mapping[field]; mapped && field != "attribute.aws_role" {
		e, _ := tokens(source)
		if name, rest := e.path(); len(rest) == 0 && strings.HasPrefix(name, "assertion.") {
			field = name
		}
	}
	switch field {
	case "assertion.account":
		return r.plan.caller.account, false, true
	case "assertion.arn":
		if beginning := r.plan.caller.sessions(); beginning != "" {
			return beginning, true, true
		}
		return r.plan.caller.arn, false, true
	case "attribute.aws_role":
		return r.role, false, r.role != ""
	}
	return "", false, false
}

// equal is the reach of field == literal, and of field in a list of them.
func (r reader) equal(field string, literals []string) (result reach) {
	value, sessions, ok := r.value(field)
	if !ok {
		return reach{ours: unknown, unclear: true}
	}
	for _, literal := range literals {
		switch {
		case !sessions && literal == value:
			result.ours = yes
			if value == r.plan.caller.account {
				result.wide = r.everybody().wide
			}
		case sessions && strings.HasPrefix(literal, value):
			result.ours, result.unclear = max(result.ours, unknown), true // one session of the role
		default:
			result.others = append(result.others, strconv.Quote(shown(literal)))
		}
	}
	return result
}

// method is the reach of field.startsWith(literal) and its like.
func (r reader) method(field, name, literal string) reach {
	value, sessions, ok := r.value(field)
	if !ok {
		return reach{ours: unknown, unclear: true}
	}
	holds := false
	switch name {
	case "startsWith":
		if sessions && literal == value {
			return reach{ours: yes}
		}
		if sessions && strings.HasPrefix(literal, value) {
			return reach{ours: unknown, unclear: true} // some sessions of the role
		}
		holds = strings.HasPrefix(value, literal)
	case "endsWith":
		if sessions {
			return reach{ours: unknown, unclear: true}
		}
		holds = strings.HasSuffix(value, literal)
	case "contains":
		if holds = strings.Contains(value, literal); sessions && !holds {
			return reach{ours: unknown, unclear: true}
		}
	default:
		return reach{ours: unknown, unclear: true}
	}
	who := "everybody whose " + field + " " + map[string]string{"startsWith": "starts with ", "endsWith": "ends in ", "contains": "contains "}[name] + strconv.Quote(shown(literal))
	if !holds {
		return reach{others: []string{who}}
	}
	return reach{ours: yes, wide: []string{who}}
}
