package outcomes

import (
	"cmp"
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
	// maxWatched bounds the versions of models that are watched.
	maxWatched = 64
	// certain is the quantile of the normal distribution for 95 percent.
	certain = 1.96
)

// worth is the loss of one version of a model less that of its baseline, summed by the
// trading day that it was predicted on. Its days are over by its own outcomes, not by
// the clock, which on a fast replay is far ahead of them.
type worth struct {
	Model   string                 `json:"model"`
	Version string                 `json:"version"`
	Target  string                 `json:"target"`
	Days    map[window.Day]*excess `json:"days"`
	Newest  window.Day             `json:"newest"`
	Over    []window.Day           `json:"over"` // days that are over and that it is to be said of what the model is worth
}

type excess struct {
	Sum  float64 `json:"sum"`
	Rows int64   `json:"rows"`
}

// judge takes an outcome into account, if it says anything: a baseline is needed.
func (st *state) judge(market *window.Market, o *schemas.Outcome) {
	var loss, baseline float64
	switch {
	case seen(o), o.Baseline == nil, o.Probability != nil && o.Happened == nil:
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
		st.room()
		w = &worth{Model: o.Model, Version: o.Version, Target: o.Target, Days: make(map[window.Day]*excess)}
		st.Worth[key] = w
	}
	day := market.Day(o.PredictedAt.UnixNano() - 1)
	if day > w.Newest {
		w.Over = over(w.Over, w.Newest)
		w.Newest = day
		maps.DeleteFunc(w.Days, func(d window.Day, _ *excess) bool { return d < day-worthDays })
	}
	if day < w.Newest-worthDays {
		return
	}
	if w.Days[day] == nil {
		w.Days[day] = &excess{}
	}
	w.Days[day].Sum += loss - baseline
	w.Days[day].Rows++
}

// room keeps the versions that are watched few: the one that predicted last the
// longest ago goes.
func (st *state) room() {
	if len(st.Worth) < maxWatched {
		return
	}
	oldest := slices.MinFunc(slices.Sorted(maps.Keys(st.Worth)), func(a, b string) int {
		return cmp.Compare(st.Worth[a].Newest, st.Worth[b].Newest)
	})
	delete(st.Worth, oldest)
}

// interval is the mean of a row's excess on some days and how far it may be off: rows
// of one day are one piece of evidence.
func (w *worth) interval(days []window.Day) (mean, off float64) {
	var sum, rows float64
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

// over adds a day that is over to those that were not spoken of yet; 0 is none.
func over(days []window.Day, day window.Day) []window.Day {
	if day == 0 {
		return days
	}
	days = append(days, day)
	return days[max(0, len(days)-worthDays):]
}

// complain says in the log which models are worse than their baselines, for each day
// that is over.
func (st *state) complain(ctx context.Context, logger *slog.Logger) {
	for _, key := range slices.Sorted(maps.Keys(st.Worth)) {
		w := st.Worth[key]
		for _, last := range w.Over {
			days := slices.DeleteFunc(slices.Sorted(maps.Keys(w.Days)), func(day window.Day) bool {
				return day > last || day <= last-worthDays
			})
			if len(days) < leastWorth {
				continue
			}
			if mean, off := w.interval(days); mean-off > 0 {
				logger.WarnContext(ctx, "a live model is worse than its baseline", "model", w.Model, "version", w.Version,
					"target", w.Target, "until", window.XNYS().Date(last), "days", len(days),
					"excess_loss", window.Round(mean), "interval", window.Round(off))
			}
		}
		w.Over = nil
	}
}
