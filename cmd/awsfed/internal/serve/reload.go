package serve

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
)

// Pauses of a reloader.
const (
	lookEvery  = 5 * time.Second
	retryAfter = time.Minute // once a file that has changed gave no token
)

// A reloader takes a credential file over when it has changed, on disk or behind a link, as the
// files of a Kubernetes ConfigMap are.
type reloader struct {
	file    string
	config  func() (awsfed.Config, error)
	replace func(context.Context, awsfed.Config) error
	logger  *slog.Logger
	seen    os.FileInfo // of the file that is served; nil for none
}

// run looks at the file from time to time, and at once when asked, until ctx ends. What fails is
// told in the log, and what was served before is served on.
func (r *reloader) run(ctx context.Context, ask <-chan os.Signal) {
	pause := lookEvery
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-ask:
			asked = true
		case <-time.After(pause):
		}
		pause = lookEvery
		found, err := os.Stat(r.file)
		if err == nil && !asked && r.seen != nil && same(r.seen, found) {
			continue
		}
		if err == nil {
			err = r.take(ctx)
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

func (r *reloader) take(ctx context.Context) error {
	cfg, err := r.config()
	if err != nil {
		return err
	}
	return r.replace(ctx, cfg)
}

// same reports whether a file is as it was. Content that changes keeps neither the time nor, with
// tools that replace files, the file.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
