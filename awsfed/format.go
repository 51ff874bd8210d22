package awsfed

import "fmt"

// formatAs prints text for every verb, with the width and the precision of the verb, and in quotes
// for %q. A Formatter that calls it prints nothing else, unlike a Stringer, which package fmt calls
// for five verbs alone. It calls neither for %p, for a stray %w, and in unexported fields: what has
// to stay secret is not reached from there either.
func formatAs(state fmt.State, verb rune, text string) {
	if verb != 'q' {
		verb = 's'
	}
	fmt.Fprintf(state, fmt.FormatString(state, verb), text)
}
