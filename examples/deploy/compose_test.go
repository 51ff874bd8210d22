package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadCompose reads a file as Docker Compose does: by its schema, with its references.
func loadCompose(text string) (*types.Project, error) {
	dir, err := filepath.Abs("compose")
	if err != nil {
		return nil, err
	}
	return loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml"), Content: []byte(text)}},
		Environment: types.Mapping{"AWS_ACCESS_KEY_ID": "an-id", "AWS_SECRET_ACCESS_KEY": "a-secret", "AWS_SESSION_TOKEN": "a-session"},
	})
}

// checkCompose checks what both variants share, with the address by which the program calls awsfed.
func checkCompose(text, address string) (server, program types.ServiceConfig, project *types.Project, err error) {
	project, err = loadCompose(text)
	if err != nil {
		return server, program, nil, err
	}
	server, program = project.Services["awsfed"], project.Services["app"]
	faults := []error{
		equal("services", strings.Join(slices.Sorted(maps.Keys(project.Services)), " "), "app awsfed"),
		checkCommandLine(append([]string{"/awsfed"}, server.Command...)...),
		checkServerEnvironment("serve", composeEnvironment(server),
			"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"),
		checkClientEnvironment(composeEnvironment(program), address, "HOME", "PYTHONPATH"),
		equal("packages", composeEnvironment(program)["HOME"]+" "+composeEnvironment(program)["PYTHONPATH"], "/tmp /tmp/packages"),
		equal("dependency", program.DependsOn["awsfed"].Condition, types.ServiceConditionHealthy),
		equal("ports", len(server.Ports), 0), // whoever reaches them has the tokens
		equal("read only", server.ReadOnly, true),
		equal("memory", server.MemLimit, 64<<20),
		equal("restart", server.Restart, types.RestartPolicyUnlessStopped),
		equal("volumes", len(program.Volumes), 1),
		equal("command", len(program.Command), 3),
	}
	for _, service := range project.Services {
		faults = append(faults,
			equal("rights", fmt.Sprint(service.CapDrop, service.SecurityOpt), "[ALL] [no-new-privileges:true]"),
			equal("root", service.User == "" || strings.HasPrefix(service.User, "0"), false))
	}
	if server.Build == nil {
		faults = append(faults, errors.New("awsfed is not built"))
	} else {
		root, _ := filepath.Abs("../..")
		faults = append(faults, equal("build", server.Build.Context+" "+server.Build.Dockerfile, root+" cmd/awsfed/Dockerfile"))
	}
	if check := server.HealthCheck; check == nil || len(check.Test) == 0 || check.Interval == nil || check.Timeout == nil ||
		check.Retries == nil || check.StartPeriod == nil || check.StartInterval == nil {
		faults = append(faults, errors.New("no health check"))
	} else {
		faults = append(faults, equal("form", check.Test[0], "CMD"), checkCommandLine(check.Test[1:]...))
	}
	return server, program, project, errors.Join(faults...)
}

func checkComposeSidecar(text string) error {
	server, program, project, err := checkCompose(text, "127.0.0.1:8988")
	if err != nil {
		return err
	}
	return errors.Join(
		equal("name", project.Name, "awsfed-sidecar"),
		equal("network", program.NetworkMode, "service:awsfed"),
		equal("user", program.User, server.User),
	)
}

func checkComposeInternal(text string) error {
	server, program, project, err := checkCompose(text, "awsfed:8988")
	if err != nil {
		return err
	}
	names := func(networks map[string]*types.ServiceNetworkConfig) string {
		return strings.Join(slices.Sorted(maps.Keys(networks)), " ")
	}
	return errors.Join(
		equal("name", project.Name, "awsfed-internal"),
		equal("command", strings.Join(server.Command, " "), "serve -expose -hosts awsfed:8988"),
		equal("networks of awsfed", names(server.Networks), "egress tokens"),
		equal("networks of the program", names(program.Networks), "default tokens"),
		equal("networks", strings.Join(slices.Sorted(maps.Keys(project.Networks)), " "), "default egress tokens"),
		equal("internal", bool(project.Networks["tokens"].Internal), true),
	)
}

func composeEnvironment(service types.ServiceConfig) map[string]string {
	env := make(map[string]string)
	for name, value := range service.Environment {
		if value != nil {
			env[name] = *value
		}
	}
	return env
}
