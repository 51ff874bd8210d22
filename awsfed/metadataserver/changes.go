package metadataserver

import (
	"context"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// maxWaiting bounds the requests that wait for a change: each has a connection for as long.
const maxWaiting = 100

// maxWait ends a wait whose client may have gone: where it sent anything behind its request, its
// end goes unnoticed. One that is there asks again.
const maxWait = time.Hour

// changes tells requests that wait of a new token or another identity.
type changes struct {
	most int // requests that wait

	mu      sync.Mutex
	next    chan struct{} // closed at the next change
	waiting int
	ended   bool
}

// init is for a server with a number of connections, of which half is for those who do not wait.
func (c *changes) init(connections int) {
	c.most = max(1, min(maxWaiting, connections/2))
	c.next = make(chan struct{})
}

// announce wakes those who wait; what has changed they look up themselves.
func (c *changes) announce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		close(c.next)
		c.next = make(chan struct{})
	}
}

// end makes those who wait, and all who come, get what there is: the server stops.
func (c *changes) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.next)
	}
}

// enter counts a request that may wait.
func (c *changes) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting >= c.most {
		return false
	}
	c.waiting++
	return true
}

func (c *changes) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting--
}

// upcoming is closed at the next change. It is taken before a value is looked at, so that no change
// falls between.
func (c *changes) upcoming() (next <-chan struct{}, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next, c.ended
}

// wait looks at a value until its ETag differs from the parameter last_etag, or from the first one
// where there is none; until timeout_sec, an hour at most, are over; or until the client leaves.
// Then it gives the value as it is.
func (c *changes) wait(ctx context.Context, query url.Values, look func() (answer, error)) (answer, error) {
	last := query.Get("last_etag")
	limit := maxWait
	if s := query.Get("timeout_sec"); s != "" {
		seconds, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			return answer{}, badRequest("timeout_sec is not a number of seconds")
		}
		limit = min(limit, time.Duration(seconds)*time.Second)
	}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	if !c.enter() {
		return answer{}, unavailable("too many requests wait for a change")
	}
	defer c.leave()
	for {
		next, ended := c.upcoming()
		a, err := look()
		if err != nil || ended || last != "" && a.etag != last {
			return a, err
		}
		last = a.etag
		select {
		case <-next:
		case <-timeout.C:
			return look()
		case <-ctx.Done():
			return a, nil
		}
	}
}
