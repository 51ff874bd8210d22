package untrusted_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/internal/untrusted"
)

func TestTextIsMadeFitForATerminal(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"plain", "The target service is invalid.", "The target service is invalid."},
		{"other alphabets", "Ошибка 誤り खराबी 🙂", "Ошибка 誤り खराबी 🙂"},
		{"a no-break space", "a\u00a0b", "a\u00a0b"},
		{"the replacement character", "a\ufffdb", "a\ufffdb"},
		{"a line break", "a\r\nb", "a  b"},
		{"a NUL, a tab and DEL", "a\x00\t\x7fb", "a   b"},
		{"a command of a terminal", "a\x1b[31mb", "a [31mb"},
		{"C1", "a\u0080\u0085\u009b31mb\u009f", "a   31mb "},
		{"separators of lines and paragraphs", "a\u2028\u2029b", "a  b"},
		{"a soft hyphen", "a\u00adb", "ab"},
		{"marks of direction", "a\u061c\u200e\u200fb", "ab"},
		{"overrides of direction", "a\u202a\u202b\u202c\u202d\u202eb", "ab"},
		{"isolates of direction", "a\u2066\u2067\u2068\u2069b", "ab"},
		{"without a width", "a\u180e\u200b\u200c\u200d\u2060\ufeffb", "ab"},
		{"invisible operators and old format characters", "a\u2061\u2064\u2065\u206a\u206fb", "ab"},
		{"annotations", "a\ufff9\ufffa\ufffbb", "ab"},
		{"tags", "a\U000e0000\U000e0041\U000e007fb", "ab"},
		{"invalid UTF-8", "a\xff\xc3b", "a\ufffd\ufffdb"},
		{"a surrogate in UTF-8", "a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"},
		{"neighbours of what is taken out", "\u00ac\u00ae\u061b\u2010\u2027\u202f\u205f\u2070\ufff8\ufffc\U000e0080", "\u00ac\u00ae\u061b\u2010\u2027\u202f\u205f\u2070\ufff8\ufffc\U000e0080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, untrusted.Text(c.text, 1000))
		})
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limit      int
		want       string
	}{
		{"it fits", "abcdef", 6, "abcdef"},
		{"a byte too long", "abcdefg", 6, "abc…"},
		{"two bytes a character, it fits", "ééé", 6, "ééé"},
		{"two bytes a character", "éééé", 6, "é…"},
		{"four bytes a character", "🙂🙂🙂", 9, "🙂…"},
		{"it fits without what vanishes", "\u200babc\u200bdef\u200b", 6, "abcdef"},
		{"invalid bytes grow", "\xff\xff\xff", 8, "\ufffd…"},
		{"room for the ellipsis alone", "abcd", 3, "…"},
		{"no room for the ellipsis", "abcd", 2, "ab"},
		{"no room for a character", "é", 1, ""},
		{"no room", "abcd", 0, ""},
		{"a negative limit", "abcd", -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, untrusted.Text(c.text, c.limit))
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("plain", 1000)
	f.Add("a\x1b\u202e\xff🙂", 7)
	f.Add(strings.Repeat("é", 100), 64)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		got := untrusted.Text(text, limit)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), max(limit, 0))
		require.Equal(t, got, untrusted.Text(got, limit), "what is clean stays as it is")
		for _, r := range got {
			require.False(t, r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x202e || r == 0x200b, "%U", r)
		}
	})
}

func TestVisibleIsWhatAHeaderCarries(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "ya29.a-b_c~!": true,
		"a b": false, "a\r\nb": false, "a\x00": false, "\x7f": false, "é": false, "\xff": false,
	} {
		assert.Equal(t, want, untrusted.Visible(s), "%q", s)
	}
}
