// Package diagram reads diagrams in Mermaid, as far as the pages use it: each line has to be of a
// form that the grammar of its kind has.
package diagram

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Check reads a diagram. Its error has the number of each line of the diagram that does not parse.
func Check(text string) error {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	kind := strings.TrimSpace(lines[0])
	var faults []error
	depth := 0
	names := make(map[string]bool)
	for i, line := range lines[1:] {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "%%") {
			continue
		}
		opens, known := parse(kind, line, names)
		if !known {
			faults = append(faults, fmt.Errorf("line %d does not parse: %s", i+2, line))
		}
		if depth += opens; depth < 0 {
			faults = append(faults, fmt.Errorf("line %d ends nothing: %s", i+2, line))
			depth = 0
		}
	}
	if !regexp.MustCompile(`^(sequenceDiagram|stateDiagram-v2|(flowchart|graph) (LR|RL|TB|TD|BT))$`).MatchString(kind) {
		faults = append(faults, fmt.Errorf("there is no diagram %q", kind))
	}
	if depth > 0 {
		faults = append(faults, errors.New("a block of the diagram does not end"))
	}
	return errors.Join(faults...)
}

// parse reads a line, and gives how many blocks it opens. Names are those that a sequence diagram
// has declared.
func parse(kind, line string, names map[string]bool) (opens int, known bool) {
	switch kind {
	case "sequenceDiagram":
		return parseSequence(line, names)
	case "stateDiagram-v2":
		switch {
		case line == "}":
			return -1, true
		case match(`^state (\w+|".*" as \w+) \{$`, line):
			return 1, true
		}
		return 0, match(`^(\[\*\]|\w+) --> (\[\*\]|\w+)(: \S.*)?$|^state ".*" as \w+$|^\w+ ?: \S.*$|^direction (LR|TB)$|^note (left|right) of \w+ ?: \S.*$`, line)
	default:
		switch {
		case line == "end":
			return -1, true
		case match(`^subgraph (\w+|"[^"]+"|\w+ ?\[("[^"]+"|[^"\[\]]+)\])$`, line):
			return 1, true
		}
		const node = `\w+(\["[^"]+"\]|\[[^"\[\]()]+\]|\("[^"]+"\)|\([^"()\[\]]+\)|\{"[^"]+"\}|\{[^"{}]+\}|\[\("[^"]+"\)\]|\(\["[^"]+"\]\))?`
		const arrow = ` (-->|---|-\.->|==>|<-->)(\|("[^"]+"|[^"|]+)\|)? `
		return 0, match(`^`+node+`(( & `+node+`)*`+arrow+node+`( & `+node+`)*)*$|^(direction (LR|RL|TB|TD)|classDef \w+ \S.*|class [\w,]+ \w+|style \w+ \S.*)$`, line)
	}
}

func parseSequence(line string, names map[string]bool) (opens int, known bool) {
	if declared := regexp.MustCompile(`^(?:participant|actor) (\w+)( as \S.*)?$`).FindStringSubmatch(line); declared != nil {
		names[declared[1]] = true
		return 0, true
	}
	if message := regexp.MustCompile(`^(\w+)(?:->>|-->>|->|-->|-x|--x|-\)|--\))[+-]?(\w+): \S.*$`).FindStringSubmatch(line); message != nil {
		return 0, names[message[1]] && names[message[2]]
	}
	if note := regexp.MustCompile(`^Note (?:over|left of|right of) (\w+)(?:,(\w+))?: \S.*$`).FindStringSubmatch(line); note != nil {
		return 0, names[note[1]] && (note[2] == "" || names[note[2]])
	}
	switch {
	case line == "end":
		return -1, true
	case match(`^(alt|opt|loop|par|critical|rect|box)( \S.*)?$`, line):
		return 1, true
	}
	return 0, match(`^(else|and|option)( \S.*)?$|^(activate|deactivate) \w+$|^autonumber$`, line)
}

func match(form, line string) bool { return regexp.MustCompile(form).MatchString(line) }
