package call

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxError bounds the text of an error without the URL.
const maxError = 300

// headerLine is how it quotes a header, without quotation marks.
const headerLine = "malformed MIME header"

// clean takes what a server says out of the text of an error of package net/http: it can be long,
// and repeat the secrets that were sent to the server. The chain of the error stays.
func clean(err error) error {
	inner, prefix := err, ""
	var u *url.Error
	if errors.As(err, &u) && u.Err != nil {
		inner, prefix = u.Err, fmt.Sprintf("%s %q: ", u.Op, u.URL)
	}
	text := inner.Error()
	safe := withoutQuotations(text)
	if before, _, found := strings.Cut(safe, headerLine); found {
		safe = before + headerLine
	}
	safe = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, safe)
	if len(safe) > maxError {
		safe = strings.ToValidUTF8(safe[:maxError-len("…")], "") + "…"
	}
	if safe == text {
		return err
	}
	return &cleaned{prefix + safe, err}
}

// withoutQuotations empties quotations, which is how package net/http repeats what it cannot read of a
// server: a status line, a Content-Length, the debug data of a GOAWAY frame. One without an end takes
// all that follows.
func withoutQuotations(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, `"`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString(`"…"`)
		end := 0
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		text = rest[min(end+1, len(rest)):]
	}
}

// cleaned is an error with another text.
type cleaned struct {
	text string
	err  error
}

func (c *cleaned) Error() string { return c.text }

func (c *cleaned) Unwrap() error { return c.err }
