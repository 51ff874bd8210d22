package awsfed

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// A Verdict is how a [Step] of a [Report] ended. They are ordered: a greater one is worse.
type Verdict int

const (
	VerdictPassed  Verdict = iota
	VerdictSkipped         // not tried, or nothing to judge; the findings say why
	VerdictWarned          // it works, and something is not as it should be
	VerdictFailed
)

// String is the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case VerdictPassed:
		return "passed"
	case VerdictSkipped:
		return "skipped"
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
// are commands, quoted for a POSIX shell and to be pasted as they are; the others are prose.
type Step struct {
	Stage    Stage         `json:"stage"`
	Verdict  Verdict       `json:"verdict"`
	Duration time.Duration `json:"duration_ns"`
	Findings []string      `json:"findings"`       // what was seen
	Hint     string        `json:"hint,omitempty"` // what to do, for a step that warned or failed
	Err      error         `json:"-"`              // an *Error or *FieldErrors, for a step that failed
}

// A Report is what [Diagnose] found, in the order in which it looked. It holds no secret.
type Report struct {
	Steps    []Step             `json:"steps"`
	Identity principal.Identity `json:"identity"`        // who AWS says the caller is; zero if it did not say
	Members  []string           `json:"members"`         // the IAM members that name this caller; one of them is to be granted roles
	Expiry   time.Time          `json:"expiry,omitzero"` // of the token that was had; zero if there was none
}

// Worst is the worst verdict of all steps.
func (r Report) Worst() Verdict {
	worst := VerdictPassed
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

// MarshalJSON adds the worst verdict to the fields.
func (r Report) MarshalJSON() ([]byte, error) {
	type fields Report
	return json.Marshal(struct {
		Worst Verdict `json:"worst"`
		fields
	}{r.Worst(), fields(r)})
}
