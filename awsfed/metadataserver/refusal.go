package metadataserver

import (
	"context"
	"log/slog"
	"time"
)

// A refusalReason is why a request was refused, in metrics and log lines.
type refusalReason int

const (
	refusedHost refusalReason = iota
	refusedPeer
	refusedForwarded
	refusedFlavor
	refusedMethod
	refusals // how many there are
)

func (r refusalReason) String() string {
	return [refusals]string{"host", "peer", "forwarded", "flavor", "method"}[r]
}

// quiet is the pause between two warnings of one reason: who is refused could fill the log else.
const quiet = time.Minute

// warn tells the log of a refusal, without anything that the request has.
func (h *Handler) warn(ctx context.Context, refusal *refusal) {
	now := time.Now().UnixNano()
	last := &h.warned[refusal.reason]
	before := last.Load()
	if before != 0 && now-before < int64(quiet) || !last.CompareAndSwap(before, now) {
		return
	}
	h.options.Logger.LogAttrs(ctx, slog.LevelWarn, "awsfed: a request to the metadata server was refused",
		slog.String("reason", refusal.reason.String()), slog.String("detail", refusal.text))
}
