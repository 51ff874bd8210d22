package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
)

const (
	schemaFile  = "../../config.schema.json"
	exampleFile = "../../example.yaml"
)

var update = flag.Bool("update", false, "write the schema anew")

func TestSchemaIsThatOfTheTypesAndTheirComments(t *testing.T) {
	s := schema{comments: comments(t, ".", "../../../internal/fakegoogle"), defs: make(map[string]any)}
	root := s.object(reflect.TypeFor[config.File]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Configuration of the awsfed emulator"
	root["$defs"] = s.defs
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(root))
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, want.Bytes(), 0o644))
	}
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	for i, line := range strings.Split(strings.ReplaceAll(string(got), "\r\n", "\n"), "\n") {
		wanted, rest, _ := strings.Cut(want.String(), "\n")
		require.Equal(t, wanted, line, "line %d; go test ./internal/config -update writes it", i+1)
		want.Reset()
		want.WriteString(rest)
	}
	assert.Empty(t, want.String(), "go test ./internal/config -update writes it")
}

func TestSchemaAndDecoderAgree(t *testing.T) {
	compiled, err := jsonschema.NewCompiler().Compile(schemaFile)
	require.NoError(t, err, "the schema is one")
	example, err := os.ReadFile(exampleFile)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		file string
		good bool
	}{
		"the example":                 {string(example), true},
		"no field":                    {"{}", true},
		"digits as a number":          {"{aws: {accounts: [{id: 123456789012}]}, google: {project: {number: 912480652101}}}", true},
		"an unknown field":            {"{aws: {regoin: eu-west-1}}", false},
		"a field too few":             {"{aws: {accounts: [{}]}}", false},
		"a list for an object":        {"{aws: []}", false},
		"an object for a list":        {"{faults: {}}", false},
		"nothing":                     {"{faults: }", false},
		"a text for a bool":           {"{aws: {outbound_identity: 'yes'}}", false},
		"a bool for a text":           {"{aws: {region: true}}", false},
		"a text of another form":      {"{aws: {accounts: [{id: '1'}]}}", false},
		"a text that is none of some": {"{faults: [gremlins]}", false},
		"a number for a duration":     {"{aws: {key_lifetime: 60}}", false},
		"a duration without a unit":   {"{aws: {key_lifetime: '60'}}", false},
		"a negative number":           {"{google: {unsettled: {max_subject_token: -1}}}", false},
		"a key that is none of some":  {"{google: {unsettled: {answers: {gremlins: {status: 400}}}}}", false},
		"an attribute of another kind": {
			"{google: {pools: [{id: pool, providers: [{id: prov, attribute_mapping: {subject: x}}]}]}}", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := config.Parse([]byte(c.file))
			var document any
			require.NoError(t, yaml.Unmarshal([]byte(c.file), &document))
			data, err := json.Marshal(document)
			require.NoError(t, err)
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			require.NoError(t, err)
			if c.good {
				assert.NoError(t, faults.Err())
				assert.NoError(t, compiled.Validate(value))
			} else {
				assert.Error(t, faults.Err())
				assert.Error(t, compiled.Validate(value))
			}
		})
	}
}

// schema makes a JSON Schema of types.
type schema struct {
	comments map[string]string // of fields, by TYPE.FIELD
	defs     map[string]any
}

// object is the schema of a struct.
func (s schema) object(t reflect.Type) map[string]any {
	properties, required := make(map[string]any), []string{}
	for _, f := range config.SchemaFields(t) {
		property := s.value(f.Field.Type)
		text := s.comments[t.Name()+"."+f.Field.Name]
		if rest, ok := strings.CutPrefix(text, f.Field.Name); ok { // which is not the name in the file
			text = f.Name + rest
			if truth, ok := strings.CutPrefix(rest, ": "); ok {
				text = "Whether " + truth
			}
		}
		if text != "" {
			property["description"] = text
		}
		properties[f.Name] = property
		if f.Required {
			required = append(required, f.Name)
		}
	}
	object := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		object["required"] = required
	}
	return object
}

func (s schema) value(t reflect.Type) map[string]any {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.value(t.Elem())
	case t.Kind() == reflect.Struct:
		if _, done := s.defs[t.Name()]; !done {
			s.defs[t.Name()] = nil
			s.defs[t.Name()] = s.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": s.value(t.Elem())}
	case t.Kind() == reflect.Map:
		object := map[string]any{"type": "object", "additionalProperties": s.value(t.Elem())}
		if names := s.text(t.Key()); len(names) > 1 {
			object["propertyNames"] = names
		}
		return object
	case t.Kind() == reflect.Interface:
		return map[string]any{}
	case t == reflect.TypeFor[time.Duration](), t.Kind() == reflect.String:
		return s.text(t)
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "integer", "minimum": 0}
}

func (s schema) text(t reflect.Type) map[string]any {
	text := map[string]any{"type": "string"}
	values, pattern, digits := config.SchemaRule(t)
	if len(values) > 0 {
		text["enum"] = values
	}
	if pattern != "" {
		text["pattern"] = pattern
	}
	if digits {
		text["type"] = []string{"string", "integer"}
	}
	return text
}

// comments returns the comments of all fields of the structs in some directories.
func comments(t *testing.T, directories ...string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, directory := range directories {
		files, err := filepath.Glob(filepath.Join(directory, "*.go"))
		require.NoError(t, err)
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			require.NoError(t, err)
			for node := range ast.Preorder(file) {
				spec, ok := node.(*ast.TypeSpec)
				if !ok {
					continue
				}
				fields, ok := spec.Type.(*ast.StructType)
				if !ok || found[spec.Name.Name] != "" {
					continue
				}
				found[spec.Name.Name] = directory
				for _, field := range fields.Fields.List {
					comment := field.Doc.Text()
					if comment == "" {
						comment = field.Comment.Text()
					}
					for _, name := range field.Names {
						found[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(comment), " ")
					}
				}
			}
		}
	}
	return found
}
