// Package awsjson reads the JSON of AWS APIs into the types of the AWS SDK, strictly.
package awsjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// Decode reads the JSON of an AWS API into a type of the AWS SDK, whose fields have no names of
// JSON: they are those of the field with a small first letter. Unknown names, names twice, values
// of another type and values that an enumeration does not have are faults, and all are told.
func Decode(text string, into any) error {
	if !json.Valid([]byte(text)) {
		return errors.New("it is not JSON")
	}
	unique, err := yaml.YAMLToJSONStrict([]byte(text)) // refuses a name that is there twice
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(unique, &value); err != nil {
		return err
	}
	return errors.Join(fill("", value, reflect.ValueOf(into).Elem())...)
}

// fill sets the Go value at a path, and gives the faults.
func fill(path string, value any, to reflect.Value) []error {
	mismatch := []error{fmt.Errorf("%s: %T is not a %s", path, value, to.Type())}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return fill(path, value, to.Elem())
	case reflect.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			return mismatch
		}
		var faults []error
		for name, member := range object {
			if field, ok := fieldOf(name, to); ok {
				faults = append(faults, fill(path+"."+name, member, field)...)
			} else {
				faults = append(faults, fmt.Errorf("%s: %s has no %s", path, to.Type(), name))
			}
		}
		return faults
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			return mismatch
		}
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		var faults []error
		for i, member := range list {
			faults = append(faults, fill(fmt.Sprintf("%s[%d]", path, i), member, to.Index(i))...)
		}
		return faults
	case reflect.Map:
		object, ok := value.(map[string]any)
		if !ok {
			return mismatch
		}
		to.Set(reflect.MakeMap(to.Type()))
		var faults []error
		for name, member := range object {
			element := reflect.New(to.Type().Elem()).Elem()
			faults = append(faults, fill(path+"."+name, member, element)...)
			to.SetMapIndex(reflect.ValueOf(name), element)
		}
		return faults
	case reflect.String:
		s, ok := value.(string)
		if !ok {
			return mismatch
		}
		to.SetString(s)
		return enumerated(path, to)
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return mismatch
		}
		to.SetBool(b)
		return nil
	case reflect.Int32, reflect.Int64:
		n, ok := value.(float64)
		if !ok || n != math.Trunc(n) || to.OverflowInt(int64(n)) {
			return mismatch
		}
		to.SetInt(int64(n))
		return nil
	}
	return []error{fmt.Errorf("%s: awsjson does not know %s", path, to.Type())}
}

func fieldOf(name string, object reflect.Value) (reflect.Value, bool) {
	first, size := utf8.DecodeRuneInString(name)
	if !unicode.IsLower(first) {
		return reflect.Value{}, false
	}
	field, ok := object.Type().FieldByName(string(unicode.ToUpper(first)) + name[size:])
	if !ok || !field.IsExported() {
		return reflect.Value{}, false
	}
	return object.FieldByIndex(field.Index), true
}

// enumerated holds a string against the method Values that enumerations of the SDK have.
func enumerated(path string, value reflect.Value) []error {
	method := value.MethodByName("Values")
	if !method.IsValid() {
		return nil
	}
	var known []string
	for _, v := range method.Call(nil)[0].Seq2() {
		known = append(known, v.String())
	}
	if slices.Contains(known, value.String()) {
		return nil
	}
	return []error{fmt.Errorf("%s: %q is none of %s", path, value, strings.Join(known, ", "))}
}
