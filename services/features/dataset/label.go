package dataset

import (
	"math"
	"slices"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// Labels are what happened after a row's cut-off. NaN stands for what is not known.
type Labels struct {
	Return   float64 // of the session: close to close, or open to close for 09:30
	Large    float64 // 1 where |Return| is above two deviations of the 20 sessions before, else 0
	Volume   float64 // logarithm of the session's volume over the mean of the 20 before
	Relative float64 // Return less the median of all tickers
	StockNet float64 // 1 up, 0 down, NaN dropped: see stockNet

	// For checks that look for leaks alone.
	CloseToClose float64 // of adjusted closes, whatever the cut-off
	Gap          float64 // open over the close before
	SameDay      float64 // posts between the cut-off and the session's close
}

// leastRelative is how many tickers a median needs.
const leastRelative = 3

// label is the pass that looks ahead.
func (b *Builder) label(table *Table) {
	later := schemas.WindowDay
	if b.cfg.Cutoff == CutoffOpen {
		later = schemas.WindowSession
	}
	for i := range table.Rows {
		row := &table.Rows[i]
		ticker := row.Feature.Ticker
		closes := func(d window.Day) float64 { return b.prices.closeToClose(ticker, d) }
		movement := closes
		if b.cfg.Cutoff == CutoffOpen {
			movement = func(d window.Day) float64 { return b.prices.openToClose(ticker, d) }
		}
		row.Labels = Labels{
			Return:       movement(row.Day),
			Volume:       b.prices.abnormalVolume(ticker, row.Day),
			Relative:     math.NaN(),
			StockNet:     stockNet(closes(row.Day)),
			CloseToClose: closes(row.Day),
			Gap:          b.prices.gap(ticker, row.Day),
			SameDay:      math.NaN(),
		}
		row.Labels.Large = large(row.Labels.Return, deviation(row.Day, movement))
		if f := b.last[rowKey{ticker, row.Day, later}]; f != nil {
			row.Labels.SameDay = float64(f.Counts.Posts)
		}
	}
	for from := 0; from < len(table.Rows); {
		to := from
		for to < len(table.Rows) && table.Rows[to].Day == table.Rows[from].Day {
			to++
		}
		relate(table.Rows[from:to])
		from = to
	}
}

func large(movement, deviation float64) float64 {
	switch {
	case math.IsNaN(movement) || math.IsNaN(deviation):
		return math.NaN()
	case math.Abs(movement) > 2*deviation:
		return 1
	default:
		return 0
	}
}

// stockNet is the label of the StockNet benchmark (Xu and Cohen, 2018): movements
// from -0.5% to below 0.55% are dropped.
func stockNet(movement float64) float64 {
	switch {
	case math.IsNaN(movement), movement >= -0.005 && movement < 0.0055:
		return math.NaN()
	case movement > 0:
		return 1
	default:
		return 0
	}
}

// relate sets the movements of one session against their median.
func relate(rows []Row) {
	var known []float64
	for _, row := range rows {
		if !math.IsNaN(row.Labels.Return) {
			known = append(known, row.Labels.Return)
		}
	}
	if len(known) < leastRelative {
		return
	}
	slices.Sort(known)
	half := len(known) / 2
	median := known[half]
	if len(known)%2 == 0 {
		median = (known[half-1] + known[half]) / 2
	}
	for i := range rows {
		rows[i].Labels.Relative = rows[i].Labels.Return - median // of NaN it is NaN
	}
}
