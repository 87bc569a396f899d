package outcomes

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"cashtag/internal/model"
	"cashtag/schemas"
)

// DaysForClaim is how many days of outcomes a claim about a model needs.
const DaysForClaim = 250

// leastDays is how many days an interval is drawn from.
const leastDays = 5

// Scored is what one version of a model was worth, live, on one target.
type Scored struct {
	Model   string        `json:"model"`
	Version string        `json:"version"`
	Target  string        `json:"target"`
	Rows    int           `json:"rows"`
	Days    int           `json:"days"`
	Neither int           `json:"neither"` // outcomes that are neither yes nor no, which no metric counts
	Seen    int           `json:"seen"`    // outcomes of days that it was trained on, which no metric counts
	Metrics []model.Score `json:"metrics"` // with day-clustered 95 percent intervals, beside the baseline
	// Excess is the mean loss (Brier, or the squared error of a number) less that of
	// the baseline: above 0 the model is worse.
	Excess model.Score `json:"excess"`
	Worse  bool        `json:"worse"` // than the baseline, beyond the interval
	Says   string      `json:"says"`
}

// Score scores outcomes by model, version and target. Of outcomes that differ in the
// revision alone the highest counts; those of days that the model was trained on, as a
// replay has them, do not. Days are those that the predictions were made on.
func Score(outcomes []*schemas.Outcome) []Scored {
	type about struct{ model, version, target string }
	type one struct {
		about

		ticker  string
		at, due int64
	}
	last := make(map[one]*schemas.Outcome)
	for _, o := range outcomes {
		key := one{about{o.Model, o.Version, o.Target}, o.Ticker, o.PredictedAt.Unix(), o.DueAt.Unix()}
		if before := last[key]; before == nil || o.Revision > before.Revision {
			last[key] = o
		}
	}
	rows := make(map[about][]*schemas.Outcome)
	for key, o := range last {
		rows[key.about] = append(rows[key.about], o)
	}
	found := make([]Scored, 0, len(rows))
	for key := range rows {
		slices.SortFunc(rows[key], func(a, b *schemas.Outcome) int {
			return cmp.Or(a.PredictedAt.Compare(b.PredictedAt), strings.Compare(a.Ticker, b.Ticker), a.DueAt.Compare(b.DueAt))
		})
		found = append(found, scored(key.model, key.version, key.target, rows[key]))
	}
	slices.SortFunc(found, func(a, b Scored) int {
		return cmp.Or(strings.Compare(a.Target, b.Target), strings.Compare(a.Model, b.Model), strings.Compare(a.Version, b.Version))
	})
	return found
}

// Undecided is what is to be said of a version whose predictions have no outcome yet.
func Undecided(m *schemas.Model) Scored {
	return Scored{Model: m.Name, Version: m.Version, Target: m.Target, Metrics: []model.Score{}, Says: "no outcome is known yet"}
}

func scored(name, version, target string, rows []*schemas.Outcome) Scored {
	s := Scored{Model: name, Version: version, Target: target, Metrics: []model.Score{}}
	all := len(rows)
	rows = slices.DeleteFunc(rows, seen)
	s.Seen = all - len(rows)
	if all > 0 && len(rows) == 0 {
		s.Says = fmt.Sprintf("all %d outcomes are of days that it was trained on", all)
		return s
	}
	t := tableOf(rows)
	s.Rows, s.Days, s.Neither = len(t.loss), t.days, len(rows)-len(t.loss)
	if s.Rows == 0 {
		s.Says = "no outcome is a yes or a no"
		return s
	}
	ones := make([]float64, s.Rows)
	for i := range ones {
		ones[i] = 1
	}
	mean := func(column []float64) model.Interval {
		return t.bootstrap.Sums(t.cluster, [][]float64{column, ones}, func(sums []float64) float64 { return sums[0] / sums[1] })
	}
	add := func(metric string, of model.Interval, baseline float64) {
		s.Metrics = append(s.Metrics, t.score(metric, of, baseline))
	}
	loss := mean(t.loss)
	if t.forecast == nil {
		add("mse", loss, average(t.baseline))
	} else {
		add("accuracy", mean(t.right), average(t.baselineRight))
		add("auc", t.bootstrap.Interval(t.cluster, t.forecast.AUC), 0.5)
		add("brier", loss, average(t.baseline))
		add("mcc", t.bootstrap.Sums(t.cluster, t.confusion, func(sums []float64) float64 {
			return model.MCC(sums[0], sums[1], sums[2], sums[3])
		}), 0)
	}
	add("calibration", mean(t.gap), average(t.baselineGap))
	slope := t.bootstrap.Sums(t.cluster, model.SlopeColumns(t.foretold, t.truth), model.Slope)
	if !math.IsNaN(slope.Value) { // of forecasts that differ
		add("slope", slope, 0)
	}
	excess := make([]float64, s.Rows)
	for i := range excess {
		excess[i] = t.loss[i] - t.baseline[i]
	}
	s.Excess = t.score("excess", mean(excess), 0)
	s.Worse = s.Excess.Low != nil && *s.Excess.Low > 0
	s.Says = s.verdict()
	return s
}

// verdict is one plain sentence.
func (s *Scored) verdict() string {
	var says []string
	switch {
	case s.Worse:
		says = append(says, "worse than its baseline, beyond the interval")
	case s.Excess.High != nil && *s.Excess.High < 0 && s.Days >= DaysForClaim:
		return "better than its baseline, beyond the interval"
	}
	if s.Days < DaysForClaim {
		says = append(says, fmt.Sprintf("%d of the %d days that a claim needs", s.Days, DaysForClaim))
	} else if len(says) == 0 {
		says = append(says, "no evidence that it differs from its baseline")
	}
	if s.Seen > 0 {
		says = append(says, fmt.Sprintf("%d outcomes of days that it was trained on are left out", s.Seen))
	}
	return strings.Join(says, "; ")
}

// table is outcomes as columns.
type table struct {
	bootstrap                              model.Bootstrap
	cluster                                []int
	days                                   int
	forecast                               *model.Forecast // nil of numbers
	loss, baseline                         []float64
	right, baselineRight, gap, baselineGap []float64
	foretold, truth                        []float64
	confusion                              [][]float64
}

func tableOf(rows []*schemas.Outcome) *table {
	t := &table{bootstrap: model.DefaultBootstrap(), confusion: make([][]float64, 4)}
	days := make(map[string]int)
	var probability []float64
	var happened []bool
	for _, o := range rows {
		if o.Probability != nil && o.Happened == nil {
			continue
		}
		day := o.PredictedAt.Format("2006-01-02")
		if _, ok := days[day]; !ok {
			days[day] = len(days)
		}
		t.cluster = append(t.cluster, days[day])
		if o.Probability == nil {
			t.add(*o.Value, base(o, 0), o.Realised)
			continue
		}
		probability, happened = append(probability, *o.Probability), append(happened, *o.Happened)
		t.add(*o.Probability, base(o, 0.5), boolean(*o.Happened))
		t.baselineRight = append(t.baselineRight, boolean((base(o, 0.5) >= 0.5) == *o.Happened))
	}
	t.days = len(days)
	if probability == nil {
		return t
	}
	t.forecast = model.NewForecast(probability, happened)
	for i := range probability {
		t.right = append(t.right, t.forecast.Right(i))
		for at, v := range t.forecast.Confusion(i) {
			t.confusion[at] = append(t.confusion[at], v)
		}
	}
	return t
}

// base is the baseline of an outcome, or what else knows nothing.
func base(o *schemas.Outcome, otherwise float64) float64 {
	if o.Baseline == nil {
		return otherwise
	}
	return *o.Baseline
}

// add takes in what was foretold, by model and baseline, and what came true.
func (t *table) add(foretold, base, truth float64) {
	t.foretold, t.truth = append(t.foretold, foretold), append(t.truth, truth)
	t.loss, t.baseline = append(t.loss, square(foretold-truth)), append(t.baseline, square(base-truth))
	t.gap, t.baselineGap = append(t.gap, foretold-truth), append(t.baselineGap, base-truth)
}

// score is a metric with the bounds that could be drawn.
func (t *table) score(metric string, of model.Interval, baseline float64) model.Score {
	s := model.Score{Metric: metric, Value: finite(of.Value), Baseline: baseline, Rows: len(t.loss), Days: t.days}
	if t.days >= leastDays && !math.IsNaN(of.Low) && !math.IsNaN(of.High) {
		s.Low, s.High = &of.Low, &of.High
	}
	return s
}

// Named sorts the metrics of a model by their names.
func (s *Scored) Named() map[string]model.Score {
	named := maps.Collect(func(yield func(string, model.Score) bool) {
		for _, metric := range s.Metrics {
			if !yield(metric.Metric, metric) {
				return
			}
		}
	})
	return named
}

func square(v float64) float64 { return v * v }

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// finite is 0 for what is not a number, such as the AUC of one class.
func finite(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
