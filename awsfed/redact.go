package awsfed

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/internal/untrusted"
)

const (
	redacted = "[redacted]"
	// leastSecret is the length from which a secret is looked for. A shorter one would be found in
	// innocent text.
	leastSecret = 8
	// leastPrefix is how much of the beginning of a secret is taken for a secret that was cut off.
	leastPrefix = 24
	// maxForeignText bounds what is searched of a text. What follows is dropped.
	maxForeignText = 128 << 10
)

// cleanText makes foreign text fit for an error: without the secrets that it repeats, on one line,
// without control characters and what is invisible, and of at most limit bytes.
func cleanText(s string, limit int, secrets []string) string {
	if len(s) > maxForeignText {
		s = s[:maxForeignText]
	}
	if len(secrets) > 0 {
		// What is invisible goes first, since it can be strewn into a secret.
		s = redact(untrusted.Text(s, 4*maxForeignText), secrets)
	}
	return untrusted.Text(s, limit)
}

// redact replaces every secret in s, however it is escaped: percent-escapes and those of JSON and
// Go, in any case, of any of its bytes, up to four times over. Case does not matter anywhere: a
// signature in upper case is the signature.
func redact(s string, secrets []string) string {
	sought := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		secret = strings.TrimSpace(secret)
		sought = append(sought, secret)
		if plain, err := url.QueryUnescape(secret); err == nil && plain != secret {
			sought = append(sought, plain)
		}
	}
	// A whole secret goes before its parts.
	slices.SortFunc(sought, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, secret := range sought {
		if len(secret) >= leastSecret {
			s = redactOne(s, secret)
		}
	}
	return s
}

func redactOne(s, secret string) string {
	var b strings.Builder
	copied := 0
	var finder secretFinder
	for i := 0; i < len(s); {
		end := finder.end(s, i, secret)
		if end == 0 {
			i++
			continue
		}
		b.WriteString(s[copied:i])
		b.WriteString(redacted)
		i, copied = end, end
	}
	if copied == 0 {
		return s
	}
	b.WriteString(s[copied:])
	return b.String()
}

// A secretFinder keeps its memory from one search to the next.
type secretFinder struct{ positions, next []int }

// end is where the secret ends that begins at i, or a long prefix of it; 0 if there is none. A byte
// can be written in several ways, of which one may be the beginning of another, so all of them are
// followed at the same time.
func (f *secretFinder) end(s string, i int, secret string) int {
	if strings.IndexByte(`%\&+`, s[i]) < 0 && fold(s[i]) != fold(secret[0]) {
		return 0
	}
	f.positions = append(f.positions[:0], i)
	for n := range len(secret) {
		f.next = f.next[:0]
		for _, at := range f.positions {
			f.next = writings(f.next, s, at, secret[n])
		}
		if len(f.next) == 0 {
			if n >= leastPrefix {
				return slices.Max(f.positions)
			}
			return 0
		}
		slices.Sort(f.next)
		f.next = slices.Compact(f.next)
		f.positions, f.next = f.next, f.positions
	}
	return slices.Max(f.positions)
}

// writings appends the ends of all the ways in which the byte want stands at s[i:].
func writings(ends []int, s string, i int, want byte) []int {
	if i >= len(s) {
		return ends
	}
	if fold(s[i]) == fold(want) {
		ends = append(ends, i+1)
	}
	switch s[i] {
	case '+':
		if want == ' ' {
			ends = append(ends, i+1)
		}
	case '%':
		at := i + 1
		for range 4 { // %41, %2541, %252541
			if isHex(s, at, 2, want) {
				ends = append(ends, at+2)
			}
			if !strings.HasPrefix(s[at:], "25") {
				break
			}
			at += 2
		}
	case '\\':
		at := i + 1
		for at < len(s) && at-i < 16 && s[at] == '\\' { // quoted more than once
			if want == '\\' {
				ends = append(ends, at+1)
			}
			at++
		}
		switch {
		case at == len(s):
		case s[at] == 'u' && isHex(s, at+1, 4, want):
			ends = append(ends, at+5)
		case s[at] == 'x' && isHex(s, at+1, 2, want):
			ends = append(ends, at+3)
		case s[at] == want && strings.IndexByte(`/"'`, want) >= 0:
			ends = append(ends, at+1)
		}
	case '&':
		for _, entity := range [...]struct {
			text string
			c    byte
		}{{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#34;", '"'}, {"&#39;", '\''}, {"&#43;", '+'}, {"&#47;", '/'}} {
			if entity.c == want && strings.HasPrefix(s[i:], entity.text) {
				ends = append(ends, i+len(entity.text))
			}
		}
	}
	return ends
}

// isHex reports whether the digits at s[i:] are the number of the byte want.
func isHex(s string, i, digits int, want byte) bool {
	if i+digits > len(s) {
		return false
	}
	n := 0
	for _, c := range []byte(s[i : i+digits]) {
		digit := strings.IndexByte("0123456789abcdef", fold(c))
		if digit < 0 {
			return false
		}
		n = n<<4 | digit
	}
	return n < 0x100 && fold(byte(n)) == fold(want)
}

func fold(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// cleaned makes e, which nobody else has yet, fit to be handed out: every [Error] that holds
// anything of a server or of foreign code goes through here once all that is secret in it is known.
// Text is cleared of the secrets before it is cut, so that no part of one is left.
func (e *Error) cleaned(secrets ...string) *Error {
	word := func(s string) string { return cleanText(s, maxWord, secrets) }
	e.Stage, e.Code, e.Reason = Stage(word(string(e.Stage))), word(e.Code), word(e.Reason)
	e.Domain, e.RequestID = word(e.Domain), word(e.RequestID)
	e.Description = cleanText(e.Description, maxDescription, secrets)
	e.Metadata = cleanMetadata(e.Metadata, secrets)
	e.Hint = cleanHint(e.Hint, secrets)
	e.Err = newCause(e.Err, secrets)
	return e
}

// cleanError cleans an [*Error] of the layer that sent the secrets; any other error it leaves
// alone.
func cleanError(err error, secrets ...string) error {
	if e, ok := err.(*Error); ok && e != nil {
		return e.clone().cleaned(secrets...)
	}
	return err
}

// cleanMetadata keeps the first entries in the order of their keys.
func cleanMetadata(metadata map[string]string, secrets []string) map[string]string {
	if metadata == nil {
		return nil
	}
	kept := make(map[string]string, min(len(metadata), maxMetadata))
	keys := slices.Sorted(maps.Keys(metadata))
	for _, key := range keys[:min(len(keys), maxMetadata)] {
		kept[cleanText(key, maxKey, secrets)] = cleanText(metadata[key], maxValue, secrets)
	}
	return kept
}

// cleanHint cleans each line of a hint.
func cleanHint(hint string, secrets []string) string {
	const most = 32 // lines
	if hint == "" {
		return ""
	}
	parts := strings.SplitN(hint, "\n", most+1)
	parts = parts[:min(len(parts), most)]
	left := maxHint
	for i, line := range parts {
		parts[i] = cleanText(line, left, secrets)
		left = max(left-len(parts[i])-1, 0)
	}
	return strings.TrimRight(strings.Join(parts, "\n"), "\n")
}
