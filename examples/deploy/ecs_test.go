package deploy_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/awsfed/awsfed-go/examples/deploy/awsjson"
)

func checkFargate(text string) error {
	task, err := checkTask(text, types.CompatibilityFargate)
	if err != nil {
		return err
	}
	// Fargate takes the smallest of its sizes, and the containers have to fit.
	var memory int32
	for _, container := range task.ContainerDefinitions {
		memory += aws.ToInt32(container.Memory)
	}
	return errors.Join(
		equal("processors", aws.ToString(task.Cpu), "256"),
		equal("memory", aws.ToString(task.Memory), fmt.Sprint(memory)),
	)
}

func checkEC2(text string) error {
	task, err := checkTask(text, types.CompatibilityEc2)
	if err != nil {
		return err
	}
	var faults []error
	for _, container := range task.ContainerDefinitions {
		// Not for Fargate, which refuses it.
		faults = append(faults, equal("options", strings.Join(container.DockerSecurityOptions, " "), "no-new-privileges:true"))
	}
	return errors.Join(faults...)
}

func checkTask(text string, on types.Compatibility) (ecs.RegisterTaskDefinitionInput, error) {
	var task ecs.RegisterTaskDefinitionInput
	if err := awsjson.Decode(text, &task); err != nil {
		return task, err
	}
	if len(task.ContainerDefinitions) != 2 {
		return task, errors.New("not one program and one sidecar")
	}
	server, program := task.ContainerDefinitions[0], task.ContainerDefinitions[1]
	platform := orZero(task.RuntimePlatform)
	faults := []error{
		equal("family", strings.HasPrefix(aws.ToString(task.Family), "orders"), true),
		equal("kind", fmt.Sprint(task.RequiresCompatibilities), fmt.Sprint([]types.Compatibility{on})),
		equal("network", task.NetworkMode, types.NetworkModeAwsvpc), // else the loopback is not shared
		equal("processor", platform.CpuArchitecture, types.CPUArchitectureArm64),
		equal("system", platform.OperatingSystemFamily, types.OSFamilyLinux),
		equal("role", aws.ToString(task.TaskRoleArn), "arn:aws:iam::123456789012:role/orders"),
		equal("role of the agent", aws.ToString(task.ExecutionRoleArn), "arn:aws:iam::123456789012:role/orders-execution"),
		equal("name", aws.ToString(server.Name), "awsfed"),
		checkCommandLine(append([]string{"/awsfed"}, server.Command...)...),
		checkServerEnvironment("serve", values(server), "AWS_REGION", "GOMEMLIMIT"),
		equal("memory", aws.ToInt32(server.Memory), 64),
		equal("processors", server.Cpu, 32),
		checkHealth(server.HealthCheck),
		equal("dependencies", len(program.DependsOn), 1),
		equal("command", strings.Join(program.Command, " "), "python /app/app.py"),
		// An own NO_PROXY must not lose the address of ECS itself.
		checkClientEnvironment(values(program), "127.0.0.1:8988"),
		equal("address of ECS", strings.HasSuffix(values(program)["NO_PROXY"], ",169.254.170.2"), true),
		equal("user", aws.ToString(program.User), aws.ToString(server.User)),
	}
	for _, dependency := range program.DependsOn {
		faults = append(faults, equal("dependency", aws.ToString(dependency.ContainerName)+" "+string(dependency.Condition), "awsfed HEALTHY"))
	}
	for _, container := range task.ContainerDefinitions {
		if err := checkTaskContainer(container); err != nil {
			faults = append(faults, fmt.Errorf("container %s: %w", aws.ToString(container.Name), err))
		}
	}
	return task, errors.Join(faults...)
}

func checkHealth(check *types.HealthCheck) error {
	if check == nil || len(check.Command) == 0 {
		return errors.New("no health check")
	}
	return errors.Join(
		equal("form", check.Command[0], "CMD"), // CMD-SHELL needs a shell
		checkCommandLine(check.Command[1:]...),
		bounded("interval", check.Interval, 5, 300),
		bounded("timeout", check.Timeout, 2, 60),
		bounded("retries", check.Retries, 1, 10),
		bounded("start period", check.StartPeriod, 1, 300),
	)
}

// checkTaskContainer checks what both containers share.
func checkTaskContainer(container types.ContainerDefinition) error {
	var faults []error
	user := aws.ToString(container.User)
	if user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root") {
		faults = append(faults, fmt.Errorf("the user %q", user))
	}
	linux := orZero(container.LinuxParameters)
	if linux.Capabilities == nil || !slices.Equal(linux.Capabilities.Drop, []string{"ALL"}) || len(linux.Capabilities.Add) > 0 {
		faults = append(faults, errors.New("it has more rights than it needs"))
	}
	if linux.InitProcessEnabled == nil {
		faults = append(faults, errors.New("it says nothing of an init process"))
	}
	logs := orZero(container.LogConfiguration)
	options := slices.Sorted(maps.Keys(logs.Options)) // a map that takes any
	return errors.Join(append(faults,
		equal("essential", aws.ToBool(container.Essential), true),
		equal("read only", aws.ToBool(container.ReadonlyRootFilesystem), true),
		equal("image", strings.HasPrefix(aws.ToString(container.Image), "123456789012.dkr.ecr.eu-central-1.amazonaws.com/"), true),
		bounded("memory", container.Memory, 64, 448),
		bounded("time to stop", container.StopTimeout, 2, 120),
		equal("logs", logs.LogDriver, types.LogDriverAwslogs),
		equal("options of logs", strings.Join(options, " "), "awslogs-group awslogs-region awslogs-stream-prefix"),
	)...)
}

func bounded(name string, value *int32, least, most int32) error {
	if value == nil || *value < least || *value > most {
		return fmt.Errorf("%s is not between %d and %d", name, least, most)
	}
	return nil
}

// values are the environment of a container.
func values(container types.ContainerDefinition) map[string]string {
	env := make(map[string]string)
	for _, pair := range container.Environment {
		env[aws.ToString(pair.Name)] = aws.ToString(pair.Value)
	}
	return env
}

func orZero[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
