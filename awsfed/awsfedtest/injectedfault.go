package awsfedtest

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"
)

// InjectedFault is a fault of the catalogue that is on in a cloud, see [Cloud.InjectedFaults].
type InjectedFault struct {
	NamedFault
	// ID tells it from every other fault that is or was on, in any cloud.
	ID string
	// Since is when it was injected, by time.Now.
	Since time.Time

	undo func()
}

// Undo takes the fault back. Doing so again does nothing.
func (f InjectedFault) Undo() { f.undo() }

// InjectedFaults returns the faults of the catalogue that are on, in the order of their injection:
// those that [NamedFault.Inject] or [Cloud.InjectNamed] brought about and that nobody has undone.
func (c *Cloud) InjectedFaults() []InjectedFault {
	c.named.mu.Lock()
	defer c.named.mu.Unlock()
	faults := make([]InjectedFault, len(c.named.on))
	for i, n := range c.named.on {
		faults[i] = n.fault
	}
	return faults
}

// InjectNamed is [NamedFault.Inject] for callers that look after faults by their IDs.
func (c *Cloud) InjectNamed(f NamedFault) InjectedFault { return c.named.inject(c, f) }

// namedFaults is the faults of the catalogue that are on in a cloud. Its zero value is empty and
// ready for use.
type namedFaults struct {
	mu sync.Mutex // held while a fault is brought about or taken back, which calls no user code
	on []*namedFault
}

type namedFault struct {
	fault  InjectedFault
	remove func() // takes it back, if no later one is on
}

func (s *namedFaults) inject(c *Cloud, f NamedFault) InjectedFault {
	n := &namedFault{fault: InjectedFault{NamedFault: f, ID: rand.Text()[:10], Since: time.Now()}}
	n.fault.undo = func() { s.undo(c, n) }
	s.mu.Lock()
	defer s.mu.Unlock()
	n.remove = f.inject(c)
	s.on = append(s.on, n)
	return n.fault
}

// undo takes back the faults from n on, the last first, and brings those after n about again:
// each puts back what it found, which for two faults of one setting is right in that order alone.
func (s *namedFaults) undo(c *Cloud, n *namedFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.on, n)
	if i < 0 {
		return
	}
	for _, later := range slices.Backward(s.on[i:]) {
		later.remove()
	}
	s.on = slices.Delete(s.on, i, i+1)
	for _, later := range s.on[i:] {
		later.remove = later.fault.inject(c)
	}
}
