// Package page reads the fenced blocks of a page in Markdown.
package page

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A Page is a file in Markdown.
type Page struct {
	Name   string  // path from the root of the repository
	Lines  int     // of the file
	Blocks []Block // in their order
	Spans  []Span  // in their order
}

// A Block is one fenced block.
type Block struct {
	Language  string
	Directive Directive // the zero value for none
	Line      int       // of its text, from 1
	Text      string    // without the indentation of the fence
}

// A Span is a span of code in the prose, in one line.
type Span struct {
	Line int
	Text string
}

// Parse reads a page. Its error has every fault, each with page and line.
func Parse(name, text string) (*Page, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	p := &Page{Name: name, Lines: len(lines)}
	var faults []error
	for i := 0; i < len(lines); i++ {
		line := strings.TrimLeft(lines[i], " ")
		indentation := len(lines[i]) - len(line)
		switch {
		case strings.HasPrefix(line, "~~~"):
			faults = append(faults, fmt.Errorf("%s:%d: a fence of tildes: write backquotes", name, i+1))
		case !strings.HasPrefix(line, "```"):
			if indented(lines, i) {
				faults = append(faults, fmt.Errorf("%s:%d: a block by indentation: write a fence", name, i+1))
			}
			p.Spans = append(p.Spans, spans(i+1, line)...)
		default:
			end := i + 1
			for end < len(lines) && strings.TrimSpace(lines[end]) != "```" {
				end++
			}
			if end == len(lines) {
				faults = append(faults, fmt.Errorf("%s:%d: the block does not end", name, i+1))
			}
			block := Block{Language: strings.TrimSpace(line[3:]), Line: i + 2, Text: dedent(lines[i+1:end], indentation)}
			if i > 0 {
				directive, err := ParseDirective(lines[i-1])
				if err != nil {
					faults = append(faults, fmt.Errorf("%s:%d: %w", name, i, err))
				}
				block.Directive = directive
			}
			p.Blocks = append(p.Blocks, block)
			i = end
		}
	}
	return p, errors.Join(faults...)
}

// indented reports whether a line is a block of code by its indentation alone: behind an empty
// line, and no part of a list.
func indented(lines []string, i int) bool {
	if !strings.HasPrefix(lines[i], "    ") && !strings.HasPrefix(lines[i], "\t") || strings.TrimSpace(lines[i]) == "" || i == 0 || lines[i-1] != "" {
		return false
	}
	for i--; i >= 0; i-- {
		switch line := lines[i]; {
		case line == "" || strings.HasPrefix(line, " "):
		case regexp.MustCompile(`^([-*+]|[0-9]+[.)]) `).MatchString(line):
			return false
		default:
			return true
		}
	}
	return true
}

func spans(number int, line string) (found []Span) {
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
		found = append(found, Span{number, match[1]})
	}
	return found
}

// dedent takes up to n blanks from each line.
func dedent(lines []string, n int) string {
	var b strings.Builder
	for _, line := range lines {
		blanks := min(n, len(line)-len(strings.TrimLeft(line, " ")))
		b.WriteString(line[blanks:] + "\n")
	}
	return b.String()
}
