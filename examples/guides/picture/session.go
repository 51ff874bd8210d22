package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// A line is one of the terminal.
type line struct {
	kind kind
	text string
}

type kind string // the class of the line in the picture

const (
	prompt  kind = "prompt"
	plain   kind = "plain"
	good    kind = "good"
	bad     kind = "bad"
	hint    kind = "hint"
	command kind = "command" // to be pasted
	quiet   kind = "quiet"
)

// columns is the width of the terminal. Longer lines go on in the next one, as they would there.
const columns = 100

// session is what a terminal shows after both commands.
func session(ctx context.Context, root string) ([]line, error) {
	var lines []line
	for _, c := range []struct {
		words []string
		fails bool
		color func([]string) []line
	}{
		{words: []string{"run", "./quickstart"}, color: quickstart},
		{words: []string{"run", "./doctor", "-demo", "missing-binding"}, fails: true, color: doctor},
	} {
		text, err := run(ctx, root, c.words, c.fails)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{prompt, "$ go -C examples " + strings.Join(c.words, " ")})
		lines = append(lines, c.color(strings.Split(strings.TrimRight(steady(text), "\n"), "\n"))...)
		lines = append(lines, line{plain, ""})
	}
	return wrap(lines[:len(lines)-1]), nil
}

// run gives the standard output of go in the module of the examples.
func run(ctx context.Context, root string, words []string, fails bool) (string, error) {
	c := exec.CommandContext(ctx, "go", append([]string{"-C", "examples"}, words...)...)
	var stderr bytes.Buffer
	c.Dir, c.Stderr = root, &stderr
	c.Env = append(os.Environ(), "GOWORK=off", "GOOGLE_APPLICATION_CREDENTIALS=", "GOOGLE_CLOUD_PROJECT=")
	out, err := c.Output()
	if _, failed := errors.AsType[*exec.ExitError](err); failed == fails && (failed || err == nil) && len(out) > 0 {
		return string(out), nil
	}
	return "", fmt.Errorf("go %s: %v\n%s%s", strings.Join(words, " "), err, out, stderr.String())
}

// steady takes out what differs from run to run, and leaves the columns where they are.
func steady(text string) string {
	for _, r := range []struct{ what, by string }{
		{`\b(127\.0\.0\.1):[0-9]+`, "$1:8085"},
		{`\bASIA[A-Z2-7]{16}\b`, "ASIAEXAMPLEEXAMPLEEX"},
		{`\bAROA[A-Z2-7]{17}\b`, "AROAEXAMPLEEXAMPLEEXA"},
		{`\b59m5[0-9]s\b`, "1h0m0s"},
		{`(passed|failed|warned|skipped)   *[0-9.]+(ns|µs|ms|s)(?m)$`, "$1"},
	} {
		text = regexp.MustCompile(r.what).ReplaceAllString(text, r.by)
	}
	return regexp.MustCompile(` [0-9]+\.[0-9]{2} ms `).ReplaceAllStringFunc(text, func(duration string) string {
		return strings.Repeat(" ", len(duration)-len("~ ms ")) + "… ms "
	})
}

// quickstart tells the lines of the quickstart apart.
func quickstart(texts []string) (lines []line) {
	for _, text := range texts {
		of := plain
		switch {
		case strings.Contains(text, "refused by"):
			of = quiet
		case strings.HasPrefix(text, "gs://"):
			of = good
		}
		lines = append(lines, line{of, text})
	}
	return lines
}

// doctor tells the lines of the doctor apart, and leaves out the findings of steps that are well.
func doctor(texts []string) (lines []line) {
	well := false
	for _, text := range texts {
		of := plain
		switch {
		case strings.HasPrefix(text, "ok  "):
			of, well = good, true
		case strings.HasPrefix(text, "XX  "):
			of, well = bad, false
		case strings.HasPrefix(text, "--  "):
			of, well = quiet, true
		case strings.HasPrefix(text, "    > "):
			of = hint
		case strings.HasPrefix(text, "      gcloud "):
			of = command
		case text == "" || !strings.HasPrefix(text, " "):
			well = false
		}
		if well && of == plain {
			if last := lines[len(lines)-1]; !strings.HasSuffix(last.text, "…") {
				lines[len(lines)-1].text = last.text + "  …"
			}
			continue
		}
		lines = append(lines, line{of, text})
	}
	return lines
}

// wrap breaks lines at the width of the terminal.
func wrap(lines []line) (wrapped []line) {
	for _, l := range lines {
		letters := []rune(l.text)
		for len(letters) > columns {
			wrapped = append(wrapped, line{l.kind, string(letters[:columns])})
			letters = letters[columns:]
		}
		wrapped = append(wrapped, line{l.kind, string(letters)})
	}
	return wrapped
}
