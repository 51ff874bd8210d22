//go:build unix && !darwin && !freebsd && !linux && !netbsd

package child

// inForeground cannot be told here: a signal of the terminal may reach the command twice.
func inForeground() bool { return false }
