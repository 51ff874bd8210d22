// Package shell makes command lines that people paste into a POSIX shell: whatever a value holds,
// it stays one word of the command, and the command stays one line.
package shell

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unprintable stands in a command for a word that is not [Printable].
const Unprintable = "UNPRINTABLE_VALUE"

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	safe    = letters + "@%+=:,./_-"
)

// Command is the line that runs argv. The name of an option stays outside of the quotes, since that
// is what people expect to read: --filter='a b'.
func Command(argv ...string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		name, value := cutOption(word)
		if words[i] = name; name == "" || value != "" {
			words[i] += Quote(value)
		}
	}
	return strings.Join(words, " ")
}

// cutOption cuts a word after "--name=", or after "--name" where that is all of it. The name is
// empty for a word that is no option.
func cutOption(word string) (name, value string) {
	name, value, given := strings.Cut(word, "=")
	if !strings.HasPrefix(name, "--") || strings.Trim(name, letters+"-") != "" {
		return "", word
	}
	if given {
		name += "="
	}
	return name, value
}

// Quote is word as a POSIX shell reads it back, the grammar of POSIX.1-2017 XCU 2.2.2. Words of
// letters, digits and "@%+=:,./_-" stay as they are, unless they start with "-", which looks like
// an option, or with "=", which zsh expands. A word that is not [Printable] becomes [Unprintable]:
// NUL cannot be passed at all, a line break ends the line that is pasted, and other control
// characters act on the terminal.
func Quote(word string) string {
	switch {
	case !Printable(word):
		return Unprintable
	case word != "" && strings.Trim(word, safe) == "" && word[0] != '-' && word[0] != '=':
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Printable reports whether all of s can be seen: it is UTF-8 without control and format characters
// and without line separators. The only blank that it may hold is the one of ASCII.
func Printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
