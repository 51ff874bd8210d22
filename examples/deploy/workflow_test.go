package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// A workflow is as much of one of GitHub Actions as the release has.
type workflow struct {
	Name string `yaml:"name"`
	On   struct {
		Push struct {
			Tags []string `yaml:"tags"`
		} `yaml:"push"`
	} `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        struct {
		Binaries struct {
			RunsOn         string            `yaml:"runs-on"`
			TimeoutMinutes int               `yaml:"timeout-minutes"`
			Permissions    map[string]string `yaml:"permissions"`
			Steps          []struct {
				Uses string            `yaml:"uses"`
				With map[string]string `yaml:"with"`
				Run  string            `yaml:"run"`
				Env  map[string]string `yaml:"env"`
			} `yaml:"steps"`
		} `yaml:"binaries"`
	} `yaml:"jobs"`
}

func checkRelease(text string) error {
	var w workflow
	if err := decodeStrictly(text, &w); err != nil {
		return err
	}
	job := w.Jobs.Binaries
	faults := []error{
		equal("name", w.Name, "release"),
		equal("tags", fmt.Sprint(w.On.Push.Tags), "[v*]"),
		equal("permissions of all jobs", w.Permissions != nil && len(w.Permissions) == 0, true),
		equal("permissions", fmt.Sprint(job.Permissions), "map[attestations:write contents:write id-token:write]"),
		equal("runner", job.RunsOn, "ubuntu-latest"),
		equal("timeout", job.TimeoutMinutes > 0, true),
		equal("steps", len(job.Steps), 5),
	}
	ci, err := os.ReadFile("../../.github/workflows/ci.yml")
	faults = append(faults, err)
	for i, step := range job.Steps {
		if (step.Uses == "") == (step.Run == "") {
			faults = append(faults, fmt.Errorf("step %d has not one of uses and run", i))
		}
		// What both use is of one version, which Dependabot moves in both.
		action, _, _ := strings.Cut(step.Uses, "@")
		if step.Uses != "" && strings.Contains(string(ci), "uses: "+action+"@") && !strings.Contains(string(ci), "uses: "+step.Uses+"\n") {
			faults = append(faults, fmt.Errorf("step %d: the other workflow has another version of %s", i, action))
		}
		// An expression in a script is text of others that the shell runs.
		if strings.Contains(step.Run, "${{") {
			faults = append(faults, fmt.Errorf("step %d: an expression in a script", i))
		}
		if step.Run != "" {
			faults = append(faults, equal("inputs", len(step.With), 0))
			continue
		}
		want, ok := inputs()[action]
		if !ok {
			faults = append(faults, fmt.Errorf("step %d: the test does not know %s", i, action))
		}
		faults = append(faults, equal("variables", len(step.Env), 0), equal("inputs", len(step.With), len(want)), checkNames(step.With, want...))
	}
	if len(job.Steps) == 5 {
		faults = append(faults,
			equal("build", job.Steps[2].Run, `go -C internal/release run . -binaries "$RUNNER_TEMP/binaries" -tag "$GITHUB_REF_NAME"`),
			equal("toolchain", fmt.Sprint(job.Steps[2].Env), "map[GOTOOLCHAIN:local]"),
			equal("subjects", job.Steps[3].With["subject-path"], "${{ runner.temp }}/binaries/*"),
			equal("release", strings.HasPrefix(job.Steps[4].Run, "gh release create \"$GITHUB_REF_NAME\" --verify-tag "), true),
			equal("token", job.Steps[4].Env["GH_TOKEN"], "${{ github.token }}"),
			equal("notes", job.Steps[4].Env["NOTES"] != "", true),
			checkNames(job.Steps[4].Env, "GH_TOKEN", "NOTES"))
	}
	return errors.Join(faults...)
}

// inputs are those that the release gives to each action, as the action documents them.
func inputs() map[string][]string {
	return map[string][]string{
		"actions/checkout":                {"persist-credentials"},
		"actions/setup-go":                {"go-version", "cache"},
		"actions/attest-build-provenance": {"subject-path"},
	}
}
