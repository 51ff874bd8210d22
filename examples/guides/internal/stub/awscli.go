package stub

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/awsfed/awsfed-go/examples/guides/internal/commandline"
	"github.com/awsfed/awsfed-go/examples/guides/internal/document"
)

// meanAWS judges what a call of the AWS CLI names.
func meanAWS(call *commandline.Call) error {
	var faults []error
	for flag, form := range map[string]string{
		"--role-name": `^[A-Za-z0-9+=,.@_-]{1,64}$`, "--role-arn": `^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`,
		"--policy-arn": `^arn:aws(-[a-z]+)*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$`, "--region": `^[a-z]{2}(-[a-z]+)+-[0-9]$`,
		"--instance-id": `^i-[0-9a-f]{8,17}$`, "--http-put-response-hop-limit": `^([1-9]|[1-5][0-9]|6[0-4])$`,
	} {
		for _, value := range call.Flags[flag] {
			if !regexp.MustCompile(form).MatchString(value) {
				faults = append(faults, fmt.Errorf("%s %q does not fit %s", flag, value, form))
			}
		}
	}
	for flag, kind := range map[string]string{
		"--policy-document": "aws-policy", "--assume-role-policy-document": "aws-trust-policy", "--policy": "aws-policy",
	} {
		if flag == "--policy" && !strings.HasPrefix(call.Command, "aws sts ") {
			continue
		}
		for _, value := range call.Flags[flag] {
			if err := policy(kind, value); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", flag, err))
			}
		}
	}
	if text := call.Flag("--cli-input-json"); text != "" && call.Command == "aws ecs register-task-definition" {
		faults = append(faults, policy("ecs-task", text))
	}
	return errors.Join(faults...)
}

// policy reads a document that is the value of a flag, or is in the file that it names.
func policy(kind, value string) error {
	file, ok := strings.CutPrefix(value, "file://")
	if !ok {
		return document.Check(kind, value)
	}
	if os.Getenv(EnvShown) != "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return document.Check(kind, string(text))
}

// meanKubectl reads the manifests that a call applies.
func meanKubectl(call *commandline.Call) error {
	if os.Getenv(EnvShown) != "" {
		return nil
	}
	var faults []error
	for _, file := range call.Flags["--filename"] {
		if file == "-" || strings.Contains(file, "://") {
			continue
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = document.Check("kubernetes", string(text))
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
