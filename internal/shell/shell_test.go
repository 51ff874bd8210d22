package shell_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/internal/shell"
)

func TestQuote(t *testing.T) {
	for name, test := range map[string]struct{ word, want string }{
		"a plain word":                   {"abc", "abc"},
		"every safe character":           {"aZ09@%+=:,./_-", "aZ09@%+=:,./_-"},
		"a member of a policy":           {"principalSet://iam.googleapis.com/projects/1/a.b_c/arn:aws:sts::1:x", "principalSet://iam.googleapis.com/projects/1/a.b_c/arn:aws:sts::1:x"},
		"the empty word":                 {"", "''"},
		"a blank":                        {"a b", "'a b'"},
		"a single quote":                 {"it's", `'it'\''s'`},
		"nothing but a quote":            {"'", `''\'''`},
		"double quotes and a backslash":  {`a"\b`, `'a"\b'`},
		"what a shell substitutes":       {"$(x)`y`$z", "'$(x)`y`$z'"},
		"a history expansion":            {"a!b", "'a!b'"},
		"a home directory":               {"~root", "'~root'"},
		"a comment":                      {"#x", "'#x'"},
		"a pattern":                      {"*?[a]{b,c}", "'*?[a]{b,c}'"},
		"what looks like an option":      {"-rf", "'-rf'"},
		"what zsh expands to a path":     {"=ls", "'=ls'"},
		"letters of other alphabets":     {"é", "'é'"},
		"NUL":                            {"a\x00b", shell.Unprintable},
		"a line break":                   {"a\nb", shell.Unprintable},
		"a tab":                          {"a\tb", shell.Unprintable},
		"an escape sequence":             {"\x1b[2K", shell.Unprintable},
		"a C1 control character":         {"\u009b2K", shell.Unprintable},
		"text that runs right to left":   {"a\u202eb", shell.Unprintable},
		"a line separator":               {"a\u2028b", shell.Unprintable},
		"a blank that does not look one": {"a\u00a0b", shell.Unprintable},
		"bytes that are not UTF-8":       {"a\xffb", shell.Unprintable},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, shell.Quote(test.word))
		})
	}
}

func TestCommandKeepsTheNamesOfOptionsOutsideOfTheQuotes(t *testing.T) {
	for name, test := range map[string]struct {
		argv []string
		want string
	}{
		"plain words":                   {[]string{"aws", "sts", "get-caller-identity"}, "aws sts get-caller-identity"},
		"options":                       {[]string{"x", "--no-disabled", "--a=b=c"}, "x --no-disabled --a=b=c"},
		"the value of an option":        {[]string{"x", "--a=b c=d"}, "x --a='b c=d'"},
		"the empty value of an option":  {[]string{"x", "--a="}, "x --a="},
		"a name that is none":           {[]string{"x", "--a;b=c"}, "x '--a;b=c'"},
		"a name with a line break":      {[]string{"x", "--a\n"}, "x " + shell.Unprintable},
		"a value that is not printable": {[]string{"x", "--a=b\nc", "d\x00"}, "x --a=" + shell.Unprintable + " " + shell.Unprintable},
		"an empty word":                 {[]string{"x", ""}, "x ''"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, shell.Command(test.argv...))
		})
	}
}

// awkward are words that a shell does much with, if it is let.
var awkward = []string{
	"", " ", "abc", "-n", "-e", "--", "-", "=ls", "~", "~root", "a=~", "--a=~", "it's", "''", "'", `"`, `\`, `\\`, `a\`, "\\'", "!!", "a!b",
	"$HOME", "${HOME}", "$(touch PWNED)", "`touch PWNED`", ";touch PWNED", "&& touch PWNED", "| touch PWNED", "> PWNED", "# x", "*", "?", "[a-z]", "{a,b}",
	"a';touch PWNED;$(touch PWNED)`touch PWNED`\"/x", "%s%n", "a  b", "é ü 世界", "$'\\n'", "--filter=a b", "--a=$(touch PWNED)", "<(x)", "^a^b", "(a)", "&",
}

// words gives the words that a shell makes of a line, as printf prints them.
func words(t *testing.T, sh, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, sh, "-c", "show() { printf '%s\\n' \"$#\" \"$@\"; }\nshow "+line)
	command.Dir = t.TempDir()
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s\n%s", line, output)
	return string(output)
}

func TestShellsReadAwkwardWordsBack(t *testing.T) {
	for _, sh := range []string{"bash", "sh"} {
		t.Run(sh, func(t *testing.T) {
			path, err := exec.LookPath(sh)
			if err != nil {
				t.Skip("there is no " + sh)
			}
			for _, word := range awkward {
				assert.Equal(t, "1\n"+word+"\n", words(t, path, shell.Quote(word)), "%q", word)
				assert.Equal(t, "2\nx\n"+word+"\n", words(t, path, shell.Command("x", word)), "%q", word)
			}
		})
	}
}

// unquoted reads one word of a POSIX shell that has nothing to expand, by the grammar of
// POSIX.1-2017 XCU 2.2: single quotes, backslashes outside of them, and characters without a
// meaning.
func unquoted(text string) (word string, ok bool) {
	var b strings.Builder
	for text != "" {
		switch c := text[0]; {
		case c == '\'':
			inside, rest, closed := strings.Cut(text[1:], "'")
			if !closed {
				return "", false
			}
			b.WriteString(inside)
			text = rest
		case c == '\\' && len(text) > 1 && text[1] == '\'':
			b.WriteByte('\'')
			text = text[2:]
		case strings.IndexByte("@%+=:,./_-", c) >= 0, c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
			b.WriteByte(c)
			text = text[1:]
		default:
			return "", false
		}
	}
	return b.String(), true
}

func FuzzQuote(f *testing.F) {
	for _, word := range awkward {
		f.Add(word)
	}
	for _, word := range []string{"\x00", "a\nb", "\x1b[2K", "\u202e", "\xff", shell.Unprintable} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		quoted := shell.Quote(word)
		read, ok := unquoted(quoted)
		assert.True(t, ok && quoted != "", quoted)
		if shell.Printable(word) {
			assert.Equal(t, word, read)
		} else {
			assert.Equal(t, shell.Unprintable, read)
		}
		assert.True(t, shell.Printable(shell.Command("x", word, "--a="+word)))
	})
}
