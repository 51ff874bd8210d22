package call

import (
	"context"
	"reflect"
	"slices"
	"sync"
)

// maxInFlight is how many requests one transport has under way to one host. A program with a thousand
// sources that start together would ask a thousand times at once otherwise, against quotas that all
// of its project share.
const maxInFlight = 64

// limits has a hostLimit for each host with requests in flight. All clients of a transport share it.
var limits struct {
	mu sync.Mutex
	of map[limitKey]hostLimit
}

type limitKey struct {
	base any // the RoundTripper, or the client of one that cannot be compared
	host string
}

type hostLimit struct {
	inFlight int
	waiting  []chan struct{} // each closed when its request may go
}

// A slot lets one request go.
type slot struct {
	key   limitKey
	early *earlyRelease // nil where the request alone frees the slot
}

// An earlyRelease frees a slot at the end of a ctx, since there are transports that ignore it.
type earlyRelease struct {
	once sync.Once
	stop func() bool
}

// slot waits until a request may go, no longer than ctx lasts.
func (c *Client) slot(ctx context.Context, host string) (slot, error) {
	key := limitKey{c.base, host}
	if !reflect.TypeOf(c.base).Comparable() {
		key.base = c
	}
	s := slot{key: key}
	limits.mu.Lock()
	limit := limits.of[key]
	if limit.inFlight < maxInFlight {
		limit.inFlight++
		if limits.of == nil {
			limits.of = make(map[limitKey]hostLimit)
		}
		limits.of[key] = limit
		limits.mu.Unlock()
		if limit.inFlight > maxInFlight/2 {
			s.freeAtTheEndOf(ctx)
		}
		return s, nil
	}
	ready := make(chan struct{})
	limit.waiting = append(limit.waiting, ready)
	limits.of[key] = limit
	limits.mu.Unlock()
	select {
	case <-ready:
		s.freeAtTheEndOf(ctx)
		return s, nil
	case <-ctx.Done():
		s.leave(ready)
		return slot{}, ctx.Err()
	}
}

func (s *slot) freeAtTheEndOf(ctx context.Context) {
	s.early = &earlyRelease{}
	released := *s
	s.early.stop = context.AfterFunc(ctx, func() { released.early.once.Do(released.next) })
}

// free is for the end of the request.
func (s slot) free() {
	if s.early == nil {
		s.next()
		return
	}
	s.early.stop()
	s.early.once.Do(s.next)
}

// next gives the slot to the request that waits longest.
func (s slot) next() {
	limits.mu.Lock()
	defer limits.mu.Unlock()
	limit := limits.of[s.key]
	if len(limit.waiting) > 0 {
		close(limit.waiting[0])
		limit.waiting = limit.waiting[1:]
	} else if limit.inFlight--; limit.inFlight == 0 {
		delete(limits.of, s.key) // with it goes the only reference to a transport that nobody has
		return
	}
	limits.of[s.key] = limit
}

// leave stops waiting, or gives up the slot that came at the same moment.
func (s slot) leave(mine chan struct{}) {
	limits.mu.Lock()
	limit := limits.of[s.key]
	i := slices.Index(limit.waiting, mine)
	if i >= 0 {
		limit.waiting = slices.Delete(limit.waiting, i, i+1)
		limits.of[s.key] = limit
	}
	limits.mu.Unlock()
	if i < 0 {
		s.next()
	}
}
