package config

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// field is a field that a file can set.
type field struct {
	name     string // in the file
	index    []int
	required bool
}

// fieldsOf returns the fields of a struct.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous && f.Type.Kind() != reflect.Func {
			fields = append(fields, field{snake(f.Name), f.Index, f.Tag.Get("config") == "required"})
		}
	}
	return fields
}

// snake turns the name of a field of Go into that of a file: UniqueID into unique_id, and
// AWSAccounts into aws_accounts.
func snake(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		begins := i > 0 && unicode.IsUpper(r) &&
			(!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Join is the path of a field or key within path. A name that could be taken for more is quoted.
func Join(path, name string) string {
	switch {
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || name == "":
		return path + "[" + strconv.Quote(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}
