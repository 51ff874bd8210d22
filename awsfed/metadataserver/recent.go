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
	source *awsfed.TokenSource
}

func newRecent(most int) *recent {
	return &recent{most: most, byKey: map[string]*list.Element{}, newest: list.New()}
}

// get gives the source of a key. newSource runs without the lock, so that of two at once the one
// that comes second is dropped; it fetches no token.
func (r *recent) get(key string, newSource func() (*awsfed.TokenSource, error)) (*awsfed.TokenSource, error) {
	if source := r.find(key); source != nil {
		return source, nil
	}
	source, err := newSource()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if element, found := r.byKey[key]; found {
		return element.Value.(*kept).source, nil
	}
	r.byKey[key] = r.newest.PushFront(&kept{key, source})
	if r.newest.Len() > r.most {
		oldest := r.newest.Remove(r.newest.Back()).(*kept)
		delete(r.byKey, oldest.key)
	}
	return source, nil
}

func (r *recent) find(key string) *awsfed.TokenSource {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, found := r.byKey[key]
	if !found {
		return nil
	}
	r.newest.MoveToFront(element)
	return element.Value.(*kept).source
}
