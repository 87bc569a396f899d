package outcomes

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"

	"cashtag/internal/window"
	"cashtag/schemas"
)

const (
	// worthDays is how many trading days a model is watched over, and leastWorth how
	// many it takes to say that it is worse than its baseline.
	worthDays  = 60
	leastWorth = 20
	// certain is the quantile of the normal distribution for 95 percent.
	certain = 1.96
)

// worth is the loss of one version of a model less that of its baseline, summed by the
// trading day that it was predicted on.
type worth struct {
	Model   string                 `json:"model"`
	Version string                 `json:"version"`
	Target  string                 `json:"target"`
	Days    map[window.Day]*excess `json:"days"`
}

type excess struct {
	Sum  float64 `json:"sum"`
	Rows int64   `json:"rows"`
}

// judge takes an outcome into account, if it says anything: a baseline is needed.
func (st *state) judge(market *window.Market, o *schemas.Outcome) {
	var loss, baseline float64
	switch {
	case o.Baseline == nil || (o.Probability != nil && o.Happened == nil):
		return
	case o.Probability != nil:
		truth := boolean(*o.Happened)
		loss, baseline = square(*o.Probability-truth), square(*o.Baseline-truth)
	default:
		loss, baseline = square(*o.Value-o.Realised), square(*o.Baseline-o.Realised)
	}
	key := o.Model + ":" + o.Version + ":" + o.Target
	w := st.Worth[key]
	if w == nil {
		w = &worth{Model: o.Model, Version: o.Version, Target: o.Target, Days: make(map[window.Day]*excess)}
		st.Worth[key] = w
	}
	day := market.Day(o.PredictedAt.UnixNano() - 1)
	if w.Days[day] == nil {
		w.Days[day] = &excess{}
	}
	w.Days[day].Sum += loss - baseline
	w.Days[day].Rows++
}

// forgetWorth drops days, and models without any, that are not watched any more.
func (st *state) forgetWorth(newest window.Day) {
	for key, w := range st.Worth {
		maps.DeleteFunc(w.Days, func(day window.Day, _ *excess) bool { return day < newest-worthDays })
		if len(w.Days) == 0 {
			delete(st.Worth, key)
		}
	}
}

// interval is the mean of a row's excess and how far it may be off: rows of one day
// are one piece of evidence.
func (w *worth) interval() (mean, off float64) {
	var sum, rows float64
	days := slices.Sorted(maps.Keys(w.Days))
	for _, day := range days {
		sum, rows = sum+w.Days[day].Sum, rows+float64(w.Days[day].Rows)
	}
	mean = sum / rows
	var spread float64
	for _, day := range days {
		spread += square(w.Days[day].Sum - float64(mean*float64(w.Days[day].Rows)))
	}
	return mean, certain * math.Sqrt(spread) / rows
}

// complain says in the log which models are worse than their baselines.
func (st *state) complain(ctx context.Context, logger *slog.Logger) {
	for _, key := range slices.Sorted(maps.Keys(st.Worth)) {
		w := st.Worth[key]
		if len(w.Days) < leastWorth {
			continue
		}
		if mean, off := w.interval(); mean-off > 0 {
			logger.WarnContext(ctx, "a live model is worse than its baseline", "model", w.Model, "version", w.Version,
				"target", w.Target, "days", len(w.Days), "excess_loss", window.Round(mean), "interval", window.Round(off))
		}
	}
}
