package awsfed

import (
	"context"
	"log/slog"
	"time"
)

// maxWarnings bounds the warnings of one outage, errors and the end of it not counted.
const maxWarnings = 5

// An outage is what the log has told of attempts that fail, since the last success. The queue of
// the log alone reads and writes it.
type outage struct {
	since    time.Time
	warnings int
	left     time.Duration // of the token, at the last warning
	ended    bool          // it was told that callers fail
}

// line is the level and the message of an event in the log: states are told, attempts are for
// debugging. Of a failure of the federated token's source, that source tells.
func (o *outage) line(event report) (slog.Level, string) {
	switch {
	case event.Err == nil && o != nil && (o.warnings > 0 || o.ended):
		return slog.LevelInfo, "awsfed: tokens are refreshed again"
	case event.Err == nil:
		return slog.LevelDebug, "awsfed: token refreshed"
	case event.Repeated:
	case event.over && !o.ended:
		o.ended = true
		return slog.LevelError, "awsfed: no token, so callers fail"
	case !o.ended && o.warnings == 0:
		o.warnings, o.left = 1, event.left
		return slog.LevelWarn, "awsfed: tokens are not refreshed"
	case !o.ended && event.left <= o.left/2 && o.warnings < maxWarnings && event.left > 0:
		o.warnings, o.left = o.warnings+1, event.left
		return slog.LevelWarn, "awsfed: tokens are still not refreshed"
	}
	return slog.LevelDebug, "awsfed: token not refreshed"
}

// logEvent writes one event.
func logEvent(logger *slog.Logger, event report) {
	ctx := context.Background()
	first := event.outage != nil && event.outage.warnings == 0
	level, message := event.outage.line(event)
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("kind", string(event.Kind))}
	if event.Provider != "" {
		attrs = append(attrs, slog.String("provider", event.Provider))
	}
	if event.ServiceAccount != "" {
		attrs = append(attrs, slog.String("service_account", event.ServiceAccount))
	}
	if event.Target != "" {
		attrs = append(attrs, slog.String("target", event.Target))
	}
	switch {
	case level == slog.LevelInfo:
		attrs = append(attrs, slog.Duration("after", event.Start.Add(event.Duration).Sub(event.outage.since)), slog.Int("attempts", event.Attempt),
			slog.Time("expiry", event.Expiry))
	case event.Err == nil:
		attrs = append(attrs, slog.Duration("duration", event.Duration), slog.Time("expiry", event.Expiry), slog.Time("next", event.Next))
	default:
		attrs = append(attrs, slog.Int("attempt", event.Attempt), slog.Duration("duration", event.Duration), slog.Time("next", event.Next),
			slog.Duration("left", event.left.Round(time.Second)))
	}
	if event.Err != nil {
		if first || level == slog.LevelError { // with the hint
			attrs = append(attrs, slog.Any("error", event.Err))
		} else {
			attrs = append(attrs, slog.String("error", event.Err.Error()))
		}
	}
	if level == slog.LevelDebug {
		attrs = append(attrs, slog.Bool("background", event.Background))
	}
	if event.Dropped > 0 {
		attrs = append(attrs, slog.Int("dropped", event.Dropped))
	}
	logger.LogAttrs(ctx, level, message, attrs...)
}
