package outcomes

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// Ledger reads the stream MODELS: it calls each, in order, with what the stream holds
// after a sequence, and returns the sequence of its last message.
type Ledger func(ctx context.Context, after uint64, each func(sequence uint64, data []byte)) (last uint64, err error)

// complainOfDrift says in the log which features of which models are not what they were
// in training, for each day of a version that is over. Where MODELS cannot be read, that
// is said once and tried again.
func (h *Handler) complainOfDrift(ctx context.Context) {
	due := slices.DeleteFunc(slices.Sorted(maps.Keys(h.state.Drift.Versions)), func(key string) bool {
		return len(h.state.Drift.Versions[key].Over) == 0
	})
	if len(due) == 0 {
		return
	}
	if err := h.study(ctx, due); err != nil {
		if !h.deaf {
			h.logger.WarnContext(ctx, "models cannot be read, drift is judged later", "error", err)
		}
		h.deaf = true
		return
	}
	h.deaf = false
	for _, key := range due {
		v := h.state.Drift.Versions[key]
		if trained := h.trained[key]; trained != nil { // else its file does not say what it was trained on
			for _, day := range v.Over {
				h.sayDrift(ctx, v, trained, day)
			}
		}
		v.Over = nil
	}
}

// sayDrift says what had drifted when a trading day was over.
func (h *Handler) sayDrift(ctx context.Context, v *predicted, trained *schemas.Model, day window.Day) {
	for _, column := range v.of(trained, day) {
		if column.Drifted(h.cfg.MostPSI) {
			h.logger.WarnContext(ctx, "a live feature has drifted from training", "model", v.Model, "version", v.Version,
				"feature", column.Column, "until", window.XNYS().Date(day), "psi", window.Round(column.Index), "most", h.cfg.MostPSI,
				"chance", window.Round(column.Chance), "rows", column.Rows, "days", column.Days)
		}
	}
}

// study learns what versions were trained on that were not asked for before. What is
// not watched any more is forgotten.
func (h *Handler) study(ctx context.Context, due []string) error {
	if h.models == nil || !slices.ContainsFunc(due, func(key string) bool { return h.trained[key] == nil }) {
		return nil
	}
	h.trained = make(map[string]*schemas.Model)
	_, err := h.models(ctx, 0, func(_ uint64, data []byte) {
		event, err := schemas.Decode(data)
		if err != nil || event.Validate() != nil {
			return // not a model
		}
		m, ok := event.Data.(*schemas.Model)
		if ok && m.Columns != nil && h.state.Drift.Versions[versionKey(m.Name, m.Version)] != nil {
			h.trained[versionKey(m.Name, m.Version)] = m
		}
	})
	if err != nil {
		return fmt.Errorf("read models: %w", err)
	}
	return nil
}
