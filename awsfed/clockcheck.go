package awsfed

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
)

// An answered request tells the time of who answered.
type answered struct {
	by     string
	answer *call.Answer
}

// clocks holds this machine's clock against those of all who answered.
func (d *diagnosis) clocks(_ context.Context, s *Step) error {
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
		s.Findings = append(s.Findings, a.by+" is ahead of this machine by "+skew.Round(time.Second).String())
		if skew.Abs() > time.Minute {
			s.Verdict = VerdictWarned
			s.Hint = clockHint(skew)
		}
	}
	return nil
}

// listening is client with an ear for the clocks of those who answer.
func (d *diagnosis) listening(client *http.Client, by string) *http.Client {
	heard := *client
	heard.Transport = listener{d, by, client.Transport}
	return &heard
}

type listener struct {
	d    *diagnosis
	by   string
	base http.RoundTripper
}

func (l listener) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := time.Now()
	base := l.base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err == nil {
		l.d.answers = append(l.d.answers, answered{l.by, &call.Answer{Status: resp.StatusCode, Header: call.Keep(resp.Header), Sent: sent}})
	}
	return resp, err
}

// clockHint is for an answer that shows the clocks to disagree.
func clockHint(skew time.Duration) string {
	way := "behind"
	if skew < 0 {
		way = "ahead of"
	}
	return fmt.Sprintf("the clock of this machine is %s %s the server's: awsfed corrects up to %s by itself; correct the clock (chronyc tracking, timedatectl)",
		skew.Abs().Round(time.Minute), way, clock.MaxSkew)
}

// skewOf is how far the server of this answer is ahead of this machine, zero when that is too
// little to say.
func skewOf(answer *call.Answer) time.Duration {
	var c clock.Clock
	c.Learn(answer.Sent, answer.Header)
	return c.Offset()
}
