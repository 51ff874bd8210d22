package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// source is what is declared in one package of the provider, and in the one that makes resources of
// IAM policies.
type source struct {
	variables map[string]ast.Expr
	functions map[string]*ast.FuncDecl
}

// fromSource reads the source of Google's provider.
func fromSource(folder string) ([]string, error) {
	changes, err := os.ReadFile(filepath.Join(folder, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	version := regexp.MustCompile(`(?m)^## (\S+) \([A-Z]\w+ \d`).FindSubmatch(changes)
	if version == nil {
		return nil, errors.New("CHANGELOG.md has no release")
	}
	lines := []string{fmt.Sprintf("# Resources of Terraform's provider hashicorp/google, from its source after %s, as derive prints them.", version[1])}
	services, err := filepath.Glob(filepath.Join(folder, "google/services/*"))
	if err != nil {
		return nil, err
	}
	for _, service := range services {
		of, err := fromService(service, filepath.Join(folder, "google/tpgiamresource"))
		if err != nil {
			return nil, err
		}
		lines = append(lines, of...)
	}
	slices.Sort(lines[1:])
	return lines, nil
}

// fromService reads the registrations in a package.
func fromService(service, iam string) (lines []string, err error) {
	s := source{make(map[string]ast.Expr), make(map[string]*ast.FuncDecl)}
	var registered []*ast.CompositeLit
	for _, folder := range []string{service, iam} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			s.declare(file)
			ast.Inspect(file, func(n ast.Node) bool {
				if literal, ok := n.(*ast.CompositeLit); ok && selected(literal.Type) == "registry.Schema" {
					registered = append(registered, literal)
				}
				return true
			})
		}
	}
	for _, literal := range registered {
		name, kind := text(field(literal, "Name")), selected(field(literal, "Type"))
		isData := kind == "registry.SchemaTypeDataSource"
		switch {
		case isData && !slices.Contains(googleData(), name):
		case !isData && !slices.Contains(googleResources(), name) && !isGoogleIAM(name):
		default:
			words, err := s.resource(field(literal, "Schema"))
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", service, name, err)
			}
			if isData {
				lines = append(lines, fmt.Sprintf("data %s: %s", name, words))
			} else {
				lines = append(lines, fmt.Sprintf("resource %s: @id %s timeouts{ create update delete read }", name, words))
			}
		}
	}
	return lines, nil
}

func (s source) declare(file *ast.File) {
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			s.functions[d.Name.Name] = d
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
					for i, name := range v.Names {
						s.variables[name.Name] = v.Values[i]
					}
				}
			}
		}
	}
}

// resource gives the words of a resource that an expression makes.
func (s source) resource(expression ast.Expr) (string, error) {
	call, ok := expression.(*ast.CallExpr)
	if !ok {
		return "", fmt.Errorf("a resource that is a %T", expression)
	}
	name := selected(call.Fun)
	name = name[strings.LastIndex(name, ".")+1:]
	for function, base := range map[string]string{"ResourceIamMember": "IamMemberBaseSchema", "ResourceIamBinding": "iamBindingSchema",
		"ResourceIamAuditConfig": "iamAuditConfigSchema"} {
		if name == function {
			words, err := s.schema(s.variables[base])
			if err != nil {
				return "", err
			}
			parent, err := s.schema(call.Args[0])
			return words + " " + parent, err
		}
	}
	function := s.functions[name]
	if function == nil {
		return "", fmt.Errorf("there is no function %s", name)
	}
	var words string
	var fault error
	var required, optional []string
	ast.Inspect(function.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if selected(n.Type) == "schema.Resource" && words == "" {
				if f := field(n, "Schema"); f != nil {
					words, fault = s.schema(s.local(function, f))
				}
				return false
			}
		case *ast.CallExpr:
			switch selected(n.Fun) {
			case "tpgresource.AddRequiredFieldsToSchema":
				required = append(required, texts(n.Args[1:])...)
			case "tpgresource.AddOptionalFieldsToSchema":
				optional = append(optional, texts(n.Args[1:])...)
			case "tpgiamresource.ResourceIamMember":
				words, fault = s.resource(n)
			}
		}
		return true
	})
	if fault == nil && words == "" {
		fault = fmt.Errorf("%s makes no schema that is found", name)
	}
	return changed(words, required, optional), fault
}

// local is the expression that a variable of a function has.
func (s source) local(function *ast.FuncDecl, expression ast.Expr) ast.Expr {
	name, ok := expression.(*ast.Ident)
	if !ok {
		return expression
	}
	found := expression
	ast.Inspect(function.Body, func(n ast.Node) bool {
		if assign, ok := n.(*ast.AssignStmt); ok && len(assign.Lhs) == 1 && len(assign.Rhs) == 1 {
			if left, ok := assign.Lhs[0].(*ast.Ident); ok && left.Name == name.Name {
				found = assign.Rhs[0]
			}
		}
		return true
	})
	return found
}

// schema gives the words of a map[string]*schema.Schema.
func (s source) schema(expression ast.Expr) (string, error) {
	switch e := expression.(type) {
	case *ast.Ident:
		if v, ok := s.variables[e.Name]; ok {
			return s.schema(v)
		}
	case *ast.SelectorExpr:
		if v, ok := s.variables[e.Sel.Name]; ok {
			return s.schema(v)
		}
	case *ast.CallExpr:
		if selected(e.Fun) == "tpgresource.DatasourceSchemaFromResourceSchema" {
			words, err := s.resource(e.Args[0].(*ast.SelectorExpr).X)
			return readOnly(words), err
		}
		if f := s.functions[selected(e.Fun)]; f != nil {
			for _, statement := range f.Body.List {
				if r, ok := statement.(*ast.ReturnStmt); ok {
					return s.schema(r.Results[0])
				}
			}
		}
	case *ast.CompositeLit:
		var words []string
		for _, element := range e.Elts {
			pair := element.(*ast.KeyValueExpr)
			word, err := s.argument(text(pair.Key), pair.Value)
			if err != nil {
				return "", err
			}
			words = append(words, word)
		}
		return strings.Join(words, " "), nil
	}
	return "", fmt.Errorf("a schema that is a %T", expression)
}
