package serve

import (
	"context"
	"log/slog"
)

// NewReloader is for tests that have another server than the command's.
func NewReloader(file string, take func(context.Context) error, logger *slog.Logger) *Reloader {
	return &Reloader{file: file, take: take, logger: logger}
}
