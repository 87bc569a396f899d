package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/merge"
)

// ErrSnapshot is returned for a checkpoint that is damaged or of another layout.
var ErrSnapshot = errors.New("not a snapshot of alerts")

// Handler looks at vectors behind a merge.Reader.
type Handler struct {
	cfg     Config
	logger  *slog.Logger
	market  *window.Market
	state   *state
	raised  []schemas.Event
	refused uint64 // as it was said last
}

var _ merge.Handler = (*Handler)(nil)

// NewHandler returns a Handler that has to be restored first, as a merge.Reader does.
// It returns an error for a configuration that does not validate.
func NewHandler(cfg Config, logger *slog.Logger) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	return &Handler{cfg: cfg, logger: logger, market: window.XNYS(), state: newState()}, nil
}

// Restore implements merge.Handler. It returns ErrSnapshot for what is not a snapshot.
func (h *Handler) Restore(snapshot []byte) error {
	h.state, h.raised, h.refused = newState(), nil, 0
	if snapshot == nil {
		return nil
	}
	st := newState()
	if err := json.Unmarshal(snapshot, st); err != nil || st.Layout != layout {
		return fmt.Errorf("%w of layout %d: purge the keys alerts.> of the bucket checkpoints to begin again from the stream", ErrSnapshot, layout)
	}
	h.state, h.refused = st, st.Refused
	return nil
}

// Apply implements merge.Handler.
func (h *Handler) Apply(item merge.Item) {
	f, ok := item.Event.Data.(*schemas.Feature)
	if !ok {
		return
	}
	kind, ok := watched(h.market, f)
	if !ok {
		return
	}
	p, ok := h.state.remember(f, h.cfg.MaxTickers)
	if !ok {
		return
	}
	z, known := f.Value("posts_z")
	if !known || z <= h.cfg.Z || f.Counts.Posts < h.cfg.Posts {
		return
	}
	end := f.EndAt.Unix()
	if p.Raised != 0 && end < p.Raised+int64(h.cfg.Cooldown.Seconds()) {
		return
	}
	if end < h.state.Newest-int64(h.cfg.Fresh.Seconds()) {
		return
	}
	p.Raised = end
	sessions, _ := f.Value("baseline_sessions")
	read, posts := h.state.baseline(h.market, kind, f, p, int64(sessions))
	h.raised = append(h.raised, alert(item.Event.Source, f, item.Event.ID, evidenceOf(f, z, int64(sessions), read, posts)))
}

// Waits implements merge.Handler: no alert waits for anything.
func (*Handler) Waits() bool { return false }

// GiveUp implements merge.Handler.
func (*Handler) GiveUp() {}

// Due implements merge.Handler.
func (h *Handler) Due() bool { return len(h.raised) > 0 }

// Commit implements merge.Handler. That tickers are beyond the bound is said in the
// log.
func (h *Handler) Commit(ctx context.Context) ([]byte, []schemas.Event, error) {
	if refused := h.state.Refused; refused > h.refused {
		h.logger.WarnContext(ctx, "vectors of tickers beyond the bound are not looked at",
			"vectors", refused-h.refused, "max_tickers", h.cfg.MaxTickers)
		h.refused = refused
	}
	h.state.forget(h.market)
	snapshot, err := json.Marshal(h.state)
	if err != nil {
		return nil, nil, fmt.Errorf("encode snapshot of alerts: %w", err)
	}
	events := h.raised
	h.raised = nil
	return snapshot, events, nil
}

// Reading is how the stream is read for a Handler.
func Reading() merge.Config {
	cfg := merge.DefaultConfig()
	cfg.Service, cfg.Streams, cfg.Output = streams.ServiceAlerts, []string{streams.Features}, streams.Alerts
	return cfg
}
