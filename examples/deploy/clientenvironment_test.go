package deploy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkClientEnvironment holds the environment of a program against what makes Google's clients ask
// a metadata server at host, and nothing before it. More may only be what is listed in others.
func checkClientEnvironment(env map[string]string, host string, others ...string) error {
	name, _, _ := strings.Cut(host, ":")
	var faults []error
	for variable, want := range map[string]string{
		"GCE_METADATA_HOST":         host,
		"GCE_METADATA_IP":           host, // Node asks it before the one above
		"GCE_METADATA_ROOT":         host, // gcloud knows no other
		"METADATA_SERVER_DETECTION": "assume-present",
		"GCE_METADATA_MTLS_MODE":    "none",
		"GOOGLE_CLOUD_PROJECT":      "my-project",
	} {
		if env[variable] != want {
			faults = append(faults, fmt.Errorf("%s is %q instead of %q", variable, env[variable], want))
		}
		others = append(others, variable)
	}
	for _, variable := range []string{"NO_PROXY", "no_proxy"} {
		if !slices.Contains(strings.Split(env[variable], ","), name) {
			faults = append(faults, fmt.Errorf("%s is %q, without %s", variable, env[variable], name))
		}
		others = append(others, variable)
	}
	return errors.Join(append(faults, checkNames(env, others...))...)
}

// checkServerEnvironment holds the environment of awsfed against what it needs to know who it is.
func checkServerEnvironment(command string, env map[string]string, others ...string) error {
	faults := []error{checkVariables(command, env)}
	file, audience := env["GOOGLE_APPLICATION_CREDENTIALS"], env["AWSFED_AUDIENCE"]
	if (file == "") == (audience == "") {
		faults = append(faults, fmt.Errorf("not one of a file (%q) and a provider (%q)", file, audience))
	}
	if audience != "" && (!strings.HasPrefix(audience, "//iam.googleapis.com/projects/") || env["AWSFED_SERVICE_ACCOUNT"] == "") {
		faults = append(faults, fmt.Errorf("the provider %q and the account %q", audience, env["AWSFED_SERVICE_ACCOUNT"]))
	}
	if env["AWSFED_PROJECT"] != "my-project" {
		faults = append(faults, fmt.Errorf("AWSFED_PROJECT is %q", env["AWSFED_PROJECT"]))
	}
	for variable := range env {
		if strings.HasPrefix(variable, "AWSFED_") {
			others = append(others, variable)
		}
	}
	return errors.Join(append(faults, checkNames(env, append(others, "GOOGLE_APPLICATION_CREDENTIALS")...))...)
}

// checkNames refuses a variable that is not known: it may be one that was misspelt.
func checkNames(env map[string]string, known ...string) error {
	var faults []error
	for variable := range env {
		if !slices.Contains(known, variable) {
			faults = append(faults, fmt.Errorf("the variable %s is not known here", variable))
		}
	}
	return errors.Join(faults...)
}
