package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxFaults is how many faults are reported: more are of no use to anybody.
const maxFaults = 100

// Faults collects what is wrong with a file, each fault with its path in the file and its line.
type Faults struct {
	lines map[string]int // of the values in the file, by their paths
	list  []fault
	more  int      // faults that list has no room for
	deaf  []string // paths that have no value, so that what is said of them follows from that
}

type fault struct {
	path string
	line int
	text string
}

// Add adds what is wrong with the value at path. It ignores what follows from a fault that Parse
// found.
func (f *Faults) Add(path string, err error) {
	if slices.ContainsFunc(f.deaf, func(without string) bool { return within(path, without) }) {
		return
	}
	f.append(fault{path, f.line(path), err.Error()})
}

func (f *Faults) append(found fault) {
	if len(f.list) == maxFaults {
		f.more++
		return
	}
	f.list = append(f.list, found)
}

// Addf is [Faults.Add] with a text.
func (f *Faults) Addf(path, format string, args ...any) { f.Add(path, fmt.Errorf(format, args...)) }

// Err returns one error for each fault, in the order of their lines; nil without any.
func (f *Faults) Err() error {
	slices.SortStableFunc(f.list, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	var errs []error
	for _, fault := range f.list {
		text := fault.text
		if fault.path != "" {
			text = fault.path + ": " + text
		}
		errs = append(errs, fmt.Errorf("line %d: %s", fault.line, text))
	}
	if f.more > 0 {
		errs = append(errs, fmt.Errorf("and %d more", f.more))
	}
	return errors.Join(errs...)
}

// line is the line of a path or, if the file does not have it, of what is around it.
func (f *Faults) line(path string) int {
	for {
		if line, ok := f.lines[path]; ok {
			return line
		}
		if path == "" {
			return 1
		}
		path = parent(path)
	}
}

// parent is the path of what is around path.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// within reports whether path is outer, or in it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (outer == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}
