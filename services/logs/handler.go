package logs

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"cashtag/schemas"
)

// Handler is a slog.Handler that hands each record on and publishes it. It is safe
// for concurrent use, and so are the handlers made from it, which share its queue.
type Handler struct {
	next    slog.Handler
	service string
	level   slog.Level
	queue   *queue
	// Of WithGroup and WithAttrs: where attributes go, whether nothing there may be
	// shown, and what was given before, the latter in the order given.
	prefix string
	secret bool
	given  []attribute
}

var _ slog.Handler = (*Handler)(nil)

// New returns a Handler that hands records to next, which also is told the name of
// the service. Records are queued until Run publishes them. config must be valid.
func New(next slog.Handler, config Config) *Handler {
	return &Handler{
		next:    next.WithAttrs([]slog.Attr{slog.String("service", config.Service)}),
		service: config.Service,
		level:   config.Level,
		queue:   newQueue(config.Queue),
	}
}

// Dropped is how many records were not published because the queue was full, or
// because the stream did not take them before Run's end.
func (h *Handler) Dropped() uint64 { return h.queue.dropped.Load() }

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.published(ctx, level) || h.next.Enabled(ctx, level)
}

func (h *Handler) published(ctx context.Context, level slog.Level) bool {
	return level >= h.level && ctx.Value(ownKey{}) == nil
}

// Handle implements slog.Handler. The error is the other handler's: what becomes
// of the event is not the caller's concern.
func (h *Handler) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, cut(mask(record.Message), maxMessageBytes), record.PC)
	record.Attrs(func(attr slog.Attr) bool {
		clean.AddAttrs(cleaned(attr, h.secret))
		return true
	})
	if h.published(ctx, record.Level) {
		h.queue.add(func() schemas.Event { return h.event(clean) })
	}
	if !h.next.Enabled(ctx, record.Level) {
		return nil
	}
	return h.next.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	with := *h
	with.given = slices.Clip(h.given)
	clean := make([]slog.Attr, len(attrs))
	for i, attr := range attrs {
		clean[i] = cleaned(attr, h.secret)
		with.given = flatten(with.given, h.prefix, clean[i])
	}
	with.next = h.next.WithAttrs(clean)
	return &with
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.prefix = h.prefix + name + "."
	with.secret = h.secret || isSecret(name)
	with.next = h.next.WithGroup(name)
	return &with
}

// event is a clean record as an event that is still without an id.
func (h *Handler) event(record slog.Record) schemas.Event {
	all := slices.Clip(h.given)
	record.Attrs(func(attr slog.Attr) bool {
		all = flatten(all, h.prefix, attr)
		return true
	})
	message := record.Message
	if message == "" {
		message = "(no message)"
	}
	at := record.Time.UTC()
	if at.Year() < 1970 || at.Year() > 9999 { // the zero time among them
		at = time.Now().UTC()
	}
	return schemas.New("", schemas.ServiceSource(h.service), h.service, at, &schemas.Log{
		Service:    h.service,
		Level:      levelOf(record.Level),
		Message:    message,
		Attributes: bounded(all),
	})
}

func levelOf(level slog.Level) string {
	switch {
	case level < slog.LevelInfo:
		return schemas.LevelDebug
	case level < slog.LevelWarn:
		return schemas.LevelInfo
	case level < slog.LevelError:
		return schemas.LevelWarn
	default:
		return schemas.LevelError
	}
}
