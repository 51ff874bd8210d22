package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// decoder puts a document into the fields of a file. The decoder of package yaml tells no path in
// the file, and names the types of Go.
type decoder struct {
	faults *Faults
	left   int // how many values may follow
}

// refuse says what a value should be. What is around it counts as unread from then on.
func (d *decoder) refuse(path string, node *yaml.Node, format string, args ...any) {
	d.faults.append(fault{path, node.Line, fmt.Sprintf(format, args...)})
	d.faults.deaf = append(d.faults.deaf, parent(path))
}

// value decodes node into v.
func (d *decoder) value(node *yaml.Node, v reflect.Value, path string, depth int) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if d.left--; d.left <= 0 || depth <= 0 {
		if d.left == 0 || depth <= 0 { // and not again for every value that is left
			d.refuse(path, node, "there are more than %d values, or they are nested deeper than %d", maxValues, maxDepth)
		}
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d.duration(node, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(node, v.Elem(), path, depth)
	case reflect.Struct:
		d.object(node, v, path, depth)
	case reflect.Map:
		d.dictionary(node, v, path, depth)
	case reflect.Slice:
		d.list(node, v, path, depth)
	case reflect.Interface:
		d.free(node, v, path, depth)
	default:
		d.scalar(node, v, path)
	}
}

// object decodes a mapping whose keys are the names of fields.
func (d *decoder) object(node *yaml.Node, v reflect.Value, path string, depth int) {
	fields := fieldsOf(v.Type())
	found := make(map[string]bool)
	d.members(node, path, func(name, path string, key, value *yaml.Node) {
		for _, f := range fields {
			if f.name == name {
				found[name] = true
				d.value(value, v.FieldByIndex(f.index), path, depth-1)
				return
			}
		}
		var names []string
		for _, f := range fields {
			names = append(names, f.name)
		}
		d.faults.append(fault{path, key.Line, "there is no such field; there are " + strings.Join(names, ", ")})
	})
	for _, f := range fields {
		if f.required && !found[f.name] && node.Kind == yaml.MappingNode {
			d.refuse(Join(path, f.name), node, "it is missing")
		}
	}
}

// dictionary decodes a mapping whose keys are free, or those of a type of texts.
func (d *decoder) dictionary(node *yaml.Node, v reflect.Value, path string, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	d.members(node, path, func(name, path string, key, value *yaml.Node) {
		if want := ruleOf(v.Type().Key()).refuses(name); want != "" {
			d.faults.append(fault{path, key.Line, "there is no such key; want " + want})
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(value, element, path, depth-1)
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), element)
	})
}

// members calls each with the members of a mapping.
func (d *decoder) members(node *yaml.Node, path string, each func(name, path string, key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		d.refuse(path, node, "want fields, each with a name, not %s", kind(node))
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.refuse(path, key, "want a name before the colon, not %s", kind(key))
			continue
		}
		at := Join(path, key.Value)
		if seen[key.Value] {
			d.refuse(at, key, "it is there twice")
			continue
		}
		seen[key.Value] = true
		d.faults.lines[at] = key.Line
		each(key.Value, at, key, value)
	}
}

// list decodes a sequence. One that is empty is not nil.
func (d *decoder) list(node *yaml.Node, v reflect.Value, path string, depth int) {
	if node.Kind != yaml.SequenceNode {
		d.refuse(path, node, "want a list, not %s", kind(node))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.faults.lines[at] = item.Line
		d.value(item, v.Index(i), at, depth-1)
	}
}

// free decodes what JSON can say into an any.
func (d *decoder) free(node *yaml.Node, v reflect.Value, path string, depth int) {
	switch node.Kind {
	case yaml.MappingNode:
		object := make(map[string]any)
		d.dictionary(node, reflect.ValueOf(&object).Elem(), path, depth)
		v.Set(reflect.ValueOf(object))
	case yaml.SequenceNode:
		var list []any
		d.list(node, reflect.ValueOf(&list).Elem(), path, depth)
		v.Set(reflect.ValueOf(list))
	default:
		var plain any
		if err := node.Decode(&plain); err != nil {
			d.refuse(path, node, "%v", err)
		} else if plain != nil {
			v.Set(reflect.ValueOf(plain))
		}
	}
}

// duration decodes a duration as Go writes it.
func (d *decoder) duration(node *yaml.Node, v reflect.Value, path string) {
	want := ruleOf(v.Type())
	duration, err := time.ParseDuration(node.Value)
	if node.Kind != yaml.ScalarNode || want.refuses(node.Value) != "" || err != nil {
		d.refuse(path, node, "want %s, not %s", want.form, kind(node))
		return
	}
	v.SetInt(int64(duration))
}

// scalar decodes a text, a number or a truth value.
func (d *decoder) scalar(node *yaml.Node, v reflect.Value, path string) {
	tag := node.ShortTag()
	switch v.Kind() {
	case reflect.String:
		rule := ruleOf(v.Type())
		if node.Kind != yaml.ScalarNode || tag != "!!str" && !rule.digits {
			d.refuse(path, node, "want a text, not %s", kind(node))
		} else if want := rule.refuses(node.Value); want != "" {
			d.refuse(path, node, "want %s, not %s", want, kind(node))
		}
		v.SetString(node.Value)
	case reflect.Bool:
		if tag != "!!bool" {
			d.refuse(path, node, "want true or false, not %s", kind(node))
		}
		v.SetBool(strings.EqualFold(node.Value, "true"))
	case reflect.Int, reflect.Int64:
		number, err := strconv.ParseInt(node.Value, 0, v.Type().Bits())
		if tag != "!!int" || err != nil || number < 0 {
			d.refuse(path, node, "want a whole number from 0 on, not %s", kind(node))
			return
		}
		v.SetInt(number)
	default:
		d.refuse(path, node, "no file can say it") // a field of a type that the decoder does not know
	}
}

// kind says what a node is.
func kind(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "fields"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.ShortTag() == "!!null":
		return "nothing"
	case node.ShortTag() == "!!str":
		return fmt.Sprintf("the text %.100q", node.Value)
	}
	return fmt.Sprintf("%.100s", node.Value)
}
