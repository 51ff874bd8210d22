package document

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/awsfed/awsfed-go/examples/deploy/awsjson"
)

// ecsTask reads a task definition, as aws ecs register-task-definition takes it.
func ecsTask(text string) error {
	var task ecs.RegisterTaskDefinitionInput
	if err := awsjson.Decode(text, &task); err != nil {
		return err
	}
	var faults []error
	if aws.ToString(task.Family) == "" || len(task.ContainerDefinitions) == 0 {
		faults = append(faults, errors.New("a task definition has a family and containers"))
	}
	for _, role := range []*string{task.TaskRoleArn, task.ExecutionRoleArn} {
		if arn := aws.ToString(role); arn != "" && !strings.HasPrefix(arn, "arn:aws:iam::") {
			faults = append(faults, fmt.Errorf("%q is no ARN of a role", arn))
		}
	}
	return errors.Join(faults...)
}
