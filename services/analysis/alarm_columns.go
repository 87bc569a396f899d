package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cashtag/internal/model"
)

// gap looks for columns that know the overnight gap or the movement: those of the
// session that is predicted, in value or in size.
func (g *guard) gap(t *Table) (Alarm, error) {
	alarm := Alarm{Name: alarmGap}
	columns, err := t.selectColumns(append(slices.Clone(g.widest.Columns), extra(t, g.table)...))
	if err != nil {
		return alarm, err
	}
	future := []struct {
		name string
		of   func(Outcome) float64
	}{
		{"the overnight gap", func(o Outcome) float64 { return o.Gap }},
		{"the size of the overnight gap", func(o Outcome) float64 { return math.Abs(o.Gap) }},
		{"the movement", func(o Outcome) float64 { return o.Return }},
		{"the size of the movement", func(o Outcome) float64 { return math.Abs(o.Return) }},
	}
	most := 0.0
	for _, column := range columns {
		values := t.column(t.Columns[column])
		for _, f := range future {
			outcome := make([]float64, len(t.Rows))
			for i, row := range t.Rows {
				outcome[i] = f.of(row.Outcome)
			}
			rho := model.RankCorrelation(values, outcome)
			if math.Abs(rho) > most {
				most = math.Abs(rho)
				alarm.Finding = fmt.Sprintf("column %s has rank correlation %.2f with %s of the session that is predicted; %.2f rings",
					t.Columns[column], rho, f.name, leakRank)
			}
		}
	}
	alarm.Rang = most > leakRank
	if alarm.Finding == "" {
		alarm.Finding = "no column varies with any movement"
	}
	return alarm, nil
}

// extra are the columns that t has beyond another.
func extra(t, than *Table) []string { return t.Columns[len(than.Columns):] }

// planted is the name of the column that a control plants.
const planted = "planted_overnight_gap"

func (g *guard) planted() *Table {
	return g.table.with(planted, func(row Row) float64 { return row.Outcome.Gap })
}

// deaf returns an error where the gap alarm does not hear the gap itself.
func (g *guard) deaf() error {
	alarm, err := g.gap(g.planted())
	if err != nil {
		return err
	}
	if !alarm.Rang {
		return errors.New("the gap alarm is deaf: it does not hear a planted overnight gap, so the data cannot be checked (are opening prices there?)")
	}
	return nil
}

// control is the AUC of direction with the overnight gap beside the columns of
// price.
func (g *guard) control(ctx context.Context) (Estimate, error) {
	wider := *g
	wider.table = g.planted()
	l, err := newLearner(wider.table, wider.config, Configuration{Name: "control", Columns: append(priceColumns(), planted)}, Direction)
	if err != nil {
		return Estimate{}, err
	}
	skill, err := wider.run(ctx, l)
	return estimate(skill), err
}

// sameDay looks for posts that were written after the cut-off: in the times of a
// row's inputs, in columns that count as the session's own posts do, and in what
// is left of a row when it is made again from the past alone.
func (g *guard) sameDay() (Alarm, error) {
	alarm := Alarm{Name: alarmSameDay, Finding: "no input is younger than its cut-off"}
	timed := 0
	for _, row := range g.table.Rows {
		if !row.LatestInput.IsZero() {
			timed++
		}
		if row.LatestInput.After(row.Cutoff) {
			alarm.Rang = true
			alarm.Finding = fmt.Sprintf("%s on %s has an input of %s, after its cut-off %s",
				row.Ticker, row.Date, row.LatestInput.Format(time.RFC3339), row.Cutoff.Format(time.RFC3339))
			return alarm, nil
		}
	}
	if timed == 0 {
		alarm.Finding = "the data does not say how young its inputs are (no latest_input, no end_at)"
	}
	columns, err := g.table.selectColumns(g.widest.Columns)
	if err != nil {
		return alarm, err
	}
	for _, column := range columns {
		if rho := g.withTicker(column); math.Abs(rho) > leakCount {
			alarm.Rang = true
			alarm.Finding = fmt.Sprintf("column %s has rank correlation %.2f, ticker by ticker, with the posts after the cut-off; %.2f rings",
				g.table.Columns[column], rho, leakCount)
			return alarm, nil
		}
	}
	if g.table.rebuild != nil {
		g.again(&alarm)
	}
	return alarm, nil
}

// withTicker is the mean over tickers of a column's rank correlation with the
// posts after the cut-off.
func (g *guard) withTicker(column int) float64 {
	var sum, count float64
	for _, ticker := range g.table.Tickers() {
		var values, posts []float64
		for _, row := range g.table.Rows {
			if row.Ticker == ticker {
				values, posts = append(values, row.Values[column]), append(posts, row.Outcome.SameDay)
			}
		}
		if rho := model.RankCorrelation(values, posts); !math.IsNaN(rho) {
			sum, count = sum+rho, count+1
		}
	}
	return sum / count
}

// again makes the rows of some sessions from a tape that ends at their cut-off.
func (g *guard) again(alarm *Alarm) {
	dates := g.table.Dates()
	step := max(1, len(dates)/rebuilt)
	made := 0
	for at := step - 1; at < len(dates); at += step {
		past := make(map[string]Row)
		for _, row := range g.table.rebuild(dates[at]) {
			past[row.Ticker] = row
		}
		for _, row := range g.table.Rows {
			if row.Date != dates[at] {
				continue
			}
			made++
			if column, same := g.same(row, past[row.Ticker]); !same {
				alarm.Rang = true
				alarm.Finding = fmt.Sprintf("%s of %s on %s is another when the tape ends at its cut-off", column, row.Ticker, row.Date)
				return
			}
		}
	}
	alarm.Finding += fmt.Sprintf("; %d rows are the same when the tape ends at their cut-off", made)
}

// same compares what a model sees of two rows, and names what differs. Columns that
// are not of the tape are beyond the second row's.
func (g *guard) same(a, b Row) (string, bool) {
	if len(b.Values) == 0 || len(b.Values) > len(a.Values) {
		return "the row", false
	}
	for i := range b.Values {
		if math.Float64bits(a.Values[i]) != math.Float64bits(b.Values[i]) && !(math.IsNaN(a.Values[i]) && math.IsNaN(b.Values[i])) {
			return "column " + g.table.Columns[i], false
		}
	}
	return "text", slices.Equal(a.Words, b.Words)
}
