package child

import (
	"slices"
	"strings"
)

// variables are the entries "NAME=value" of an environment, in the form of os.Environ.
type variables struct {
	entries []string
	fold    bool // names differ by more than case, as on Windows
}

// name of an entry. Windows has entries such as "=C:=C:\dir", whose name starts with "=".
func (v *variables) name(entry string) string {
	if i := strings.IndexByte(entry[min(1, len(entry)):], '='); i >= 0 {
		return entry[:i+1]
	}
	return entry
}

func (v *variables) is(entry, name string) bool {
	if v.fold {
		return strings.EqualFold(v.name(entry), name)
	}
	return v.name(entry) == name
}

// get returns the last value of a name, the one that os/exec passes on.
func (v *variables) get(name string) (value string, set bool) {
	for _, entry := range slices.Backward(v.entries) {
		if v.is(entry, name) && len(entry) > len(name) {
			return entry[len(name)+1:], true
		}
	}
	return "", false
}

func (v *variables) set(name, value string) {
	v.remove(name)
	v.entries = append(v.entries, name+"="+value)
}

// remove takes all entries of a name away, and tells whether there were any.
func (v *variables) remove(name string) bool {
	before := len(v.entries)
	v.entries = slices.DeleteFunc(v.entries, func(entry string) bool { return v.is(entry, name) })
	return len(v.entries) < before
}
