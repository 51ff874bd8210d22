// Package untrusted makes text of strangers fit for errors, logs and terminals.
package untrusted

import (
	"strings"
	"unicode/utf8"
)

// ellipsis ends a text that was cut.
const ellipsis = "…"

// Text is s as valid UTF-8 of at most limit bytes on one line. Control characters become blanks;
// what is invisible or changes the direction of text vanishes, so that a search for a secret in the
// result finds one that they were strewn into. A text that is cut ends in "…" if that fits.
func Text(s string, limit int) string {
	var b strings.Builder
	b.Grow(max(0, min(len(s), limit)))
	cut := 0 // where to cut to make room for the ellipsis
	for _, r := range s {
		switch {
		case control(r):
			r = ' '
		case invisible(r):
			continue
		}
		// An invalid byte comes as utf8.RuneError, which is valid.
		if b.Len()+utf8.RuneLen(r) > limit {
			if limit < len(ellipsis) {
				return b.String()
			}
			return b.String()[:cut] + ellipsis
		}
		b.WriteRune(r)
		if b.Len() <= limit-len(ellipsis) {
			cut = b.Len()
		}
	}
	return b.String()
}

// control reports whether r moves a cursor, ends a line or starts a terminal's command: C0, DEL, C1
// and the separators of lines and paragraphs.
func control(r rune) bool {
	return r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029
}

// invisible reports whether r shows nothing by itself, or turns the direction of what follows.
func invisible(r rune) bool {
	switch {
	case r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff:
	case r >= 0x200b && r <= 0x200f:
	case r >= 0x202a && r <= 0x202e:
	case r >= 0x2060 && r <= 0x206f:
	case r >= 0xfff9 && r <= 0xfffb:
	case r >= 0xe0000 && r <= 0xe007f: // tags, which mirror ASCII
	default:
		return false
	}
	return true
}

// Visible reports whether s has visible characters of ASCII alone, so that a header or a line of
// text carries it as it is. The empty text has no others.
func Visible(s string) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return true
}
