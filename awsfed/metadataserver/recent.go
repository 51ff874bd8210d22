package metadataserver

import (
	"container/list"
	"sync"

	"github.com/awsfed/awsfed-go/awsfed"
)

// recent keeps the sources that were asked for most recently. One that falls out is made anew when
// it is asked for again.
type recent struct {
	most int

	mu     sync.Mutex
	byKey  map[string]*list.Element
	newest *list.List // of *kept
}

type kept struct {
	key    string
	source *source
}

func newRecent(most int) *recent {
	return &recent{most: most, byKey: map[string]*list.Element{}, newest: list.New()}
}

// get gives the source of a key. newTokens runs without the lock, so that of two at once the one
// that comes second is dropped; it fetches no token.
func (r *recent) get(key string, newTokens func() (*awsfed.TokenSource, error)) (*source, error) {
	if found := r.find(key); found != nil {
		return found, nil
	}
	tokens, err := newTokens()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if element, found := r.byKey[key]; found {
		return element.Value.(*kept).source, nil
	}
	added := &source{tokens: tokens}
	r.byKey[key] = r.newest.PushFront(&kept{key, added})
	if r.newest.Len() > r.most {
		oldest := r.newest.Remove(r.newest.Back()).(*kept)
		delete(r.byKey, oldest.key)
	}
	return added, nil
}

func (r *recent) find(key string) *source {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, found := r.byKey[key]
	if !found {
		return nil
	}
	r.newest.MoveToFront(element)
	return element.Value.(*kept).source
}
