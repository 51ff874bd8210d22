package setup

import (
	"fmt"
	"io"
	"strings"
)

// A Severity is how much a [Finding] matters. They are ordered: a greater one is worse.
type Severity int

const (
	Fine     Severity = iota // there is nothing to find; no finding has it
	Unjudged                 // it cannot be judged here, and the finding says what to look for
	Missing                  // the AWS identity is not let in, or not as the principal that the plan binds
	TooWide                  // others are let in, or become the same principal
)

// String is the severity in lower case.
func (s Severity) String() string {
	switch s {
	case Fine:
		return "fine"
	case Unjudged:
		return "not judged"
	case Missing:
		return "missing"
	case TooWide:
		return "too wide"
	}
	return fmt.Sprintf("Severity(%d)", int(s))
}

// A Finding is one thing in which a provider is not as it was planned.
type Finding struct {
	Severity Severity
	Field    string   // where it is in what gcloud describes: attributeCondition, aws.accountId
	Text     string   // what is wrong and what to do, one line
	Paste    []string // lines to be pasted as they are: commands, and a clause where Text says so
}

// Worst is the worst severity of all findings; Fine for none.
func Worst(findings []Finding) Severity {
	worst := Fine
	for _, finding := range findings {
		worst = max(worst, finding.Severity)
	}
	return worst
}

// WriteFindings writes the findings for people, and that there are none.
func WriteFindings(w io.Writer, findings []Finding) error {
	var b strings.Builder
	if len(findings) == 0 {
		b.WriteString("The provider is as it was planned. The bindings are not looked at: awsfed doctor tries them.\n")
	}
	for _, finding := range findings {
		fmt.Fprintf(&b, "%s: %s\n  %s\n", finding.Severity, finding.Field, finding.Text)
		for _, line := range finding.Paste {
			fmt.Fprintf(&b, "      %s\n", line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
