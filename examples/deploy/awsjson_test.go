package deploy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// decodeAWS reads the JSON of an AWS API into a type of the AWS SDK, whose fields have no names of
// JSON: they are those of the field with a small first letter. Unknown names, names twice, values
// of another type and values that an enumeration does not have are faults, and all are told.
func decodeAWS(text string, into any) error {
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
	return errors.Join(fillAWS("", value, reflect.ValueOf(into).Elem())...)
}

// fillAWS sets the Go value at a path, and gives the faults.
func fillAWS(path string, value any, to reflect.Value) []error {
	mismatch := []error{fmt.Errorf("%s: %T is not a %s", path, value, to.Type())}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return fillAWS(path, value, to.Elem())
	case reflect.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			return mismatch
		}
		var faults []error
		for name, member := range object {
			if field, ok := fieldAWS(name, to); ok {
				faults = append(faults, fillAWS(path+"."+name, member, field)...)
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
			faults = append(faults, fillAWS(fmt.Sprintf("%s[%d]", path, i), member, to.Index(i))...)
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
			faults = append(faults, fillAWS(path+"."+name, member, element)...)
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
	return []error{fmt.Errorf("%s: the test does not know %s", path, to.Type())}
}

func fieldAWS(name string, object reflect.Value) (reflect.Value, bool) {
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

func TestJSONOfAnAWSAPIIsReadByItsExactNamesAndValues(t *testing.T) {
	for name, test := range map[string]struct{ text, fault string }{
		"an unknown name":                 {`{"family":"a","famly":"b"}`, "has no famly"},
		"the name of the Go field":        {`{"Family":"a"}`, "has no Family"},
		"a name in another case":          {`{"networkmode":"awsvpc"}`, "has no networkmode"},
		"a name twice":                    {`{"family":"a","family":"b"}`, "already set"},
		"a value that the enum lacks":     {`{"networkMode":"awsVpc"}`, `"awsVpc" is none of`},
		"an enum's value in a list":       {`{"requiresCompatibilities":["FARGATE","EKS"]}`, "requiresCompatibilities[1]"},
		"a number for a string":           {`{"cpu":256}`, "is not a string"},
		"a string for a number":           {`{"containerDefinitions":[{"memory":"64"}]}`, "is not a int32"},
		"a fraction for a number":         {`{"containerDefinitions":[{"cpu":0.5}]}`, "is not a int32"},
		"a string for a switch":           {`{"containerDefinitions":[{"essential":"true"}]}`, "is not a bool"},
		"an object for a list":            {`{"containerDefinitions":{"name":"a"}}`, "is not a []types.ContainerDefinition"},
		"an unknown name deep in a list":  {`{"containerDefinitions":[{"healthCheck":{"comand":[]}}]}`, "has no comand"},
		"YAML that is not JSON":           {"family: a", "not JSON"},
		"a field of the SDK that is none": {`{"noSmithyDocumentSerde":{}}`, "has no noSmithyDocumentSerde"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, decodeAWS(test.text, new(ecs.RegisterTaskDefinitionInput)), test.fault)
		})
	}
	var input ecs.RegisterTaskDefinitionInput
	require.NoError(t, decodeAWS(`{"family":"a","networkMode":"awsvpc","containerDefinitions":[{"memory":64,"essential":true,`+
		`"dependsOn":[{"containerName":"b","condition":"HEALTHY"}],"logConfiguration":{"options":{"a":"b"}}}]}`, &input))
	assert.Equal(t, "a", *input.Family)
	assert.Equal(t, types.NetworkModeAwsvpc, input.NetworkMode)
	container := input.ContainerDefinitions[0]
	assert.Equal(t, int32(64), *container.Memory)
	assert.True(t, *container.Essential)
	assert.Equal(t, types.ContainerConditionHealthy, container.DependsOn[0].Condition)
	assert.Equal(t, map[string]string{"a": "b"}, container.LogConfiguration.Options)
}
