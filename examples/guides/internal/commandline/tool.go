// Package commandline reads command lines by lists of the commands and flags that a tool has.
package commandline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Tool is a command-line tool. The signature under its own name has the flags of all commands.
type Tool struct {
	Name     string
	commands map[string]*signature // by all words, that of the tool first
}

// signature is what one command takes.
type signature struct {
	flags    map[string]*flag // by each name
	all      []*flag
	operands []operand
	strict   bool // behind the first operand no word is a flag
}

// flag is a flag with its names, dashes included.
type flag struct {
	names    []string
	values   arity
	choices  []string // nil for any
	required bool
}

type arity int

const (
	none arity = iota
	one
	optional // only behind "="
	many     // all words up to the next flag
)

// operand is a word, or words, without a dash.
type operand struct {
	name               string
	required, repeated bool
}

// Load reads NAME.txt of a folder of lists: one command a line, its words, a colon, and what it
// takes. A flag is "--name", with a value "--name=", "--name=a|b" for one of these values,
// "--name=?" for a value that may be left out and "--name=*" for all words that follow; "!" in
// front makes it required, and commas part its names. An operand is "NAME", "[NAME]" for one that
// may be left out, and either with "..." for any number. "--" says that flags end at the first
// operand.
func Load(folder, name string) (*Tool, error) {
	text, err := os.ReadFile(filepath.Join(folder, name+".txt"))
	if err != nil {
		return nil, err
	}
	tool := &Tool{Name: name, commands: make(map[string]*signature)}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		command, words, ok := strings.Cut(line, ":")
		if !ok || command != name && !strings.HasPrefix(command, name+" ") || tool.commands[command] != nil {
			return nil, fmt.Errorf("%s.txt:%d: want one command of %s, a colon and its flags", name, i+1, name)
		}
		tool.commands[command] = parseSignature(strings.Fields(words))
	}
	if tool.commands[name] == nil {
		return nil, fmt.Errorf("%s.txt has no line for %s itself", name, name)
	}
	return tool, nil
}

func parseSignature(words []string) *signature {
	s := &signature{flags: make(map[string]*flag)}
	for _, word := range words {
		bare := strings.TrimPrefix(word, "!")
		switch {
		case word == "--":
			s.strict = true
		case strings.HasPrefix(bare, "-"):
			names, value, takes := strings.Cut(bare, "=")
			f := &flag{names: strings.Split(names, ","), required: bare != word}
			switch {
			case !takes:
			case value == "?":
				f.values = optional
			case value == "*":
				f.values = many
			default:
				f.values = one
				if value != "" {
					f.choices = strings.Split(value, "|")
				}
			}
			s.all = append(s.all, f)
			for _, name := range f.names {
				s.flags[name] = f
			}
		default:
			name, optional := strings.CutPrefix(word, "[")
			name = strings.TrimSuffix(name, "]")
			name, repeated := strings.CutSuffix(name, "...")
			s.operands = append(s.operands, operand{name, !optional, repeated})
		}
	}
	return s
}

// begins reports whether some command starts with these words.
func (t *Tool) begins(words string) bool {
	for command := range t.commands {
		if command == words || strings.HasPrefix(command, words+" ") {
			return true
		}
	}
	return false
}

// HasGroup reports whether these words name a group of commands, or a command.
func (t *Tool) HasGroup(words []string) bool {
	return t.begins(strings.Join(append([]string{t.Name}, words...), " "))
}
