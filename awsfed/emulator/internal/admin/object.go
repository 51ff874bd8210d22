package admin

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/snakecase"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	Name  string
	Value any
}

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encoder.Encode(m.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encoder.Encode(m.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// get returns the member of that name; nil if there is none.
func (o object) get(name string) any {
	i := slices.IndexFunc(o, func(m member) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return o[i].Value
}

// encode turns a value of Go into objects, slices and plain values, so that a field that is added
// to a struct shows without a change here. Exported fields have their names in snake_case.
func encode(v any) any { return encodeValue(reflect.ValueOf(v)) }

func encodeValue(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	switch plain := v.Interface().(type) {
	case time.Duration:
		return plain.String()
	case json.Marshaler, encoding.TextMarshaler: // time.Time is both
		return plain
	case error:
		return plain.Error()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return encodeValue(v.Elem()) // of nil, no valid one
	case reflect.Struct:
		o := object{}
		for field, value := range v.Fields() {
			switch {
			case !field.IsExported():
			case field.Anonymous && value.Kind() == reflect.Struct:
				embedded, _ := encodeValue(value).(object)
				o = append(o, embedded...)
			default:
				o = append(o, member{snakecase.Of(field.Name), encodeValue(value)})
			}
		}
		return o
	case reflect.Map:
		o := object{}
		for key, value := range v.Seq2() {
			o = append(o, member{fmt.Sprint(key), encodeValue(value)})
		}
		slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.Name, b.Name) })
		return o
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = encodeValue(v.Index(i))
		}
		return list
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return nil // says nothing
	}
	return v.Interface()
}
