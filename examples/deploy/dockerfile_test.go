package deploy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An instruction is a line of a Dockerfile.
type instruction struct{ name, value string }

// parseDockerfile reads the part of the language that the files use: a line for each instruction.
func parseDockerfile(text string) ([]instruction, error) {
	known := []string{"ARG", "FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
	var instructions []instruction
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := strings.Cut(line, " ")
		if !slices.Contains(known, name) || value == "" || strings.HasSuffix(line, `\`) {
			return nil, fmt.Errorf("%q is no instruction that the test knows", line)
		}
		instructions = append(instructions, instruction{name, value})
	}
	return instructions, nil
}

func dockerfileKeys(text string) ([]key, error) {
	var keys []key
	number := 0
	for line := range strings.Lines(text) {
		number++
		if name, _, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
			keys = append(keys, key{name, number, 1})
		}
	}
	return keys, nil
}

// valuesOf gives the values of an instruction, in their order.
func valuesOf(instructions []instruction, name string) []string {
	var values []string
	for _, i := range instructions {
		if i.name == name {
			values = append(values, i.value)
		}
	}
	return values
}

// words reads the array that an image without a shell needs.
func words(value string) ([]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(value), &list); err != nil {
		return nil, fmt.Errorf("%s: %w", value, err)
	}
	return list, nil
}

// imageCommand gives the words that an image runs: those of its last ENTRYPOINT and CMD.
func imageCommand(instructions []instruction) ([]string, error) {
	var command []string
	for _, name := range []string{"ENTRYPOINT", "CMD"} {
		values := valuesOf(instructions, name)
		if len(values) != 1 {
			return nil, fmt.Errorf("not one %s", name)
		}
		list, err := words(values[0])
		if err != nil {
			return nil, err
		}
		command = append(command, list...)
	}
	return command, nil
}

func checkWrapperDockerfile(text string) error {
	instructions, err := parseDockerfile(text)
	if err != nil {
		return err
	}
	command, err := imageCommand(instructions)
	if err != nil {
		return err
	}
	return errors.Join(
		checkCommandLine(command...),
		equal("stages", strings.Join(valuesOf(instructions, "FROM"), ", "), "${AWSFED} AS awsfed, python:3.13-slim"),
		equal("copies", strings.Join(valuesOf(instructions, "COPY"), ", "), "--from=awsfed /awsfed "+command[0]+", app.py /app/app.py"),
		equal("user", strings.Join(valuesOf(instructions, "USER"), ", "), "65532:65532"),
		equal("arguments", strings.Join(valuesOf(instructions, "ARG"), ", "), "AWSFED=awsfed:0.1.0"),
		equal("packages", strings.Join(valuesOf(instructions, "RUN"), ", "), "pip install --no-cache-dir google-cloud-storage"),
	)
}

func checkAwsfedDockerfile(text string) error {
	instructions, err := parseDockerfile(text)
	if err != nil {
		return err
	}
	command, err := imageCommand(instructions)
	if err != nil {
		return err
	}
	faults := []error{
		equal("command", strings.Join(command, " "), "/awsfed serve"),
		checkCommandLine(command...),
		equal("stages", strings.Join(valuesOf(instructions, "FROM"), ", "), "golang:1.26 AS build, scratch"),
		equal("directory", strings.Join(valuesOf(instructions, "WORKDIR"), ", "), "/src"),
		equal("steps", len(valuesOf(instructions, "RUN")), 1),
		equal("copies", strings.Join(valuesOf(instructions, "COPY"), ", "),
			". ., --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/, --from=build /out/awsfed /awsfed"),
		equal("user", strings.Join(valuesOf(instructions, "USER"), ", "), "65532:65532"),
	}
	checks := valuesOf(instructions, "HEALTHCHECK")
	if len(checks) != 1 {
		return errors.Join(append(faults, errors.New("not one health check"))...)
	}
	options, array, _ := strings.Cut(checks[0], " CMD ")
	list, err := words(array)
	if err != nil {
		return err
	}
	return errors.Join(append(faults, checkCommandLine(list...),
		equal("options", options, "--interval=10s --timeout=3s --start-period=60s --retries=3"))...)
}
