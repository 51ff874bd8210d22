package main

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A stream carries bytes one way. It holds whatever is on its way.
type stream struct {
	delay time.Duration

	mu        sync.Mutex
	changed   *sync.Cond
	segments  []segment
	ended     bool // by the writer
	abandoned bool // by the reader
	deadline  time.Time
}

// A segment is one write; that of no bytes is the last.
type segment struct {
	bytes   []byte
	arrives time.Time
}

func newStream(delay time.Duration) *stream {
	s := &stream{delay: delay}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.abandoned {
		return 0, net.ErrClosed
	}
	if len(p) > 0 {
		s.send(append([]byte(nil), p...))
	}
	return len(p), nil
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		s.send(nil)
	}
}

// send puts bytes on their way. The caller holds mu.
func (s *stream) send(bytes []byte) {
	s.segments = append(s.segments, segment{bytes, time.Now().Add(s.delay)})
	time.AfterFunc(s.delay, s.changed.Broadcast)
}

func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = true
	s.changed.Broadcast()
}

func (s *stream) setDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	s.changed.Broadcast()
	if !t.IsZero() {
		time.AfterFunc(time.Until(t), s.changed.Broadcast)
	}
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		now := time.Now()
		switch {
		case s.abandoned:
			return 0, net.ErrClosed
		case !s.deadline.IsZero() && !now.Before(s.deadline):
			return 0, os.ErrDeadlineExceeded
		case len(s.segments) > 0 && !now.Before(s.segments[0].arrives):
			first := &s.segments[0]
			if len(first.bytes) == 0 {
				return 0, io.EOF
			}
			n := copy(p, first.bytes)
			if first.bytes = first.bytes[n:]; len(first.bytes) == 0 {
				s.segments = s.segments[1:]
			}
			return n, nil
		}
		s.changed.Wait()
	}
}
