// Package secret keeps values where printing does not reach them.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const cover = "[secret]"

// A Box holds a value that nothing prints. In an unexported field package fmt calls no methods, and
// under a verb that does not fit it follows one pointer more; other packages follow all of them.
// Nothing follows a func, so the value is behind one. The zero Box holds the zero value of T.
type Box[T any] struct{ open func() T }

// New puts v into a box.
func New[T any](v T) Box[T] { return Box[T]{func() T { return v }} }

// Reveal is the value.
func (b Box[T]) Reveal() T {
	if b.open == nil {
		var zero T
		return zero
	}
	return b.open()
}

// Format prints the same for every verb.
func (b Box[T]) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, cover) }

// LogValue is for package slog.
func (b Box[T]) LogValue() slog.Value { return slog.StringValue(cover) }

// MarshalText is for JSON, XML and other encoders. Gob fails, since a box has no exported field.
func (b Box[T]) MarshalText() ([]byte, error) { return []byte(cover), nil }
