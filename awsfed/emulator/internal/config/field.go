package config

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/snakecase"
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
			fields = append(fields, field{snakecase.Of(f.Name), f.Index, f.Tag.Get("config") == "required"})
		}
	}
	return fields
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
