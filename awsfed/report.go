package awsfed

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// A Verdict is how a [Step] ended. They are ordered: a greater one is worse. The zero value is
// VerdictPassed, so that a step of a [RefreshEvent] has it unless it failed; VerdictSkipped is the
// one below it, since what was not looked at makes nothing worse.
type Verdict int

const (
	VerdictSkipped Verdict = iota - 1 // not tried, or nothing to judge; the findings say why
	VerdictPassed
	VerdictWarned // it works, and something is not as it should be
	VerdictFailed
)

// String is the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case VerdictSkipped:
		return "skipped"
	case VerdictPassed:
		return "passed"
	case VerdictWarned:
		return "warned"
	case VerdictFailed:
		return "failed"
	}
	return fmt.Sprintf("Verdict(%d)", int(v))
}

// MarshalText makes the verdict a word in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Step is one thing that an attempt did, in a [RefreshEvent], or that [Diagnose] looked at, in a
// [Report]. Findings and Hint are of a report alone. In Hint the lines that start with two blanks
// are to be pasted as they are: commands, quoted for a POSIX shell, and a clause of a condition
// where the line above says so. The others are prose, of any length.
type Step struct {
	Stage    Stage
	Verdict  Verdict
	Duration time.Duration
	Findings []string // what was seen
	Hint     string   // what to do, for a step that warned or failed
	Err      error    // of a step that failed: an *Error, *FieldErrors, or what the mapping returned
}

// A Report is what [Diagnose] found, in the order in which it looked. It holds no secret.
//
// It encodes as JSON by a schema with a version; docs/doctor.md has every field.
type Report struct {
	Steps    []Step
	Identity principal.Identity // who AWS says the caller is; zero if it did not say
	Members  []string           // the IAM members that name this caller; one of them is to be granted roles
	Expiry   time.Time          // of the token that was had; zero if there was none
}

// Worst is the worst verdict of all steps; VerdictSkipped for none.
func (r Report) Worst() Verdict {
	worst := VerdictSkipped
	for _, step := range r.Steps {
		worst = max(worst, step.Verdict)
	}
	return worst
}

// WriteText writes the report for people: prose in lines of at most 80 columns, and commands on
// lines of their own, to be pasted as they are.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, step := range r.Steps {
		mark := map[Verdict]string{VerdictPassed: "ok", VerdictSkipped: "--", VerdictWarned: "!!", VerdictFailed: "XX"}[step.Verdict]
		fmt.Fprintf(&b, "%s  %-20s %-8s %s\n", mark, step.Stage, step.Verdict, step.Duration.Round(100*time.Microsecond))
		for _, finding := range step.Findings {
			fmt.Fprintf(&b, "      %s\n", oneLine(finding))
		}
		// A ">" in front of a command would redirect where the line is pasted.
		writeHint(&b, step.Hint, "    > ", "    > ", "    ")
	}
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// oneLine keeps what others said from making lines that look like commands.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

func (r Report) summary() string {
	count := make(map[Verdict]int)
	for _, step := range r.Steps {
		count[step.Verdict]++
	}
	switch {
	case count[VerdictFailed] > 0:
		return fmt.Sprintf("%d of %d steps failed; what to do stands behind \">\", and commands below it.", count[VerdictFailed], len(r.Steps))
	case r.Expiry.IsZero():
		return "The diagnosis did not come to its end, so there is nothing to say of what it did not reach."
	case count[VerdictWarned] > 0:
		return fmt.Sprintf("It works; %d of %d steps have a warning.", count[VerdictWarned], len(r.Steps))
	}
	return "It works: Google gives this AWS identity a token."
}

// String is the report as text.
func (r Report) String() string {
	var b strings.Builder
	_ = r.WriteText(&b) // a strings.Builder does not fail
	return b.String()
}

// Format prints String for every verb.
func (r Report) Format(state fmt.State, verb rune) { formatAs(state, verb, r.String()) }
