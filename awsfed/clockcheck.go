package awsfed

import (
	"context"
	"fmt"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
)

// An answered request tells the time of who answered.
type answered struct {
	by     string
	answer *call.Answer
}

// heard notes an answer. A refresh that a step no longer waits for may still get one.
func (d *diagnosis) heard(by string, answer *call.Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers = append(d.answers, answered{by, answer})
}

// clocks holds this machine's clock against those of all who answered.
func (d *diagnosis) clocks(_ context.Context, s *Step) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.answers) == 0 {
		s.Verdict = VerdictSkipped
		s.Findings = []string{"nobody answered, so there is no clock to compare with"}
		return nil
	}
	seen := make(map[string]bool)
	for _, a := range d.answers {
		skew := skewOf(a.answer)
		if seen[a.by] {
			continue
		}
		seen[a.by] = true
		s.Findings = append(s.Findings, "the clock of "+a.by+" "+comparedWithHere(skew))
		if skew.Abs() > time.Minute {
			s.Verdict = VerdictWarned
			s.Hint = clockHint(skew)
		}
	}
	return nil
}

// comparedWithHere says how far a clock is ahead of this machine's.
func comparedWithHere(skew time.Duration) string {
	switch skew = skew.Round(time.Second); {
	case skew > 0:
		return fmt.Sprintf("is %s ahead of this machine's", skew)
	case skew < 0:
		return fmt.Sprintf("is %s behind this machine's", skew.Abs())
	}
	return "agrees with this machine's"
}

// clockHint is for an answer that shows the clocks to disagree.
func clockHint(skew time.Duration) string {
	way := "behind"
	if skew < 0 {
		way = "ahead of"
	}
	return clockCommands(fmt.Sprintf("the clock of this machine is %s %s the server's. awsfed corrects up to %s by itself; other programs do not.",
		skew.Abs().Round(time.Minute), way, clock.MaxSkew))
}

// clockCommands says what is wrong with the clock, and what shows why.
func clockCommands(what string) string {
	return lines(what+" Where chrony keeps the clock, as on Amazon Linux, this shows why it is off:",
		command("chronyc", "tracking"),
		"On another machine with systemd this does:",
		command("timedatectl"))
}

// skewOf is how far the server of this answer is ahead of this machine, zero when that is too
// little to say.
func skewOf(answer *call.Answer) time.Duration {
	var c clock.Clock
	c.Learn(answer.Sent, answer.Date)
	return c.Offset()
}
