package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

const (
	canary = "wJalrXUtnFEMI"
	cover  = "[secret]"
	verbs  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// keys is a value with the secret in all the forms that fmt treats differently.
type keys struct {
	Text  string
	Bytes []byte
	Next  *keys
}

func newKeys() keys {
	return keys{canary, []byte(canary), &keys{Text: canary, Bytes: []byte(canary)}}
}

type (
	shown  struct{ Box secret.Box[keys] }
	hidden struct{ box secret.Box[keys] }
	nested struct{ hidden *hidden }
)

func TestABoxGivesBackWhatItHolds(t *testing.T) {
	assert.Equal(t, newKeys(), secret.New(newKeys()).Reveal())
	held := &keys{}
	assert.Same(t, held, secret.New(held).Reveal())
	var zero secret.Box[*keys]
	assert.Nil(t, zero.Reveal())
}

func TestABoxPrintsItsCoverWhereItsMethodsAreCalled(t *testing.T) {
	box := secret.New(newKeys())
	for _, verb := range verbs {
		format := "%" + string(verb)
		if strings.ContainsRune("Tpw", verb) {
			continue // package fmt prints these itself
		}
		assert.Equal(t, cover, fmt.Sprintf(format, box), format)
		assert.Equal(t, "{"+cover+"}", fmt.Sprintf(format, shown{box}), format)
	}
	assert.Equal(t, cover, slog.AnyValue(box).Resolve().String())
	assert.Equal(t, `{"Box":"`+cover+`"}`, string(must(json.Marshal(shown{box}))))
	assert.Equal(t, "<shown><Box>"+cover+"</Box></shown>", string(must(xml.Marshal(shown{box}))))
	assert.ErrorContains(t, gob.NewEncoder(&bytes.Buffer{}).Encode(shown{box}), "no exported fields")
}

func TestABoxPrintsAnAddressWhereItsMethodsAreNotCalled(t *testing.T) {
	box := secret.New(newKeys())
	assert.Regexp(t, `^\{\{0x[0-9a-f]+\}\}$`, fmt.Sprint(hidden{box}))
	places := []any{
		box, &box, hidden{box}, &hidden{box}, nested{&hidden{box}}, &nested{&hidden{box}}, []hidden{{box}}, map[string]hidden{"key": {box}},
		struct{ any any }{box}, struct{ boxes []secret.Box[keys] }{[]secret.Box[keys]{box}},
		reflect.ValueOf(box), reflect.ValueOf(box).Field(0), reflect.ValueOf(hidden{box}).Field(0), reflect.ValueOf(hidden{box}).Field(0).Field(0),
	}
	for i, place := range places {
		for _, verb := range verbs {
			for _, flag := range []string{"", "+", "#", "0", " "} {
				format := "%" + flag + string(verb)
				assertCovered(t, fmt.Sprintf(format, place), "%s of place %d", format, i)
				assertCovered(t, fmt.Errorf(format, place).Error(), "Errorf %s of place %d", format, i)
			}
		}
	}
}

// assertCovered looks for the first bytes in each form that fmt has for them.
func assertCovered(t *testing.T, text, format string, args ...any) {
	t.Helper()
	for _, form := range []string{canary, "774a616c", "774A616C", "77 4a", "77 4A", "0x77, 0x4a", "119 74", "=119", "167 112", "1110111 ", "'w'", "U+0077"} {
		assert.NotContains(t, text, form, append([]any{format}, args...)...)
	}
}

// Test libraries and debug printers walk through pointers and unexported fields.
func TestReflectionDoesNotReachIntoABox(t *testing.T) {
	var walk func(v reflect.Value) []reflect.Kind
	walk = func(v reflect.Value) []reflect.Kind {
		kinds := []reflect.Kind{v.Kind()}
		switch v.Kind() {
		case reflect.Pointer:
			kinds = append(kinds, walk(v.Elem())...)
		case reflect.Struct:
			for i := range v.NumField() {
				kinds = append(kinds, walk(v.Field(i))...)
			}
		}
		return kinds
	}
	assert.Equal(t, []reflect.Kind{reflect.Struct, reflect.Struct, reflect.Func}, walk(reflect.ValueOf(hidden{secret.New(newKeys())})))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
