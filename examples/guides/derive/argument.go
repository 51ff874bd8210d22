package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// argument gives the words of one *schema.Schema.
func (s source) argument(name string, value ast.Expr) (string, error) {
	if unary, ok := value.(*ast.UnaryExpr); ok {
		value = unary.X
	}
	if call, ok := value.(*ast.CallExpr); ok {
		if selected(call.Fun) == "tpgresource.DeletionPolicySchemaEntry" {
			return name, nil
		}
		function := s.functions[selected(call.Fun)]
		if function == nil {
			return "", fmt.Errorf("%s: there is no function %s", name, selected(call.Fun))
		}
		return s.argument(name, function.Body.List[len(function.Body.List)-1].(*ast.ReturnStmt).Results[0])
	}
	literal, ok := value.(*ast.CompositeLit)
	if !ok {
		return "", fmt.Errorf("%s: an argument that is a %T", name, value)
	}
	mark := "@"
	switch {
	case isTrue(field(literal, "Required")):
		mark = "!"
	case isTrue(field(literal, "Optional")):
		mark = ""
	}
	element, ok := field(literal, "Elem").(*ast.UnaryExpr)
	if !ok {
		if call, isCall := field(literal, "Elem").(*ast.CallExpr); isCall {
			words, err := s.resource(call)
			return mark + name + "{ " + words + " }", err
		}
		return mark + name, nil
	}
	nested, ok := element.X.(*ast.CompositeLit)
	if !ok || selected(nested.Type) != "schema.Resource" {
		return mark + name, nil
	}
	words, err := s.schema(field(nested, "Schema"))
	return mark + name + "{ " + words + " }", err
}

// field is that of a literal, or nil.
func field(literal *ast.CompositeLit, name string) ast.Expr {
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
				return pair.Value
			}
		}
	}
	return nil
}

func isTrue(expression ast.Expr) bool { return selected(expression) == "true" }

// selected is a name, with that of its package in front.
func selected(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return selected(e.X) + "." + e.Sel.Name
	}
	return ""
}

// text is the value of a literal, or nothing.
func text(expression ast.Expr) string {
	if literal, ok := expression.(*ast.BasicLit); ok {
		if value, err := strconv.Unquote(literal.Value); err == nil {
			return value
		}
	}
	return ""
}

func texts(expressions []ast.Expr) (values []string) {
	for _, e := range expressions {
		values = append(values, text(e))
	}
	return values
}

// readOnly marks every argument as one that can only be read.
func readOnly(words string) string {
	list := strings.Fields(words)
	for i, word := range list {
		if word != "}" {
			list[i] = "@" + strings.TrimLeft(word, "!@")
		}
	}
	return strings.Join(list, " ")
}

// changed marks arguments of the first level as required or optional.
func changed(words string, required, optional []string) string {
	list, depth := strings.Fields(words), 0
	for i, word := range list {
		name := strings.TrimLeft(word, "!@")
		switch {
		case word == "}":
			depth--
		case strings.HasSuffix(word, "{"):
			depth++
		case depth == 0 && slices.Contains(required, name):
			list[i] = "!" + name
		case depth == 0 && slices.Contains(optional, name):
			list[i] = name
		}
	}
	return strings.Join(list, " ")
}
