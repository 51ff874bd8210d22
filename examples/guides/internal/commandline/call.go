package commandline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Call is a command line that its tool takes.
type Call struct {
	Command  string              // all words, that of the tool first
	Flags    map[string][]string // by the longest name; nil for a flag without values
	Operands []string
}

// Flag is the last value of a flag, and empty if it is not there.
func (c *Call) Flag(name string) string {
	if values := c.Flags[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// Parse reads the words behind the name of the tool.
func (t *Tool) Parse(words []string) (*Call, error) {
	call := &Call{Command: t.Name, Flags: make(map[string][]string)}
	root := t.commands[t.Name]
	hasCommands := len(t.commands) > 1
	for len(words) > 0 {
		if strings.HasPrefix(words[0], "-") && hasCommands {
			n, err := t.take(call, words, root)
			if err != nil {
				break // it may be a flag of the command itself
			}
			words = words[n:]
			continue
		}
		if !t.begins(call.Command + " " + words[0]) {
			break
		}
		call.Command += " " + words[0]
		words = words[1:]
	}
	s := t.commands[call.Command]
	if s == nil || call.Command == t.Name && hasCommands && (len(words) > 0 || len(call.Flags) == 0) {
		return nil, fmt.Errorf("%s has no command %q", call.Command, strings.Join(words[:min(1, len(words))], ""))
	}
	return call, t.fill(call, words, s, root)
}

// fill reads flags and operands of a command.
func (t *Tool) fill(call *Call, words []string, s, root *signature) error {
	for len(words) > 0 {
		word := words[0]
		switch {
		case word == "--":
			call.Operands = append(call.Operands, words[1:]...)
			words = nil
		case len(word) > 1 && word[0] == '-' && !(s.strict && len(call.Operands) > 0):
			n, err := t.take(call, words, s, root)
			if err != nil {
				return err
			}
			words = words[n:]
		default:
			call.Operands = append(call.Operands, word)
			words = words[1:]
		}
	}
	var faults []error
	for _, f := range s.all {
		if _, ok := call.Flags[f.name()]; f.required && !ok && call.Flags["--cli-input-json"] == nil {
			faults = append(faults, fmt.Errorf("%s needs %s", call.Command, f.name()))
		}
	}
	return errors.Join(append(faults, s.count(call))...)
}

// count holds the number of operands against the signature.
func (s *signature) count(call *Call) error {
	least, most := 0, 0
	for _, o := range s.operands {
		if o.required {
			least++
		}
		most++
		if o.repeated {
			most = 1 << 16
		}
	}
	switch n := len(call.Operands); {
	case n < least:
		return fmt.Errorf("%s needs %s", call.Command, s.operands[n].name)
	case n > most:
		return fmt.Errorf("%s takes no %q", call.Command, call.Operands[most])
	}
	return nil
}

func (f *flag) name() string {
	return slices.MaxFunc(f.names, func(a, b string) int { return len(a) - len(b) })
}

// take reads a flag, and gives how many words it was.
func (t *Tool) take(call *Call, words []string, signatures ...*signature) (int, error) {
	name, value, inline := strings.Cut(words[0], "=")
	f := find(name, signatures)
	if negated, ok := strings.CutPrefix(name, "--no-"); f == nil && ok && t.Name == "gcloud" && !inline {
		if f = find("--"+negated, signatures); f != nil && f.values != none {
			f = nil
		}
	}
	if f == nil && !strings.HasPrefix(name, "--") && len(words[0]) > 2 {
		return t.cluster(call, words, signatures)
	}
	switch {
	case f == nil:
		return 0, fmt.Errorf("%s has no flag %s", call.Command, name)
	case f.values == none && inline && !((t.Name == "kubectl" || t.Name == "docker") && (value == "true" || value == "false")):
		return 0, fmt.Errorf("%s takes %s without a value", call.Command, name)
	case f.values == none || f.values == optional && !inline:
		call.Flags[f.name()] = call.Flags[f.name()][:len(call.Flags[f.name()]):len(call.Flags[f.name()])]
		return 1, nil
	case inline:
		return 1, call.set(f, value)
	}
	n := 1
	for n < len(words) && (f.values == many || n == 1) && !strings.HasPrefix(words[n], "--") {
		if f.values == one && strings.HasPrefix(words[n], "-") && t.Name != "curl" && words[n] != "-" {
			break
		}
		if err := call.set(f, words[n]); err != nil {
			return 0, err
		}
		n++
	}
	if n == 1 {
		return 0, fmt.Errorf("%s wants a value behind %s", call.Command, name)
	}
	return n, nil
}

// cluster reads short flags in one word, of which the last may have its value in the word too.
func (t *Tool) cluster(call *Call, words []string, signatures []*signature) (int, error) {
	letters := words[0][1:]
	for i := range letters {
		f := find("-"+letters[i:i+1], signatures)
		switch {
		case f == nil:
			return 0, fmt.Errorf("%s has no flag %s", call.Command, words[0])
		case f.values == none:
			call.Flags[f.name()] = nil
		case i < len(letters)-1:
			return 1, call.set(f, strings.TrimPrefix(letters[i+1:], "="))
		default:
			return t.take(call, append([]string{"-" + letters[i:]}, words[1:]...), signatures...)
		}
	}
	return 1, nil
}

func find(name string, signatures []*signature) *flag {
	for _, s := range signatures {
		if f := s.flags[name]; f != nil {
			return f
		}
	}
	return nil
}

func (c *Call) set(f *flag, value string) error {
	if f.choices != nil && !slices.Contains(f.choices, value) {
		return fmt.Errorf("%s: %s is one of %s, not %q", c.Command, f.name(), strings.Join(f.choices, ", "), value)
	}
	c.Flags[f.name()] = append(c.Flags[f.name()], value)
	return nil
}
