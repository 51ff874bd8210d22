package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/internal/strictjson"
)

func letters() map[string]json.RawMessage {
	all := make(map[string]json.RawMessage)
	for c := 'a'; c <= 'z'; c++ {
		all[string(c)] = json.RawMessage("1")
	}
	return all
}

func collected(o strictjson.Object) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage)
	for name, value := range o.All() {
		all[name] = value
	}
	return all
}

func TestFieldsAreReadByTheirExactNames(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       map[string]json.RawMessage
	}{
		{"no field", `{}`, map[string]json.RawMessage{}},
		{"all types", `{"a":"x","b":1.5e3,"c":[1,2],"d":{"e":null},"f":true,"g":null}`, map[string]json.RawMessage{
			"a": json.RawMessage(`"x"`), "b": json.RawMessage(`1.5e3`), "c": json.RawMessage(`[1,2]`),
			"d": json.RawMessage(`{"e":null}`), "f": json.RawMessage(`true`), "g": json.RawMessage(`null`),
		}},
		{"another case is another field", `{"a":1,"A":2}`, map[string]json.RawMessage{"a": json.RawMessage(`1`), "A": json.RawMessage(`2`)}},
		{"an escaped name", `{"\u0061":1}`, map[string]json.RawMessage{"a": json.RawMessage(`1`)}},
		{"blanks around it", " \r\n\t{\"a\":1}\n ", map[string]json.RawMessage{"a": json.RawMessage(`1`)}},
		{"a byte order mark", "\ufeff{\"a\":1}", map[string]json.RawMessage{"a": json.RawMessage(`1`)}},
		{"one name in two objects", `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, map[string]json.RawMessage{
			"a": json.RawMessage(`{"a":1}`), "b": json.RawMessage(`[{"a":1},{"a":2}]`),
		}},
		{"a value that is the name of the next", `{"a":"b","b":"a"}`, map[string]json.RawMessage{"a": json.RawMessage(`"b"`), "b": json.RawMessage(`"a"`)}},
		{"a number beyond all floats", `{"a":1e999}`, map[string]json.RawMessage{"a": json.RawMessage(`1e999`)}},
		{"many fields", `{"` + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyz", ""), `":1,"`) + `":1}`, letters()},
		{"nested 32 deep", `{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, map[string]json.RawMessage{
			"a": json.RawMessage(strings.Repeat("[", 31) + strings.Repeat("]", 31)),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := strictjson.Fields([]byte(c.data))
			require.NoError(t, err)
			assert.Equal(t, c.want, collected(got))
			for name, value := range c.want {
				assert.Equal(t, value, got.Get(name))
			}
			assert.Nil(t, got.Get("no such name"))
		})
	}
}

func TestWhatIsNotOneObjectIsRefusedInPlainWords(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "it is empty"},
		{"blanks", " \r\n\t ", "it is empty"},
		{"a byte order mark alone", "\ufeff", "it is empty"},
		{"two byte order marks", "\ufeff\ufeff{}", "it is not a JSON object"},
		{"null", "null", "it is not a JSON object"},
		{"an array", `[{"a":1}]`, "it is not a JSON object"},
		{"a string", `"{}"`, "it is not a JSON object"},
		{"HTML", "<html>", "it is not a JSON object"},
		{"a brace", "{", "it is cut off"},
		{"cut in a name", `{"a`, "it is cut off"},
		{"cut after a name", `{"a"`, "it is cut off"},
		{"cut after a colon", `{"a":`, "it is cut off"},
		{"cut in a string", `{"a":"b`, "it is cut off"},
		{"cut in an escape", `{"a":"b\u00`, "it is cut off"},
		{"cut in a number", `{"a":12`, "it is cut off"},
		{"cut in a word", `{"a":tru`, "it is cut off"},
		{"cut in an array", `{"a":[1,`, "it is cut off"},
		{"cut after a comma", `{"a":1,`, "it is cut off"},
		{"a comma at the end", `{"a":1,}`, "it is not valid JSON at byte 8"},
		{"a comma at the end of an array", `{"a":[1,]}`, "it is not valid JSON at byte 9"},
		{"no colon", `{"a" 1}`, "it is not valid JSON at byte 6"},
		{"a name without quotes", `{a:1}`, "it is not valid JSON at byte 2"},
		{"a number for a name", `{1:1}`, "it is not valid JSON at byte 2"},
		{"the wrong end", `{"a":1]`, "it is not valid JSON at byte 7"},
		{"a line break in a string", "{\"a\":\"b\nc\"}", "it is not valid JSON at byte 8"},
		{"a number with a leading zero", `{"a":01}`, "it is not valid JSON at byte 7"},
		{"a comment", `{/**/}`, "it is not valid JSON at byte 2"},
		{"another object", `{"a":1}{"a":2}`, "it goes on after the end of the JSON object"},
		{"another brace", `{"a":1}}`, "it goes on after the end of the JSON object"},
		{"a NUL at the end", "{}\x00", "it goes on after the end of the JSON object"},
		{"a key twice", `{"a":1,"b":2,"a":1}`, `it has the key "a" twice`},
		{"a key twice, once escaped", `{"a":1,"\u0061":2}`, `it has the key "a" twice`},
		{"a key twice within", `{"a":[{"b":{"c":1,"c":2}}]}`, `it has the key "c" twice`},
		{"a key twice among many", `{"a":1,"` + strings.Join(strings.Split("bcdefghijklmnopqrstuvwxyz", ""), `":1,"`) + `":1,"a":1}`, `it has the key "a" twice`},
		{"the empty key twice", `{"":1,"":2}`, `it has the key "" twice`},
		{"a key with controls twice", `{"a\n\u202eb":1,"a\n\u202eb":2}`, `it has the key "a b" twice`},
		{"invalid UTF-8 in a value", "{\"a\":\"\xff\"}", "it holds bytes that are not UTF-8"},
		{"invalid UTF-8 in a name", "{\"a\xc3\":1}", "it holds bytes that are not UTF-8"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "it holds bytes that are not UTF-8"},
		{"arrays nested 33 deep", `{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, "it is nested deeper than 32"},
		{"objects nested 33 deep", strings.Repeat(`{"a":`, 32) + `{}` + strings.Repeat("}", 32), "it is nested deeper than 32"},
		{"nested a million deep", `{"a":` + strings.Repeat("[", 1_000_000), "it is nested deeper than 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := strictjson.Fields([]byte(c.data))
			assert.EqualError(t, err, c.want)
			assert.Zero(t, got)
		})
	}
}

func TestALongKeyIsNotQuotedWhole(t *testing.T) {
	key := strings.Repeat("é", 500_000)
	_, err := strictjson.Fields([]byte(`{"` + key + `":1,"` + key + `":1}`))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 120)
	assert.Contains(t, err.Error(), `é…" twice`)
}

func FuzzFields(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"A":"x"}`, `{"a":1,"a":2}`, "\ufeff{\"a\":[{\"b\":null}]}", `{"a":"\ud800"}`, `{"a":1e999}`, `{"a":tru`, "{\"\xff\":1}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := strictjson.Fields(data)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 300)
			require.True(t, utf8.ValidString(err.Error()))
			require.NotContains(t, err.Error(), "\n")
			return
		}
		// Whoever reads it with package json reads the same.
		var again map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), &again))
		require.Equal(t, again, collected(fields))
		for _, value := range fields.All() {
			require.True(t, json.Valid(value))
		}
	})
}
