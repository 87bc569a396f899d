package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
)

// ErrNoComparison is wrapped by the error of two models that cannot be compared, with
// the reason.
var ErrNoComparison = errors.New("no comparison")

// leastHeldOut is how many sessions two models are compared on at least.
const leastHeldOut = 20

// Comparison is a model that serves and what a configuration gives when it is fitted
// again and again, on rows that neither was fitted on.
type Comparison struct {
	Metric     string   // auc or r2
	Old, New   Estimate // of the same rows
	Difference Estimate // New less Old, of the same days in each draw
	Rows, Days int
	From, To   string // first and last session
}

// Better reports whether the new one is better beyond what the choice of days may
// explain.
func (c *Comparison) Better() bool { return float64(c.Difference.Low) > 0 }

// Compare sets a configuration against a model on the sessions after the last that
// the model was trained on, less the gap of the embargo: blocks of test_days, each
// foretold by a model of all sessions before it, beside what the old model says of the
// same rows. It returns an error that wraps ErrNoComparison where there are fewer than
// 20 such sessions, or where the old model reads or predicts something else.
func Compare(ctx context.Context, in Input, c Config, configuration string, target Target, old *model.Artefact) (*Comparison, error) {
	if err := errors.Join(c.Validate(), target.validate()); err != nil {
		return nil, err
	}
	of, err := c.named(configuration)
	if err != nil {
		return nil, err
	}
	t := in.Table.settled()
	columns, err := servedColumns(t, target, old)
	if err != nil {
		return nil, err
	}
	splits, err := heldOut(t, c, old.TrainedTo)
	if err != nil {
		return nil, err
	}
	l, err := newLearner(t, c, of, target)
	if err != nil {
		return nil, err
	}
	jobs := &jobs{table: t, config: c, splits: splits, pairs: []*pair{{learner: l, splits: make([]forecasts, len(splits))}}}
	if err := jobs.forecast(ctx, &progress{tell: in.Progress}); err != nil {
		return nil, err
	}
	served := &pair{learner: l, splits: slices.Clone(jobs.pairs[0].splits)}
	for at, s := range splits {
		if served.splits[at].values, err = says(old, t, columns, s.test); err != nil {
			return nil, err
		}
	}
	return jobs.paired(served.pool(splits), jobs.pairs[0].pool(splits))
}

// servedColumns are the positions of what the model reads, in its order.
func servedColumns(t *Table, target Target, old *model.Artefact) ([]int, error) {
	if err := old.CheckSchema(t.Schema); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoComparison, err)
	}
	if old.Target != string(target) || old.Window != t.Window {
		return nil, fmt.Errorf("%w: the old model predicts %s from %s, the new one %s from %s", ErrNoComparison, old.Target, old.Window, target, t.Window)
	}
	positions := make([]int, len(old.Columns))
	for i, name := range old.Columns {
		if positions[i] = slices.Index(t.Columns, name); positions[i] < 0 {
			return nil, fmt.Errorf("%w: the old model reads %s, which the data does not have", ErrNoComparison, name)
		}
	}
	return positions, nil
}

// heldOut cuts the sessions after a date into blocks, as walk does.
func heldOut(t *Table, c Config, trainedTo string) ([]split, error) {
	last, err := calendar.ParseDate(trainedTo)
	if err != nil {
		return nil, fmt.Errorf("%w: the old model does not say what it was trained on: %w", ErrNoComparison, err)
	}
	dates := t.Dates()
	from := slices.IndexFunc(dates, func(d calendar.Date) bool { return d.Compare(last) > 0 })
	if from < 0 {
		from = len(dates)
	}
	c.Period = "days"
	_, least := c.choose(len(dates))
	c.LeastTrainDays = max(from, least)
	gap := max(c.Embargo, horizonDays)
	if held := max(len(dates)-c.LeastTrainDays-gap, 0); held < leastHeldOut {
		return nil, fmt.Errorf("%w: %s held out, after %s, the last that the old model was trained on, and %d left out between: at least %d are needed",
			ErrNoComparison, plural(held, "session"), trainedTo, gap, leastHeldOut)
	}
	return walk(t, c)
}

// says is what a model forecasts of rows.
func says(a *model.Artefact, t *Table, columns, rows []int) ([]float64, error) {
	values := make([]float64, len(rows))
	vector := make([]float64, len(columns))
	for at, i := range rows {
		for k, column := range columns {
			vector[k] = t.Rows[i].Values[column]
		}
		var err error
		if values[at], err = a.Predict(vector); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// paired compares the forecasts of two pools of the same rows.
func (j *jobs) paired(old, fresh *pool) (*Comparison, error) {
	if len(fresh.rows) == 0 {
		return nil, fmt.Errorf("%w: no outcome of the sessions held out is known", ErrNoComparison)
	}
	b := j.bootstrap()
	out := &Comparison{
		Metric: "auc", Old: estimate(old.skill(b)), New: estimate(fresh.skill(b)), Rows: len(fresh.rows), Days: len(fresh.dates),
		From: fresh.dates[0].String(), To: fresh.dates[len(fresh.dates)-1].String(),
	}
	if !fresh.continues {
		out.Difference = estimate(b.Interval(fresh.day, func(weights []float64) float64 {
			return fresh.ranked.AUC(weights) - old.ranked.AUC(weights)
		}))
		return out, nil
	}
	out.Metric = "r2"
	columns := make([][]float64, 3)
	for k := range fresh.rows {
		columns[0] = append(columns[0], fresh.loss(k))
		columns[1] = append(columns[1], old.loss(k))
		columns[2] = append(columns[2], (fresh.reference[k]-fresh.label[k])*(fresh.reference[k]-fresh.label[k]))
	}
	out.Difference = estimate(b.Sums(fresh.day, columns, func(s []float64) float64 { return model.R2(s[0], s[2]) - model.R2(s[1], s[2]) }))
	return out, nil
}

// settled returns the table without the rows of which nothing is known yet, such as
// that of the session to come.
func (t *Table) settled() *Table {
	kept := *t
	kept.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row Row) bool {
		o := row.Outcome
		return math.IsNaN(o.Return) && math.IsNaN(o.Large) && math.IsNaN(o.Volume) && math.IsNaN(o.Relative)
	})
	return &kept
}
