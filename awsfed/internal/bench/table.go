package main

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// figures are one number for each contender that has one.
type figures map[string]float64

func (f figures) dividedBy(divisor float64) figures {
	divided := make(figures)
	for contender, value := range f {
		divided[contender] = value / divisor
	}
	return divided
}

// A row of the table.
type row struct {
	what    string // with the unit: "cached token, ns"
	figures figures
}

// table is text in columns that line up, and a Markdown table.
func table(rows []row) string {
	peers := []string{floor, xo, ca}
	lines := [][]string{append([]string{"measure", ours}, peers...), nil}
	for _, peer := range peers {
		lines[0] = append(lines[0], "to "+peer)
	}
	for _, r := range rows {
		cells := []string{r.what, number(r.figures, ours)}
		for _, peer := range peers {
			cells = append(cells, number(r.figures, peer))
		}
		for _, peer := range peers {
			cells = append(cells, ratio(r.figures, peer))
		}
		lines = append(lines, cells)
	}
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for i, width := range widths {
		rule := strings.Repeat("-", width)
		if i > 0 {
			rule = rule[1:] + ":" // numbers stand on the right
		}
		lines[1] = append(lines[1], rule)
	}
	var text strings.Builder
	for _, cells := range lines {
		for i, cell := range cells {
			if i == 0 {
				fmt.Fprintf(&text, "| %-*s |", widths[i], cell)
			} else {
				fmt.Fprintf(&text, " %*s |", widths[i], cell)
			}
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// number has three digits or more; "-" is for what there is not.
func number(f figures, contender string) string {
	value, ok := f[contender]
	switch {
	case !ok:
		return "-"
	case value == math.Trunc(value), math.Abs(value) >= 100:
		return fmt.Sprintf("%.0f", value)
	case math.Abs(value) >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

// ratio is how many times as much as a peer awsfed takes.
func ratio(f figures, peer string) string {
	mine, ok := f[ours]
	theirs, both := f[peer]
	if !ok || !both || theirs == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", mine/theirs)
}
