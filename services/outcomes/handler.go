package outcomes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/merge"
)

// ErrSnapshot is returned for a checkpoint that is damaged or of another layout.
var ErrSnapshot = errors.New("not a snapshot of outcomes")

// layout is the version of the snapshot.
const layout = 1

// state is what is remembered. Its JSON is the snapshot.
type state struct {
	Layout  int                            `json:"layout"`
	Clock   time.Time                      `json:"clock"` // the market's
	Tickers map[string]*ticker             `json:"tickers"`
	Pending map[string]*schemas.Prediction `json:"pending"` // by event id
	Worth   map[string]*worth              `json:"worth"`   // by model, version and target
	Drift   *Drift                         `json:"drift"`
	Refused uint64                         `json:"refused"` // predictions and bars beyond the bounds
	GivenUp uint64                         `json:"given_up"`
}

func newState() *state {
	return &state{
		Layout: layout, Tickers: make(map[string]*ticker), Pending: make(map[string]*schemas.Prediction),
		Worth: make(map[string]*worth), Drift: NewDrift(),
	}
}

// Handler joins predictions with prices behind a merge.Reader.
type Handler struct {
	cfg    Config
	logger *slog.Logger
	market *window.Market
	state  *state
	models Ledger
	made   []schemas.Event
	said   state // Refused and GivenUp as they were said last

	trained map[string]*schemas.Model // what versions were trained on, as far as it was asked for
	deaf    bool                      // MODELS could not be read, which was said
}

var _ merge.Handler = (*Handler)(nil)

// NewHandler returns a Handler that has to be restored first, as a merge.Reader does.
// What models were trained on it reads from models; without, it says nothing of drift.
// It returns an error for a configuration that does not validate.
func NewHandler(cfg Config, models Ledger, logger *slog.Logger) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("outcomes: %w", err)
	}
	return &Handler{cfg: cfg, models: models, logger: logger, market: window.XNYS(), state: newState()}, nil
}

// Restore implements merge.Handler. It returns ErrSnapshot for what is not a snapshot.
func (h *Handler) Restore(snapshot []byte) error {
	h.state, h.made, h.said = newState(), nil, state{}
	if snapshot == nil {
		return nil
	}
	st := newState()
	if err := json.Unmarshal(snapshot, st); err != nil || st.Layout != layout {
		return fmt.Errorf("%w of layout %d: purge the keys outcomes.> of the bucket checkpoints to begin again from the streams", ErrSnapshot, layout)
	}
	h.state, h.said = st, state{Refused: st.Refused, GivenUp: st.GivenUp}
	return nil
}

// Apply implements merge.Handler.
func (h *Handler) Apply(item merge.Item) {
	switch data := item.Event.Data.(type) {
	case *schemas.Quote:
		h.price(data)
	case *schemas.Prediction:
		h.state.Drift.Add(data)
		h.await(item.Event.ID, data)
	case *schemas.Clock, *schemas.Session:
		h.tick(item.Event.Time)
	default:
	}
}

// price takes in a bar.
func (h *Handler) price(q *schemas.Quote) {
	if q.Bar == nil {
		return
	}
	t := h.state.Tickers[q.Ticker]
	if t == nil {
		if len(h.state.Tickers) >= h.cfg.MaxTickers {
			h.state.Refused++
			return
		}
		t = &ticker{Days: make(map[window.Day][]*session)}
		h.state.Tickers[q.Ticker] = t
	}
	t.add(h.market, h.newest()-keeping(len(h.state.Tickers)).days, q)
}

// newest is the trading day of the clock.
func (h *Handler) newest() window.Day {
	if h.state.Clock.IsZero() {
		return 0
	}
	return h.market.Day(h.state.Clock.UnixNano() - 1)
}

// await takes in a prediction, which may be due already.
func (h *Handler) await(id string, p *schemas.Prediction) {
	if h.settle(id, p) {
		return
	}
	if _, there := h.state.Pending[id]; !there && len(h.state.Pending) >= h.cfg.MaxPending {
		h.state.Refused++
		return
	}
	h.state.Pending[id] = p
}

// tick moves the clock on and settles what is due.
func (h *Handler) tick(at time.Time) {
	if !at.After(h.state.Clock) {
		return
	}
	before := h.newest()
	h.state.Clock = at
	if newest := h.newest(); newest != before { // not at a checkpoint, whose moment differs from run to run
		keep := keeping(len(h.state.Tickers))
		for _, t := range h.state.Tickers {
			t.forget(newest, keep)
		}
	}
	var due []string
	for id, p := range h.state.Pending {
		if !p.DueAt.After(at) {
			due = append(due, id)
		}
	}
	slices.SortFunc(due, func(a, b string) int {
		return cmp.Or(h.state.Pending[a].DueAt.Compare(h.state.Pending[b].DueAt), cmp.Compare(a, b))
	})
	for _, id := range due {
		if h.settle(id, h.state.Pending[id]) {
			delete(h.state.Pending, id)
		}
	}
}

// settle makes the outcome of a prediction and reports whether it is done with.
func (h *Handler) settle(id string, p *schemas.Prediction) bool {
	if p.DueAt.After(h.state.Clock) {
		return false
	}
	q := ask(h.market, p)
	knownAt := h.state.knownAt(p, q, h.cfg.Settle)
	if knownAt.After(h.state.Clock) {
		return false
	}
	realised, happened, ok := h.state.answer(p.Target, p.Ticker, q)
	if ok {
		made := outcome(id, p, knownAt, window.Round(realised), happened)
		h.made = append(h.made, made)
		h.state.judge(h.market, made.Data.(*schemas.Outcome))
		return true
	}
	if h.state.Clock.Sub(p.DueAt) < h.cfg.Patience {
		return false
	}
	h.state.GivenUp++
	return true
}

// outcome is the event of a prediction and what happened.
func outcome(id string, p *schemas.Prediction, knownAt time.Time, realised float64, happened *bool) schemas.Event {
	o := &schemas.Outcome{
		PredictionID: id, Model: p.Model, Version: p.Version, Target: p.Target, Ticker: p.Ticker, Window: p.Window,
		PredictedAt: p.PredictedAt, DueAt: p.DueAt, KnownAt: knownAt, Revision: p.Revision,
		Probability: p.Probability, Value: p.Value, Baseline: p.Baseline, Realised: realised,
	}
	if p.Probability != nil {
		o.Happened = happened
	}
	own, source := schemas.OutcomeID(id), schemas.ServiceSource("outcomes")
	if len(id) > len(schemas.DemoPrefix) && id[:len(schemas.DemoPrefix)] == schemas.DemoPrefix {
		source = schemas.SourceDemoOutcomes
	}
	return schemas.New(own, source, p.Ticker, knownAt, o)
}

// Waits implements merge.Handler: what comes late is asked for again.
func (*Handler) Waits() bool { return false }

// GiveUp implements merge.Handler.
func (*Handler) GiveUp() {}

// Due implements merge.Handler.
func (h *Handler) Due() bool { return len(h.made) > 0 }

// Commit implements merge.Handler. What was given up is said in the log, and once a
// trading day of a model that it is worse than its baseline.
func (h *Handler) Commit(ctx context.Context) ([]byte, []schemas.Event, error) {
	if n := h.state.GivenUp - h.said.GivenUp; n > 0 {
		h.logger.WarnContext(ctx, "outcomes are not known: there are too few prices", "predictions", n, "patience", h.cfg.Patience.String())
	}
	if n := h.state.Refused - h.said.Refused; n > 0 {
		h.logger.WarnContext(ctx, "events beyond the bounds are passed over", "events", n,
			"max_pending", h.cfg.MaxPending, "max_tickers", h.cfg.MaxTickers)
	}
	h.said = state{Refused: h.state.Refused, GivenUp: h.state.GivenUp}
	h.state.complain(ctx, h.logger)
	h.complainOfDrift(ctx)
	snapshot, err := json.Marshal(h.state)
	if err != nil {
		return nil, nil, fmt.Errorf("encode snapshot of outcomes: %w", err)
	}
	events := h.made
	h.made = nil
	return snapshot, events, nil
}

// Reading is how the streams are read for a Handler. Of events of one time prices come
// first and the clock last.
func Reading() merge.Config {
	cfg := merge.DefaultConfig()
	cfg.Service, cfg.Output = streams.ServiceOutcomes, streams.Outcomes
	cfg.Streams = []string{streams.Quotes, streams.Predictions, streams.Market}
	return cfg
}
