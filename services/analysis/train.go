package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
)

// Train fits one configuration to one target on all rows of the table, with the C
// that its newest part chooses, and returns the model with the scores that it has
// when it walks forward. Rows and alarms are those of Run: it returns a *LeakError
// where one rings. Words cannot be served, so a configuration with text is refused.
func Train(ctx context.Context, in Input, c Config, configuration string, target Target) (*model.Artefact, error) {
	if err := errors.Join(c.Validate(), target.validate()); err != nil {
		return nil, err
	}
	of, err := c.named(configuration)
	if err != nil {
		return nil, err
	}
	if in.Table.Schema == "" {
		return nil, fmt.Errorf("%s has no column %s: a model is served only vectors of the schema that it was trained on", in.Table.Source, csvSchema)
	}
	c.Targets, c.Configurations = []Target{target}, []Configuration{of}
	in.Table = in.Table.settled()
	splits, err := walk(in.Table, c)
	if err != nil {
		return nil, err
	}
	p := &progress{tell: in.Progress}
	if _, _, err := ring(ctx, in.Table, splits, c, p); err != nil {
		return nil, err
	}
	jobs, err := newJobs(in.Table, splits, c)
	if err != nil {
		return nil, err
	}
	if err := jobs.forecast(ctx, p); err != nil {
		return nil, err
	}
	report := jobs.targets(p)[0]
	l := jobs.pairs[len(jobs.pairs)-1].learner
	whole := lastSplit(in.Table, c)
	chosen, err := l.choose(ctx, whole)
	if err != nil {
		return nil, err
	}
	fitted, err := l.fit(ctx, whole.train, []float64{chosen})
	if err != nil {
		return nil, err
	}
	a := l.artefact(in, fitted, chosen)
	tested := jobs.pairs[len(jobs.pairs)-1].pool(splits)
	a.Scores = append(scores(report.Results[len(report.Results)-1], report.Results[0], len(tested.dates)),
		tested.honesty(jobs.bootstrap())...)
	return a, a.Validate()
}

// honesty is how far forecasts are from what happened, all in all (calibration, the
// mean difference) and along their range (slope, that of a line through what happened
// over what was forecast: below 1 they promise too much).
func (p *pool) honesty(b model.Bootstrap) []model.Score {
	var out []model.Score
	add := func(metric string, of model.Interval, baseline float64) {
		if math.IsNaN(of.Value) {
			return
		}
		s := model.Score{Metric: metric, Value: of.Value, Baseline: baseline, Rows: len(p.rows), Days: len(p.dates)}
		if !math.IsNaN(of.Low) {
			s.Low, s.High = &of.Low, &of.High
		}
		out = append(out, s)
	}
	baseline := p.mean(model.Bootstrap{}, func(k int) float64 { return p.reference[k] - p.label[k] }).Value
	add("calibration", p.mean(b, func(k int) float64 { return p.forecast[k] - p.label[k] }), baseline)
	add("slope", b.Sums(p.day, model.SlopeColumns(p.forecast, p.label), model.Slope), 0)
	return out
}

// named returns the configuration of that name.
func (c Config) named(name string) (Configuration, error) {
	for _, configuration := range c.Configurations {
		if configuration.Name != name {
			continue
		}
		if configuration.Text {
			return configuration, fmt.Errorf("configuration %q has text: the vectors that a model is served have none", name)
		}
		return configuration, nil
	}
	return Configuration{}, fmt.Errorf("there is no configuration %q: the file has %s", name, names(c.Configurations))
}

// lastSplit trains on every row and tests on none.
func lastSplit(t *Table, c Config) split {
	var s split
	dates := t.Dates()
	gap := max(c.Embargo, horizonDays)
	dev := dates[len(dates)-max(int(c.DevShare*float64(len(dates))+0.5), 1)]
	fitTo := dates[max(0, len(dates)-max(int(c.DevShare*float64(len(dates))+0.5), 1)-gap)]
	for i, row := range t.Rows {
		s.train = append(s.train, i)
		switch {
		case row.Date.Compare(dev) >= 0:
			s.dev = append(s.dev, i)
		case row.Date.Compare(fitTo) < 0:
			s.fit = append(s.fit, i)
		}
	}
	return s
}

func (l *learner) artefact(in Input, f *fitted, c float64) *model.Artefact {
	dates := in.Table.Dates()
	a := &model.Artefact{
		Name: string(l.target) + "-" + l.of.Name, Target: string(l.target), Kind: model.KindLogistic,
		Window: in.Table.Window, HorizonS: int64(horizonSeconds(in.Table.Cutoff)), SchemaHash: in.Table.Schema,
		Scaler: f.scaler, Linear: f.linear[0], DataHash: in.Table.Hash(), Rows: len(l.known(allRows(in.Table))), Days: len(dates),
		TrainedFrom: dates[0].String(), TrainedTo: dates[len(dates)-1].String(), C: c, Seed: l.config.Seed, CodeVersion: in.Version,
	}
	if l.target.Continuous() {
		a.Kind = model.KindRidge
	}
	rows := l.known(allRows(in.Table))
	days := make([]int, len(rows))
	baseline := 0.0
	for at, i := range rows {
		days[at], _ = slices.BinarySearchFunc(dates, in.Table.Rows[i].Date, calendar.Date.Compare)
		baseline += l.labels[i] / float64(len(rows))
	}
	a.Baseline = &baseline
	for _, column := range l.columns {
		a.Columns = append(a.Columns, in.Table.Columns[column])
		values := make([]float64, len(rows))
		for at, i := range rows {
			values[at] = in.Table.Rows[i].Values[column]
		}
		a.Training = append(a.Training, model.FitDistribution(values, days))
	}
	return a
}

// horizonSeconds is from the cut-off to the close that decides: of a full session,
// or from close to close of two days in a row.
func horizonSeconds(cutoff string) int {
	if cutoff == CutoffOpen {
		return 6*60*60 + 30*60
	}
	return 24 * 60 * 60
}

func allRows(t *Table) []int {
	rows := make([]int, len(t.Rows))
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// scores are the figures of a result that are defined, beside the majority's.
func scores(r, majority Result, days int) []model.Score {
	var out []model.Score
	for _, m := range r.Metrics {
		if math.IsNaN(float64(m.Value)) {
			continue
		}
		s := model.Score{
			Metric: m.Name, Value: float64(m.Value), Baseline: float64(majority.metric(m.Name).Value), Rows: r.Rows, Days: days,
		}
		if !math.IsNaN(float64(m.Low)) {
			low, high := float64(m.Low), float64(m.High)
			s.Low, s.High = &low, &high
		}
		if math.IsNaN(s.Baseline) {
			continue
		}
		out = append(out, s)
	}
	return out
}

func names(configurations []Configuration) string {
	all := make([]string, len(configurations))
	for i, configuration := range configurations {
		all[i] = configuration.Name
	}
	return strings.Join(all, ", ")
}
