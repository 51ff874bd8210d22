package command

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// maxShown bounds what an error quotes of a value, in bytes.
const maxShown = 80

// variables is what the names of all variables begin with.
const variables = "AWSFED_"

// Variable is the name of the variable that has the value of a flag.
func Variable(name string) string {
	return variables + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Parse parses the flags of a command line and then takes those that it does not have from their
// variables. An empty variable is none: shells and manifests leave such ones behind.
//
// overridden names, for a flag, those that make its variable meaningless when the command line has
// a value for them: a provider of the command line is not mixed with a file of the environment.
// given are the flags of the command line.
func Parse(flags *flag.FlagSet, args []string, lookup func(string) (string, bool), overridden map[string][]string) (given map[string]bool, err error) {
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	given = map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var faults []error
	flags.VisitAll(func(f *flag.Flag) {
		if given[f.Name] {
			return
		}
		for _, other := range overridden[f.Name] {
			if f := flags.Lookup(other); given[other] && f.Value.String() != "" {
				return
			}
		}
		variable := Variable(f.Name)
		value, found := lookup(variable)
		if !found || value == "" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			faults = append(faults, fmt.Errorf("%s: invalid value %q: %w", variable, untrusted.Text(value, maxShown), err))
		}
	})
	return given, errors.Join(faults...)
}

// List is a flag of values between commas. Blanks around them do not count. The empty list is "",
// by which a command line sets a variable aside.
type List []string

// String is the flag's value.
func (l *List) String() string { return strings.Join(*l, ",") }

// Set replaces the values.
func (l *List) Set(s string) error {
	if strings.TrimSpace(s) == "" {
		*l = nil
		return nil
	}
	var values []string
	for _, value := range strings.Split(s, ",") {
		value = strings.TrimSpace(value)
		if value == "" {
			return errors.New("it has an empty value between its commas")
		}
		values = append(values, value)
	}
	*l = values
	return nil
}
