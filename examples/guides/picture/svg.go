package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Sizes of the picture, in pixels. The font is whatever fixed-width one the reader has, and each
// line is as wide as it would be in one of 0.6 em.
const (
	fontSize   = 13
	letter     = fontSize * 0.6
	lineHeight = 18
	margin     = 16
)

// colors are those of the kinds of lines, on the background: a dark panel, which reads as well on a
// light page as on a dark one.
const background = "#0d1117"

func colorOf(k kind) string {
	switch k {
	case prompt:
		return "#ffffff"
	case good:
		return "#7ee787"
	case bad:
		return "#ff938a"
	case hint:
		return "#f2cc60"
	case command:
		return "#a5d6ff"
	case quiet:
		return "#9198a1"
	}
	return "#d1d7e0"
}

// draw makes an SVG of the lines.
func draw(lines []line) string {
	width := int(columns*letter) + 2*margin
	height := len(lines)*lineHeight + 2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="A terminal with the quickstart and the doctor">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="%s" stroke="#3d444d"/>`+"\n", width, height, background)
	fmt.Fprintf(&b, `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace" font-size="%d">`+"\n", fontSize)
	for i, l := range lines {
		if l.text == "" {
			continue
		}
		weight := ""
		if l.kind == prompt {
			weight = ` font-weight="bold"`
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" textLength="%.1f" fill="%s"%s>%s</text>`+"\n",
			margin, margin+i*lineHeight+fontSize, letter*float64(len([]rune(l.text))), colorOf(l.kind), weight, escape(l.text))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// escape has blanks that do not break: browsers make one of several others, whatever xml:space says.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(strings.ReplaceAll(text, " ", "\u00a0"))) // a Builder takes all
	return b.String()
}
