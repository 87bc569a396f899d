package analysis

import (
	"context"
	"errors"
	"math"

	"cashtag/internal/model"
)

// learner fits one configuration to one target.
type learner struct {
	table   *Table
	config  Config
	of      Configuration
	columns []int
	labels  []float64 // of the target, a row each; NaN where not known
	target  Target
}

func newLearner(t *Table, c Config, of Configuration, target Target) (*learner, error) {
	l := &learner{table: t, config: c, of: of, target: target, labels: make([]float64, len(t.Rows))}
	for i, row := range t.Rows {
		l.labels[i] = target.value(row.Outcome)
	}
	var err error
	l.columns, err = t.selectColumns(of.Columns)
	return l, err
}

// forecast fits a split's training rows and returns a forecast of each test row,
// with the mean of the training labels and the C that was chosen.
func (l *learner) forecast(ctx context.Context, s split) (forecasts []float64, mean, c float64, err error) {
	groups, values := make([]string, 0, len(s.train)), make([]float64, 0, len(s.train))
	for _, i := range l.known(s.train) {
		groups, values = append(groups, l.table.Rows[i].Ticker), append(values, l.labels[i])
	}
	rates := model.FitRates(groups, values)
	forecasts = make([]float64, len(s.test))
	switch l.of.Name {
	case Majority, TickerOnly:
		for at, i := range s.test {
			forecasts[at] = rates.All
			if l.of.Name == TickerOnly {
				forecasts[at] = rates.Group(l.table.Rows[i].Ticker)
			}
		}
		return forecasts, rates.All, 0, nil
	}
	if c, err = l.choose(ctx, s); err != nil {
		return nil, 0, 0, err
	}
	fitted, err := l.fit(ctx, s.train, []float64{c})
	if err != nil {
		return nil, 0, 0, err
	}
	for at, i := range s.test {
		forecasts[at] = fitted.predict(fitted.linear[0], i)
	}
	return forecasts, rates.All, c, nil
}

// choose returns the C with the least loss on dev, the strongest penalty of
// equals.
func (l *learner) choose(ctx context.Context, s split) (float64, error) {
	if len(l.config.C) == 1 || len(l.known(s.fit)) == 0 || len(l.known(s.dev)) == 0 {
		return l.config.C[0], nil
	}
	fitted, err := l.fit(ctx, s.fit, l.config.C)
	if err != nil {
		return 0, err
	}
	best, least := 0, math.Inf(1)
	for k, linear := range fitted.linear {
		var loss float64
		for _, i := range l.known(s.dev) {
			loss += l.loss(fitted.predict(linear, i), l.labels[i])
		}
		if loss < least-1e-12 {
			best, least = k, loss
		}
	}
	return l.config.C[best], nil
}

// loss is the log loss of a probability or the squared error of a value.
func (l *learner) loss(forecast, label float64) float64 {
	if l.target.Continuous() {
		return (forecast - label) * (forecast - label)
	}
	p := min(max(forecast, 1e-15), 1-1e-15)
	if label == 1 {
		return -math.Log(p)
	}
	return -math.Log(1 - p)
}

// known returns the rows whose label is known.
func (l *learner) known(rows []int) []int {
	kept := make([]int, 0, len(rows))
	for _, i := range rows {
		if !math.IsNaN(l.labels[i]) {
			kept = append(kept, i)
		}
	}
	return kept
}

// fitted is a configuration fitted with each of several penalties.
type fitted struct {
	learner *learner
	scaler  model.Scaler
	words   *model.TFIDF
	linear  []model.Linear
}

// fit learns scales, words and weights from rows, and from nothing else.
func (l *learner) fit(ctx context.Context, rows []int, cs []float64) (*fitted, error) {
	rows = l.known(rows)
	f := &fitted{learner: l, words: model.FitTFIDF(nil, 1, 0)}
	dense := make([][]float64, len(rows))
	texts := make([][]string, 0, len(rows))
	for at, i := range rows {
		dense[at] = l.dense(i)
		if l.of.Text {
			texts = append(texts, l.table.Rows[i].Words)
		}
	}
	var err error
	if f.scaler, err = model.FitScaler(len(l.columns), dense); err != nil {
		return nil, err
	}
	if l.of.Text {
		f.words = model.FitTFIDF(texts, l.config.LeastWordRows, l.config.MostWords)
	}
	x := model.NewMatrix(len(l.columns) + f.words.Columns())
	yes, values := make([]bool, len(rows)), make([]float64, len(rows))
	for at, i := range rows {
		if err := x.Append(f.row(i)...); err != nil {
			return nil, err
		}
		yes[at], values[at] = l.labels[i] == 1, l.labels[i]
	}
	for _, c := range cs {
		linear, err := l.solve(ctx, x, yes, values, c)
		if err != nil {
			return nil, err
		}
		f.linear = append(f.linear, linear)
	}
	return f, nil
}

// solve fits one model. Where all labels are the same, that is the forecast.
func (l *learner) solve(ctx context.Context, x *model.Matrix, yes []bool, values []float64, c float64) (model.Linear, error) {
	if l.target.Continuous() {
		return model.FitRidge(ctx, x, values, c)
	}
	linear, err := model.FitLogistic(ctx, x, yes, c)
	if errors.Is(err, model.ErrOneClass) {
		certain := 10.0
		if len(yes) == 0 || !yes[0] {
			certain = -certain
		}
		return model.Linear{Weights: make([]float64, x.Columns()), Intercept: certain}, nil
	}
	return linear, err
}

func (l *learner) dense(i int) []float64 {
	values := make([]float64, len(l.columns))
	for at, column := range l.columns {
		values[at] = l.table.Rows[i].Values[column]
	}
	return values
}

func (f *fitted) row(i int) []model.Entry {
	cells := f.scaler.Entries(f.learner.dense(i))
	if f.words.Columns() == 0 {
		return cells
	}
	return append(cells, f.words.Entries(f.learner.table.Rows[i].Words, len(f.learner.columns))...)
}

func (f *fitted) predict(linear model.Linear, i int) float64 {
	if f.learner.target.Continuous() {
		return linear.Sum(f.row(i))
	}
	return linear.Probability(f.row(i))
}
