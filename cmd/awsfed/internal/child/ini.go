package child

import (
	"io"
	"os"
	"slices"
	"strings"
)

// maxConfigSize bounds what is read of a configuration file, in bytes.
const maxConfigSize = 1 << 20

// An ini has the values of a file as Python's ConfigParser reads it, without continuation lines and
// interpolation.
type ini map[iniKey]string

type iniKey struct{ section, name string }

// parseINI never fails: what it does not understand it leaves out.
func parseINI(text string) ini {
	values, section := ini{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
			continue
		}
		if i := strings.IndexAny(line, "=:"); i > 0 {
			values[iniKey{section, strings.ToLower(strings.TrimSpace(line[:i]))}] = strings.TrimSpace(line[i+1:])
		}
	}
	return values
}

func (i ini) get(section, name string) string { return i[iniKey{section, name}] }

func isSet(value string) bool { return value != "" }

// isTrue and isFalse know what gcloud takes for a Boolean.
func isTrue(value string) bool {
	return slices.Contains([]string{"1", "true", "on", "yes", "y"}, strings.ToLower(value))
}

func isFalse(value string) bool {
	return slices.Contains([]string{"0", "false", "off", "no", "n"}, strings.ToLower(value))
}

// readFile returns the start of a regular file, "" if it cannot be read.
func readFile(path string) string {
	if !isFile(path) { // opening a pipe would wait for its writer
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxConfigSize))
	if err != nil {
		return ""
	}
	return string(data)
}
