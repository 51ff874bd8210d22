package deploy_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// flags defines the flags of a command of awsfed, and reports whether there is such a command.
func flags(command string) (*flag.FlagSet, bool) {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	texts := func(names ...string) {
		for _, name := range names {
			set.String(name, "", "")
		}
	}
	switches := func(names ...string) {
		for _, name := range names {
			set.Bool(name, false, "")
		}
	}
	identity := func() {
		texts("credentials", "audience", "service-account", "delegates", "scopes", "lifetime", "region", "timeout", "reserve",
			"allow-hosts", "allow-subject-hosts", "allow-subject-file", "allow-universes")
	}
	server := func() { texts("accounts", "allow-uid", "project", "numeric-project", "zone") }
	switch command {
	case "serve":
		identity()
		server()
		texts("port", "hosts", "metrics", "log")
		switches("expose")
	case "exec":
		identity()
		server()
		texts("wait")
		switches("require", "isolate")
	case "health":
		texts("port", "timeout")
	default:
		return nil, false
	}
	return set, true
}

// checkCommandLine holds the words of a command line of awsfed against its flags.
func checkCommandLine(words ...string) error {
	if len(words) < 2 || path.Base(words[0]) != "awsfed" {
		return fmt.Errorf("%q is no command line of awsfed", words)
	}
	set, found := flags(words[1])
	if !found {
		return fmt.Errorf("awsfed has no command %q", words[1])
	}
	if err := set.Parse(words[2:]); err != nil {
		return fmt.Errorf("%q: %w", words, err)
	}
	if words[1] != "exec" {
		if set.NArg() > 0 {
			return fmt.Errorf("%q: awsfed %s takes no arguments", words, words[1])
		}
		return nil
	}
	// Without the dashes a flag of the command could pass for one of awsfed.
	if at := len(words) - set.NArg() - 1; words[at] != "--" {
		return fmt.Errorf("%q has no -- before its command", words)
	}
	return nil
}

// checkVariables holds the AWSFED_ variables against the flags of a command.
func checkVariables(command string, env map[string]string) error {
	set, found := flags(command)
	if !found {
		return fmt.Errorf("awsfed has no command %q", command)
	}
	var known []string
	set.VisitAll(func(f *flag.Flag) {
		known = append(known, "AWSFED_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
	})
	var faults []error
	for name, value := range env {
		if strings.HasPrefix(name, "AWSFED_") && !slices.Contains(known, name) {
			faults = append(faults, fmt.Errorf("awsfed %s has no flag for the variable %s", command, name))
		}
		if value == "" {
			faults = append(faults, fmt.Errorf("%s is empty", name))
		}
	}
	return errors.Join(faults...)
}

func TestCommandLinesThatAwsfedWouldRefuseAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		words []string
		fault string
	}{
		"another program":            {[]string{"/python", "serve"}, "no command line of awsfed"},
		"no command":                 {[]string{"/awsfed"}, "no command line of awsfed"},
		"an unknown command":         {[]string{"/awsfed", "server"}, `no command "server"`},
		"an unknown flag":            {[]string{"/awsfed", "serve", "-allow-uids", "1"}, "-allow-uids"},
		"a flag without its value":   {[]string{"/awsfed", "serve", "-port"}, "needs an argument"},
		"a flag of another command":  {[]string{"/awsfed", "health", "-expose"}, "-expose"},
		"an argument":                {[]string{"/awsfed", "serve", "-expose", "true"}, "no arguments"},
		"a command without dashes":   {[]string{"/awsfed", "exec", "python"}, "no --"},
		"a flag behind the command":  {[]string{"/awsfed", "exec", "python", "--", "-require"}, "no --"},
		"a value that is not spaced": {[]string{"/awsfed", "serve", "-port 8988"}, "port 8988"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, checkCommandLine(test.words...), test.fault)
		})
	}
	assert.NoError(t, checkCommandLine("/awsfed", "serve", "-port=8988", "-expose"))
	assert.NoError(t, checkCommandLine("/awsfed", "exec", "-require", "--", "python", "-u"))
	assert.NoError(t, checkCommandLine("/awsfed", "exec", "--"), "its command comes from elsewhere")
}
