package serve

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/systemd"
)

// Pauses of a reloader.
const (
	lookEvery  = 5 * time.Second
	retryAfter = time.Minute // once a file that has changed gave no token
)

// A Reloader takes a credential file over when it has changed, on disk or behind a link, as the
// files of a Kubernetes ConfigMap are.
type Reloader struct {
	file   string                      // "" for a provider that the flags name
	seen   os.FileInfo                 // of the file that is served; nil for none
	take   func(context.Context) error // reads it, and serves it once it gives a token
	logger *slog.Logger
	tell   func(states ...string) // systemd; nil for nobody
}

// Run looks at the file every 5 seconds, and at once when it is asked to, until ctx ends. What
// fails is told in the log, and what was served before is served on.
func (r *Reloader) Run(ctx context.Context, asked <-chan os.Signal) {
	if r.file == "" {
		return
	}
	pause := lookEvery
	for {
		anyway := false
		select {
		case <-ctx.Done():
			return
		case <-asked:
			anyway = true
		case <-time.After(pause):
		}
		pause = lookEvery
		found, err := os.Stat(r.file)
		if err == nil && !anyway && r.seen != nil && same(r.seen, found) {
			continue
		}
		if anyway && r.tell != nil {
			r.tell(systemd.Reloading()...)
		}
		if err == nil {
			err = r.take(ctx)
		}
		if anyway && r.tell != nil {
			r.tell(systemd.Ready)
		}
		if err != nil {
			r.logger.ErrorContext(ctx, "awsfed: the credential file has changed and gives no token; the one before it is served on",
				"file", r.file, "error", err)
			pause = retryAfter
			continue
		}
		r.seen = found
		r.logger.InfoContext(ctx, "awsfed: the credential file was taken over", "file", r.file)
	}
}

// same reports whether a file is as it was. Content that changes keeps neither the time nor, with
// tools that replace files, the file.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
