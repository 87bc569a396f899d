package features

import (
	"context"
	"errors"
	"log/slog"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/merge"
)

// Handler runs a State behind a merge.Reader.
type Handler struct {
	cfg     Config
	logger  *slog.Logger
	state   *State
	tooLate uint64 // as it was said last
}

var _ merge.Handler = (*Handler)(nil)

// NewHandler returns a Handler that has to be restored first, as a merge.Reader does.
// It returns an error for a configuration that does not validate.
func NewHandler(cfg Config, logger *slog.Logger) (*Handler, error) {
	state, err := NewState(cfg)
	if err != nil {
		return nil, err
	}
	return &Handler{cfg: cfg, logger: logger, state: state}, nil
}

// Restore implements merge.Handler. A snapshot of another layout or scorer is
// refused: the checkpoint must be removed to begin again.
func (h *Handler) Restore(snapshot []byte) error {
	var err error
	if h.state, err = NewState(h.cfg); err != nil {
		return err
	}
	h.tooLate = 0
	if snapshot == nil {
		return nil
	}
	if h.state, err = Restore(h.cfg, snapshot); errors.Is(err, ErrSnapshot) {
		return errors.Join(err, errors.New("purge the keys features.> of the bucket checkpoints to begin again from the streams"))
	}
	return err
}

// Apply implements merge.Handler.
func (h *Handler) Apply(item merge.Item) { h.state.Apply(item.Event) }

// Waits implements merge.Handler.
func (h *Handler) Waits() bool { return h.state.Waits() }

// GiveUp implements merge.Handler.
func (h *Handler) GiveUp() { h.state.GiveUp() }

// Due implements merge.Handler.
func (h *Handler) Due() bool { return h.state.Due() }

// Commit implements merge.Handler. What came too late to be counted is said in the
// log; it is in its stream, and in no window.
func (h *Handler) Commit(ctx context.Context) ([]byte, []schemas.Event, error) {
	var events []schemas.Event
	h.state.Flush(func(event schemas.Event) { events = append(events, event) })
	if late := h.state.Stats().TooLate; late > h.tooLate {
		h.logger.WarnContext(ctx, "events came too late for any window", "events", late-h.tooLate,
			"lateness", h.cfg.Lateness.String())
		h.tooLate = late
	}
	return h.state.Snapshot(), events, nil
}

// Reading is how the streams are read for a Handler.
func Reading() merge.Config {
	cfg := merge.DefaultConfig()
	cfg.Service = streams.ServiceFeatures
	cfg.Streams = []string{streams.Tweets, streams.Quotes, streams.Sentiment, streams.Market}
	cfg.Output, cfg.Clock, cfg.Awaited = streams.Features, streams.Market, streams.Sentiment
	return cfg
}
