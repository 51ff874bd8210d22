package main

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/oauth2"
)

// A population is many sources of one contender, each with its own tokens and all with one HTTP
// client and one set of AWS keys.
type population struct {
	open       opener
	sources    []oauth2.TokenSource
	bytes      float64 // of the heap, before
	objects    float64 // of the heap, before
	goroutines int     // before
}

// newPopulation makes an empty one that can grow to size.
func newPopulation(c contender, size int) *population {
	p := &population{open: c.prepare(workload(new(google))), sources: make([]oauth2.TokenSource, 0, size)}
	p.goroutines = runtime.NumGoroutine()
	p.bytes, p.objects = heap()
	return p
}

// grow adds sources with their tokens until there are size, and gives what one took.
func (p *population) grow(size int) (time.Duration, error) {
	added := size - len(p.sources)
	start := time.Now()
	for range added {
		source, err := p.open()
		if err != nil {
			return 0, err
		}
		if _, err := source.Token(); err != nil {
			return 0, err
		}
		p.sources = append(p.sources, source)
	}
	return time.Since(start) / time.Duration(added), nil
}

// each is what a source takes of the heap.
func (p *population) each() (bytes, objects float64) {
	bytes, objects = heap()
	number := float64(len(p.sources))
	runtime.KeepAlive(p.sources)
	return (bytes - p.bytes) / number, (objects - p.objects) / number
}

// added is the number of goroutines that run for the sources.
func (p *population) added() int { return runtime.NumGoroutine() - p.goroutines }

// inTurn asks the sources for their cached tokens, one after the other and over again.
func (p *population) inTurn() func() error {
	next := 0
	return func() error {
		_, err := p.sources[next].Token()
		next = (next + 1) % len(p.sources)
		return err
	}
}

// manySources is what idle sources cost, and whether calls and fills get slower with their number.
// The contenders are not interleaved: the sources of one would be in the heap of the other.
func manySources(e effort) ([]row, error) {
	sizes := []int{1, 1000, e.sources}
	bytes, objects := make(figures), make(figures)
	goroutines, collection := make(figures), make(figures)
	calls, fills := make([]figures, len(sizes)), make([]figures, len(sizes))
	for i := range sizes {
		calls[i], fills[i] = make(figures), make(figures)
	}
	e.rounds = min(e.rounds, 5) // a round takes long with a large heap
	for _, c := range contenders() {
		p := newPopulation(c, e.sources)
		for i, size := range sizes {
			took, err := p.grow(size)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			fills[i][c.name] = microseconds(took)
			medians, err := compare(e, wallTime(), []operation{{c.name, repeat(p.inTurn())}})
			if err != nil {
				return nil, err
			}
			calls[i][c.name] = medians[c.name]
		}
		bytes[c.name], objects[c.name] = p.each()
		goroutines[c.name] = float64(p.added())
		var all []float64
		for range e.rounds {
			start := time.Now()
			runtime.GC()
			all = append(all, microseconds(time.Since(start))/1000)
		}
		collection[c.name] = median(all)
		runtime.KeepAlive(p)
	}
	rows := []row{
		{"idle source with its tokens, bytes", bytes},
		{"idle source with its tokens, objects", objects},
		{fmt.Sprintf("%d sources, goroutines", e.sources), goroutines},
		{fmt.Sprintf("%d sources, full GC, ms", e.sources), collection},
	}
	for i, size := range sizes {
		rows = append(rows, row{fmt.Sprintf("cached token, sources in turn: %d, ns", size), calls[i]})
	}
	return append(rows,
		row{fmt.Sprintf("filling a source, up to %d, µs", sizes[1]), fills[1]},
		row{fmt.Sprintf("filling a source, from %d to %d, µs", sizes[1], sizes[2]), fills[2]}), nil
}
