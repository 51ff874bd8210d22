package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// workflow reads a workflow of GitHub Actions: "Workflow syntax" of its documentation, as far as
// the guides go. An action is pinned to a version.
func workflow(text string) error {
	type step struct {
		ID               string            `json:"id"`
		Name             string            `json:"name"`
		If               string            `json:"if"`
		Uses             string            `json:"uses"`
		Run              string            `json:"run"`
		Shell            string            `json:"shell"`
		WorkingDirectory string            `json:"working-directory"`
		With             map[string]any    `json:"with"`
		Env              map[string]string `json:"env"`
		TimeoutMinutes   int               `json:"timeout-minutes"`
		ContinueOnError  bool              `json:"continue-on-error"`
	}
	var w struct {
		Name        string            `json:"name"`
		On          json.RawMessage   `json:"on"`
		Permissions map[string]string `json:"permissions"`
		Env         map[string]string `json:"env"`
		Concurrency json.RawMessage   `json:"concurrency"`
		Defaults    json.RawMessage   `json:"defaults"`
		Jobs        map[string]struct {
			Name           string            `json:"name"`
			If             string            `json:"if"`
			Needs          json.RawMessage   `json:"needs"`
			RunsOn         json.RawMessage   `json:"runs-on"`
			Environment    json.RawMessage   `json:"environment"`
			Container      json.RawMessage   `json:"container"`
			Permissions    map[string]string `json:"permissions"`
			Env            map[string]string `json:"env"`
			Strategy       json.RawMessage   `json:"strategy"`
			TimeoutMinutes int               `json:"timeout-minutes"`
			Steps          []step            `json:"steps"`
		} `json:"jobs"`
	}
	// YAML 1.1 takes the name on for a bool.
	text = regexp.MustCompile(`(?m)^on:`).ReplaceAllString(text, `"on":`)
	if err := decode(text, &w); err != nil {
		return err
	}
	var faults []error
	if w.On == nil || len(w.Jobs) == 0 {
		faults = append(faults, errors.New("a workflow has on and jobs"))
	}
	permissions := []map[string]string{w.Permissions}
	for name, job := range w.Jobs {
		permissions = append(permissions, job.Permissions)
		if job.RunsOn == nil {
			faults = append(faults, fmt.Errorf("the job %s has no runs-on", name))
		}
		for i, s := range job.Steps {
			if (s.Uses == "") == (s.Run == "") {
				faults = append(faults, fmt.Errorf("the job %s: step %d: want one of uses and run", name, i))
			}
			if s.Uses != "" && !regexp.MustCompile(`^(\./.*|[\w.-]+/[\w./-]+@(v[0-9]+(\.[0-9]+)*|[0-9a-f]{40}))$`).MatchString(s.Uses) {
				faults = append(faults, fmt.Errorf("the job %s: step %d: %q has no version", name, i, s.Uses))
			}
		}
	}
	for _, list := range permissions {
		for name, value := range list {
			if !regexp.MustCompile(`^(actions|attestations|checks|contents|deployments|id-token|issues|packages|pages|pull-requests|security-events|statuses)$`).MatchString(name) ||
				value != "read" && value != "write" && value != "none" {
				faults = append(faults, fmt.Errorf("the permission %s: %s", name, value))
			}
		}
	}
	return errors.Join(faults...)
}

// buildspec is as much of a build specification of CodeBuild as guides need ("Build specification
// reference").
type buildspec struct {
	Version json.Number `json:"version"`
	RunAs   string      `json:"run-as"`
	Env     struct {
		Shell             string            `json:"shell"`
		Variables         map[string]string `json:"variables"`
		ParameterStore    map[string]string `json:"parameter-store"`
		SecretsManager    map[string]string `json:"secrets-manager"`
		ExportedVariables []string          `json:"exported-variables"`
	} `json:"env"`
	Phases struct {
		Install   phase `json:"install"`
		PreBuild  phase `json:"pre_build"`
		Build     phase `json:"build"`
		PostBuild phase `json:"post_build"`
	} `json:"phases"`
	Artifacts struct {
		Files         []string `json:"files"`
		BaseDirectory string   `json:"base-directory"`
		DiscardPaths  string   `json:"discard-paths"`
	} `json:"artifacts"`
	Cache struct {
		Paths []string `json:"paths"`
	} `json:"cache"`
}

type phase struct {
	RunAs           string            `json:"run-as"`
	OnFailure       string            `json:"on-failure"`
	RuntimeVersions map[string]string `json:"runtime-versions"`
	Commands        []string          `json:"commands"`
	Finally         []string          `json:"finally"`
}
