package config

import "reflect"

// SchemaField is a field as the schema has it.
type SchemaField struct {
	Name     string
	Field    reflect.StructField
	Required bool
}

// SchemaFields returns the fields of a struct that a file can set.
func SchemaFields(t reflect.Type) []SchemaField {
	var fields []SchemaField
	for _, f := range fieldsOf(t) {
		fields = append(fields, SchemaField{f.name, t.FieldByIndex(f.index), f.required})
	}
	return fields
}

// SchemaRule returns what the schema says of the texts of a type.
func SchemaRule(t reflect.Type) (values []string, pattern string, digits bool) {
	r := ruleOf(t)
	return r.values, r.pattern, r.digits
}
