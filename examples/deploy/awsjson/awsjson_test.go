package awsjson_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/examples/deploy/awsjson"
)

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
			assert.ErrorContains(t, awsjson.Decode(test.text, new(ecs.RegisterTaskDefinitionInput)), test.fault)
		})
	}
	var input ecs.RegisterTaskDefinitionInput
	require.NoError(t, awsjson.Decode(`{"family":"a","networkMode":"awsvpc","containerDefinitions":[{"memory":64,"essential":true,`+
		`"dependsOn":[{"containerName":"b","condition":"HEALTHY"}],"logConfiguration":{"options":{"a":"b"}}}]}`, &input))
	assert.Equal(t, "a", *input.Family)
	assert.Equal(t, types.NetworkModeAwsvpc, input.NetworkMode)
	container := input.ContainerDefinitions[0]
	assert.Equal(t, int32(64), *container.Memory)
	assert.True(t, *container.Essential)
	assert.Equal(t, types.ContainerConditionHealthy, container.DependsOn[0].Condition)
	assert.Equal(t, map[string]string{"a": "b"}, container.LogConfiguration.Options)
}
