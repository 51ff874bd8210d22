package execute

import (
	"context"
	"log/slog"
	"sync"
)

// A firstLog holds the log back until the command starts, and with it the record of a first token
// that could not be had: that is told by exec itself, and a source logs it a little later or
// earlier than its callers get the error. A source logs one record of slog.LevelError for each
// outage.
type firstLog struct {
	slog.Handler
	state *firstState
}

type firstState struct {
	mu      sync.Mutex
	started bool
	failed  bool // a record of an error came before the start
	skip    bool // the next record of an error was told already
}

func newFirstLog(handler slog.Handler) firstLog { return firstLog{handler, new(firstState)} }

// start lets records through. told says that a failure was told whose record may still come.
func (l firstLog) start(told bool) {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	l.state.started, l.state.skip = true, told && !l.state.failed
}

// Handle implements [slog.Handler].
func (l firstLog) Handle(ctx context.Context, record slog.Record) error {
	if !l.state.admits(record.Level) {
		return nil
	}
	return l.Handler.Handle(ctx, record)
}

func (s *firstState) admits(level slog.Level) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	isError := level >= slog.LevelError
	switch {
	case !s.started:
		s.failed = s.failed || isError
		return false
	case s.skip && isError:
		s.skip = false
		return false
	}
	return true
}

// WithAttrs implements [slog.Handler].
func (l firstLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return firstLog{l.Handler.WithAttrs(attrs), l.state}
}

// WithGroup implements [slog.Handler].
func (l firstLog) WithGroup(name string) slog.Handler {
	return firstLog{l.Handler.WithGroup(name), l.state}
}
