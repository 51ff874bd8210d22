package stub

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/awsfed/awsfed-go/examples/guides/internal/commandline"
	"github.com/awsfed/awsfed-go/examples/guides/internal/document"
	"github.com/awsfed/awsfed-go/examples/guides/internal/syntax"
)

// meanGcloud judges what a call of gcloud names.
func meanGcloud(call *commandline.Call) error {
	var faults []error
	for flag, check := range map[string]func(string) error{
		"--member": syntax.Member, "--role": syntax.Role, "--project": syntax.Project, "--workload-identity-pool": syntax.Pool,
		"--impersonate-service-account": syntax.Account, "--format": checkFormat,
	} {
		for _, value := range call.Flags[flag] {
			faults = append(faults, check(value))
		}
	}
	faults = append(faults, operandsOfGcloud(call), pools(call), files(call))
	if condition := call.Flag("--condition"); condition != "" && condition != "None" {
		faults = append(faults, bindingCondition(condition))
	}
	return errors.Join(faults...)
}

// checkFormat reads a format of gcloud's output.
func checkFormat(format string) error {
	if !regexp.MustCompile(`^(json|yaml|text|list|none|default|disable|(value|get|csv|table|json|yaml|list)(\[[^\]]*\])?\([^()]+(\(\)[^()]*)*\))$`).MatchString(format) {
		return fmt.Errorf("the format %q", format)
	}
	return nil
}

// operandsOfGcloud judges the operands of a call by its command.
func operandsOfGcloud(call *commandline.Call) error {
	command := strings.TrimPrefix(call.Command, "gcloud ")
	check := func(string) error { return nil }
	form := func(form string) func(string) error {
		return func(operand string) error {
			if !regexp.MustCompile(form).MatchString(operand) {
				return fmt.Errorf("%q does not fit %s", operand, form)
			}
			return nil
		}
	}
	switch {
	case command == "iam service-accounts create":
		check = form(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	case strings.HasPrefix(command, "iam service-accounts keys"):
	case strings.HasPrefix(command, "iam service-accounts "):
		check = func(operand string) error {
			if regexp.MustCompile(`^[0-9]+$`).MatchString(operand) {
				return nil
			}
			return syntax.Account(operand)
		}
	case command == "projects list" || command == "projects create":
	case strings.HasPrefix(command, "projects "):
		check = syntax.Project
	case command == "config set" && len(call.Operands) == 2 && call.Operands[0] == "project":
		return syntax.Project(call.Operands[1])
	case command == "services enable" || command == "services disable":
		check = form(`^[a-z]+\.googleapis\.com$`)
	case command == "iam workload-identity-pools create-cred-config":
		check = syntax.Provider
	case strings.HasPrefix(command, "iam workload-identity-pools providers "):
		check = syntax.Provider
	case strings.HasPrefix(command, "iam workload-identity-pools "):
		check = syntax.Pool
	case strings.HasPrefix(command, "storage buckets ") && command != "storage buckets list":
		check = form(`^gs://[a-z0-9][a-z0-9._-]+[a-z0-9]/?$`)
	case (strings.HasPrefix(command, "org-policies ") && command != "org-policies set-policy" || strings.HasPrefix(command, "resource-manager org-policies ")) && len(call.Operands) > 0 &&
		!strings.Contains(command, "custom-constraint"):
		return syntax.Constraint(call.Operands[0])
	}
	var faults []error
	for _, operand := range call.Operands {
		faults = append(faults, check(operand))
	}
	return errors.Join(faults...)
}

// pools judges a call about pools and providers: what one that names them by their IDs needs
// besides, mapping and condition.
func pools(call *commandline.Call) error {
	rest, ok := strings.CutPrefix(call.Command, "gcloud iam workload-identity-pools ")
	if !ok || rest == "create-cred-config" {
		return nil
	}
	whole := len(call.Operands) > 0 && strings.HasPrefix(call.Operands[0], "projects/")
	var faults []error
	if location := call.Flag("--location"); location != "global" && (location != "" || !whole && !strings.HasPrefix(call.Flag("--workload-identity-pool"), "projects/")) {
		faults = append(faults, fmt.Errorf("want --location=global, not %q", location))
	}
	providers := strings.HasPrefix(rest, "providers ")
	if providers && !whole && call.Flag("--workload-identity-pool") == "" {
		faults = append(faults, errors.New("want --workload-identity-pool"))
	}
	if account := call.Flag("--account-id"); account != "" && !regexp.MustCompile(`^[0-9]{12}$`).MatchString(account) {
		faults = append(faults, fmt.Errorf("the AWS account %q has not 12 digits", account))
	}
	var mapping map[string]string
	aws := strings.HasSuffix(rest, "-aws")
	if text := call.Flag("--attribute-mapping"); text != "" {
		var err error
		if mapping, err = syntax.ParseMapping(text); err != nil {
			return errors.Join(append(faults, err)...)
		}
		faults = append(faults, syntax.Mapping(mapping, aws))
	} else if rest == "providers create-aws" {
		mapping = syntax.DefaultMapping()
	}
	if condition := call.Flag("--attribute-condition"); condition != "" {
		faults = append(faults, syntax.Condition(condition, mapping, aws))
	}
	return errors.Join(faults...)
}

// bindingCondition reads --condition: expression=…,title=…, as gcloud parts them.
func bindingCondition(text string) error {
	fields := make(map[string]string)
	separator := ","
	if parts := strings.SplitN(text, "^", 3); len(parts) == 3 && parts[0] == "" {
		separator, text = parts[1], parts[2]
	}
	for part := range strings.SplitSeq(text, separator) {
		name, value, _ := strings.Cut(part, "=")
		if name != "expression" && name != "title" && name != "description" {
			return fmt.Errorf("the condition %q: want expression=…,title=…", text)
		}
		fields[name] = value
	}
	if fields["title"] == "" {
		return fmt.Errorf("the condition %q has no title", text)
	}
	return syntax.BindingCondition(fields["expression"])
}

// files reads the files that a call names, as what they are for.
func files(call *commandline.Call) error {
	if os.Getenv(EnvShown) != "" {
		return nil
	}
	command := strings.TrimPrefix(call.Command, "gcloud ")
	named := map[string]string{ // file to kind
		call.Flag("--set-ingress-policies"): "ingress-policies", call.Flag("--ingress-policies"): "ingress-policies",
		call.Flag("--set-egress-policies"): "egress-policies", call.Flag("--egress-policies"): "egress-policies",
	}
	if len(call.Operands) > 0 {
		switch command {
		case "org-policies set-policy":
			named[call.Operands[0]] = "org-policy"
		case "org-policies set-custom-constraint":
			named[call.Operands[0]] = "custom-constraint"
		case "projects set-iam-policy", "iam service-accounts set-iam-policy":
			named[call.Operands[len(call.Operands)-1]] = "gcp-policy"
		}
	}
	delete(named, "")
	var faults []error
	for file, kind := range named {
		text, err := os.ReadFile(file)
		if err == nil {
			err = document.Check(kind, string(text))
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", file, err))
		}
	}
	return errors.Join(faults...)
}
