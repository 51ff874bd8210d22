package awsfed

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

// An Attempt is what the layers that take part in one attempt to get a token share: the time of the
// servers, the token that was refused, the steps of the [RefreshEvent]. It travels in the ctx. So a
// decorator around a layer, one that logs for example, has to do nothing but pass its ctx on. A
// layer of your own may use it.
//
// All methods are safe for concurrent use, and work on a nil Attempt.
type Attempt struct {
	depth   int // how many attempts of other sources wait for this one
	waiting interface {
		retried(err *Error) // a source below has failed and goes on trying
	} // nil in a layer used alone

	mu      sync.Mutex
	clock   *clock.Clock // of the layer that hears the server; nil before
	refused secret.Box[string]
	renewed bool
	steps   []Step
	stage   Stage                        // under way, or the last one; "" before the first
	below   interface{ current() Stage } // a refresh that this attempt waits for; nil without
	last    interface{ prepare() }       // the last step, to be prepared while those before take their time; nil when done
}

type attemptKey struct{}

// AttemptOf gives the attempt that ctx belongs to, nil outside of any.
func AttemptOf(ctx context.Context) *Attempt {
	a, _ := ctx.Value(attemptKey{}).(*Attempt)
	return a
}

func (a *Attempt) context(parent context.Context) context.Context {
	return context.WithValue(parent, attemptKey{}, a)
}

// Format prints the same for every verb.
func (a *Attempt) Format(state fmt.State, verb rune) { formatAs(state, verb, "awsfed.Attempt") }

// Now is the time of the servers, as far as an answer has told it, and else that of this machine. A
// signature carries it.
func (a *Attempt) Now() time.Time {
	if a != nil {
		a.mu.Lock()
		c := a.clock
		a.mu.Unlock()
		if c != nil {
			return c.Now()
		}
	}
	return time.Now()
}

// Refused is the token, "" for none, that a server refused in this attempt. The layer that made it
// does not give it out again: a [SubjectTokenBuilder] makes the AWS credentials' provider get new
// ones, a [TokenSource] gets a new token. It is a secret.
func (a *Attempt) Refused() string {
	if a == nil {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused.Reveal()
}

// Renewed tells that what stood behind the refused token is new, so that a second try is worth its
// request.
func (a *Attempt) Renewed() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.renewed = true
}

// Step begins a step of the [RefreshEvent]; the func that it returns ends it, with nil for a
// success.
func (a *Attempt) Step(stage Stage) (end func(error)) { return a.begin(stage).end }

// A stepUnderWay is a step that has not ended.
type stepUnderWay struct {
	of    *Attempt // nil outside of any
	stage Stage
	start time.Time
}

func (a *Attempt) begin(stage Stage) stepUnderWay {
	if a == nil {
		return stepUnderWay{}
	}
	a.mu.Lock()
	a.stage = stage
	a.mu.Unlock()
	a.prepare()
	return stepUnderWay{a, stage, time.Now()}
}

func (s stepUnderWay) end(err error) {
	a := s.of
	if a == nil {
		return
	}
	err = asError(s.stage, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	step := Step{Stage: s.stage, Duration: time.Since(s.start), Err: err}
	if err != nil {
		step.Verdict = VerdictFailed
	}
	if a.steps == nil && s.stage == StageCredentials {
		a.steps = make([]Step, 0, 4) // as many as an exchange has
	}
	a.steps = append(a.steps, step)
}

// useClock makes c the clock of the layers below.
func (a *Attempt) useClock(c *clock.Clock) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clock = c
}

// heard takes in the time of an answer, nil for none, where a layer of the attempt wants to know
// it.
func (a *Attempt) heard(answer *call.Answer) {
	if a == nil || answer == nil {
		return
	}
	a.mu.Lock()
	c := a.clock
	a.mu.Unlock()
	if c != nil {
		c.Learn(answer.Sent, answer.Date)
	}
}

// refuse asks the layer below for another token than this one.
func (a *Attempt) refuse(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused, a.renewed = secret.New(token), false
}

// accepted takes the refusal back. It reports whether what stood behind the refused token is new.
func (a *Attempt) accepted() (renewed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused = secret.Box[string]{}
	return a.renewed
}

// level is how many attempts wait for what a caller of the attempt a, nil for none, asks for.
func (a *Attempt) level() int {
	if a == nil {
		return 0
	}
	return a.depth + 1
}

func (a *Attempt) result() []Step {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.steps
}

// current is the stage under way here or in the source that this attempt waits for; "" before the
// first.
func (a *Attempt) current() Stage {
	a.mu.Lock()
	stage, below := a.stage, a.below
	a.mu.Unlock()
	if below != nil {
		if s := below.current(); s != "" {
			return s
		}
	}
	return stage
}

// wait notes the refresh that the attempt waits for; nil ends that.
func (a *Attempt) wait(below interface{ current() Stage }) {
	if a == nil {
		return
	}
	a.mu.Lock()
	a.below = below
	a.mu.Unlock()
	if below != nil {
		a.prepare()
	}
}

// onWait has the last step prepared once something has to be waited for in this attempt.
func (a *Attempt) onWait(last interface{ prepare() }) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = last
}

func (a *Attempt) prepare() {
	a.mu.Lock()
	last := a.last
	a.last = nil
	a.mu.Unlock()
	if last != nil {
		last.prepare()
	}
}

// failed tells those who wait for the attempt that a source below has failed once.
func (a *Attempt) failed(err *Error) {
	if a != nil && a.waiting != nil {
		a.waiting.retried(err)
	}
}

// layer runs one call of a layer. In an attempt of a [TokenSource] that is all; in a layer used
// alone it bounds the call by timeout, and makes an error of a panic.
func layer[T any](ctx context.Context, timeout time.Duration, stage Stage, call func(context.Context) (T, error)) (result T, err error) {
	if ctx == nil {
		return result, errNoContext
	}
	if AttemptOf(ctx) != nil {
		return call(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a := &Attempt{}
	err = guard(func() Stage { return cmp.Or(a.current(), stage) }, "code that awsfed was given", func() error {
		var err error
		result, err = call(a.context(ctx))
		return err
	})
	return result, err
}
