// Package world makes the clouds that a configuration file describes.
package world

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// World is the clouds of a configuration file, which another one can replace. It is safe for
// concurrent use.
type World struct {
	logger *slog.Logger

	mu    sync.Mutex
	data  []byte
	cloud *awsfedtest.Cloud
}

// New returns the world that the configuration file data describes, with its faults on. The logger
// gets one line for each request; nil for none. The error has one line for each fault of the file,
// with its line and path.
func New(data []byte, logger *slog.Logger) (*World, error) {
	w := &World{logger: logger}
	if err := w.Replace(data); err != nil {
		return nil, err
	}
	return w, nil
}

// Replace puts the clouds that data describes in the place of those before, or changes nothing. The
// error is that of [New].
func (w *World) Replace(data []byte) error {
	cloud, err := Build(data, w.logger)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.data, w.cloud = slices.Clone(data), cloud
	return nil
}

// Config returns the configuration file in force, as it was written. The only secrets in it are
// those of users' keys, which are the emulator's alone.
func (w *World) Config() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.data)
}

// Cloud returns the clouds in force.
func (w *World) Cloud() *awsfedtest.Cloud {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cloud
}
