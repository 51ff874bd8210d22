package metadataserver

import (
	"container/list"
	"net"
	"sync"
)

// places are the connections of a server, no more than a number of them. One that comes when all
// are taken gets that of the connection which has been without a request for the longest, so that
// slow and silent clients cannot keep others out.
type places struct {
	most int

	mu      sync.Mutex
	all     map[net.Conn]*place
	waiting *list.List // of *place, the longest first: those without a request
	evicted uint64
}

// A place is a connection that is counted.
type place struct {
	among   *places
	conn    net.Conn
	element *list.Element // in waiting; nil while a request is answered
}

func newPlaces(most int) *places {
	return &places{most: most, all: map[net.Conn]*place{}, waiting: list.New()}
}

// take counts a connection, and closes another if there are too many; the new one, if all the
// others have requests.
func (p *places) take(conn net.Conn) *place {
	if tooMany := p.add(conn); tooMany != nil {
		_ = tooMany.Close() // its goroutine notices, and leave is called
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[conn]
}

func (p *places) add(conn net.Conn) (tooMany net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) >= p.most {
		p.evicted++
		longest := p.waiting.Front()
		if longest == nil {
			return conn
		}
		tooMany = longest.Value.(*place).conn
		p.forget(tooMany)
	}
	added := &place{among: p, conn: conn}
	added.element = p.waiting.PushBack(added)
	p.all[conn] = added
	return tooMany
}

// begin keeps the place of a connection for as long as its request is answered.
func (at *place) begin() {
	p := at.among
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.element != nil {
		p.waiting.Remove(at.element)
		at.element = nil
	}
}

func (at *place) end() {
	p := at.among
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[at.conn] == at && at.element == nil {
		at.element = p.waiting.PushBack(at)
	}
}

func (p *places) leave(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(conn)
}

// forget needs the lock.
func (p *places) forget(conn net.Conn) {
	at, found := p.all[conn]
	if !found {
		return
	}
	if at.element != nil {
		p.waiting.Remove(at.element)
		at.element = nil
	}
	delete(p.all, conn)
}

// counts are for the metrics.
func (p *places) counts() (open int, evicted uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all), p.evicted
}
