package analysis

import (
	"math"
	"runtime"
	"slices"

	"cashtag/internal/calendar"
	"cashtag/internal/model"

	"golang.org/x/sync/errgroup"
)

// pool is the forecasts of all test rows whose label is known, as one series.
type pool struct {
	rows      []int // of the table
	forecast  []float64
	label     []float64
	reference []float64 // of the training labels
	day       []int     // counted from 0, for drawing
	block     []int
	dates     []calendar.Date
	probable  *model.Forecast // nil for a continuous target
	ranked    *model.Forecast // the same as ranks within each block
	continues bool
}

func (p *pair) pool(splits []split) *pool {
	out := &pool{continues: p.learner.target.Continuous()}
	days := make(map[calendar.Date]int)
	var happened []bool
	for at, s := range splits {
		for k, i := range s.test {
			label := p.learner.labels[i]
			if math.IsNaN(label) {
				continue
			}
			date := p.learner.table.Rows[i].Date
			if _, ok := days[date]; !ok {
				days[date] = len(days)
				out.dates = append(out.dates, date)
			}
			out.rows, out.label = append(out.rows, i), append(out.label, label)
			out.forecast, out.reference = append(out.forecast, p.splits[at].values[k]), append(out.reference, p.splits[at].mean)
			out.day, out.block = append(out.day, days[date]), append(out.block, at)
			happened = append(happened, label == 1)
		}
	}
	if !out.continues {
		out.probable = model.NewForecast(out.forecast, happened)
		out.ranked = model.NewForecast(out.ranks(len(splits)), happened)
	}
	return out
}

// ranks are the places of the forecasts within their block, 0 to 1, ties at their
// mean. Every block has a model of its own, and to compare the probabilities of
// two would score the change of the base rate from one to the next, backwards.
func (p *pool) ranks(blocks int) []float64 {
	places := make([]float64, len(p.forecast))
	for block := range blocks {
		var at []int
		var values []float64
		for k, b := range p.block {
			if b == block {
				at, values = append(at, k), append(values, p.forecast[k])
			}
		}
		for i, rank := range model.Ranks(values) {
			places[at[i]] = (rank + 0.5) / float64(len(at))
		}
	}
	return places
}

// loss is the squared error of a forecast: of a probability, its Brier score.
func (p *pool) loss(k int) float64 {
	return (p.forecast[k] - p.label[k]) * (p.forecast[k] - p.label[k])
}

func (p *pool) meanLoss() float64 {
	var sum float64
	for k := range p.forecast {
		sum += p.loss(k)
	}
	return sum / float64(len(p.forecast))
}

// skill is the score that says how much a model knows: AUC, or R2.
func (p *pool) skill(b model.Bootstrap) model.Interval {
	if !p.continues {
		return b.Interval(p.day, p.ranked.AUC)
	}
	errors, variance := make([]float64, len(p.rows)), make([]float64, len(p.rows))
	for k := range p.rows {
		errors[k], variance[k] = p.loss(k), (p.reference[k]-p.label[k])*(p.reference[k]-p.label[k])
	}
	return b.Sums(p.day, [][]float64{errors, variance}, func(s []float64) float64 { return model.R2(s[0], s[1]) })
}

// mean is that of a value of each forecast.
func (p *pool) mean(b model.Bootstrap, value func(k int) float64) model.Interval {
	values, ones := make([]float64, len(p.rows)), make([]float64, len(p.rows))
	for k := range p.rows {
		values[k], ones[k] = value(k), 1
	}
	return b.Sums(p.day, [][]float64{values, ones}, func(s []float64) float64 { return s[0] / s[1] })
}

func (p *pool) mcc(b model.Bootstrap) model.Interval {
	columns := make([][]float64, 4)
	for which := range columns {
		columns[which] = make([]float64, len(p.rows))
		for k := range p.rows {
			columns[which][k] = p.probable.Confusion(k)[which]
		}
	}
	return b.Sums(p.day, columns, func(s []float64) float64 { return model.MCC(s[0], s[1], s[2], s[3]) })
}

// share is the share of what happened, or the mean of a continuous target.
func (p *pool) share() Figure {
	var sum float64
	for _, label := range p.label {
		sum += label
	}
	return Figure(sum / float64(len(p.label)))
}

// noSkill is the skill of who knows nothing.
func (p *pool) noSkill() float64 {
	if p.continues {
		return 0
	}
	return 0.5
}

// only is the part of a pool that is of one block.
func (p *pool) only(block int) *pool {
	out := &pool{continues: p.continues}
	days := make(map[int]int)
	var places []float64
	var happened []bool
	for k, b := range p.block {
		if b != block {
			continue
		}
		if _, ok := days[p.day[k]]; !ok {
			days[p.day[k]] = len(days)
		}
		out.rows, out.label = append(out.rows, p.rows[k]), append(out.label, p.label[k])
		out.forecast, out.reference = append(out.forecast, p.forecast[k]), append(out.reference, p.reference[k])
		out.day = append(out.day, days[p.day[k]])
		if !p.continues {
			places, happened = append(places, p.ranked.Probability[k]), append(happened, p.label[k] == 1)
		}
	}
	out.ranked = model.NewForecast(places, happened)
	return out
}

// targets scores all pairs, target by target.
func (j *jobs) targets(p *progress) []TargetReport {
	p.begin("scores", len(j.pairs))
	pools := make([]*pool, len(j.pairs))
	results := make([]Result, len(j.pairs))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, pair := range j.pairs {
		group.Go(func() error {
			pools[i] = pair.pool(j.splits)
			results[i] = j.score(pair, pools[i])
			p.step()
			return nil
		})
	}
	_ = group.Wait() // no job returns an error
	size := len(j.config.all())
	reports := make([]TargetReport, 0, len(j.config.Targets))
	for at, target := range j.config.Targets {
		from, to := at*size, (at+1)*size
		j.compare(pools[from:to], results[from:to])
		if target == Direction {
			j.follow(pools[from:to], results[from:to])
		}
		reports = append(reports, TargetReport{Target: target, Results: slices.Clone(results[from:to])})
	}
	j.correct(reports)
	return reports
}

func (j *jobs) bootstrap() model.Bootstrap {
	b := model.DefaultBootstrap()
	b.Draws, b.Seed = j.config.Draws, j.config.Seed
	return b
}

// score computes what one pair's forecasts are worth on their own.
func (j *jobs) score(pair *pair, p *pool) Result {
	b := j.bootstrap()
	r := Result{Configuration: pair.learner.of.Name, Baseline: baseline(pair.learner.of.Name), Rows: len(p.rows)}
	r.Base = p.share()
	add := func(name string, interval model.Interval) {
		r.Metrics = append(r.Metrics, Metric{Name: name, Estimate: estimate(interval)})
	}
	if p.continues {
		add("r2", p.skill(b))
		add("mse", p.mean(b, p.loss))
	} else {
		add("auc", p.skill(b))
		add("accuracy", p.mean(b, p.probable.Right))
		add("mcc", p.mcc(b))
		add("brier", p.mean(b, p.probable.Brier))
		add("log_loss", p.mean(b, p.probable.LogLoss))
		r.ROC, r.Calibration = p.ranked.ROC(100), p.calibration(b)
	}
	skill := r.Metrics[0].Estimate
	r.P = Figure(model.NormalTail((float64(skill.Value) - p.noSkill()) / float64(skill.Error)))
	if r.Configuration == Majority {
		r.P = Figure(notKnown)
	}
	for at, s := range j.splits {
		r.Blocks = append(r.Blocks, BlockScore{Name: s.name, Score: estimate(p.only(at).skill(b)), C: pair.splits[at].c})
	}
	return r
}

// calibration sorts the forecasts into ten bins.
func (p *pool) calibration(b model.Bootstrap) []Bin {
	var bins []Bin
	for _, bin := range p.probable.Calibration(10) {
		days := make([]int, len(bin.Members))
		for k, i := range bin.Members {
			days[k] = p.day[i]
		}
		happened := b.Interval(days, func(weights []float64) float64 {
			return weighted(weights, len(days), func(k int) float64 { return p.label[bin.Members[k]] })
		})
		bins = append(bins, Bin{Forecast: bin.Forecast, Happened: estimate(happened), Count: bin.Count})
	}
	return bins
}

// weighted is the weighted mean of n values.
func weighted(weights []float64, n int, value func(k int) float64) float64 {
	var sum, total float64
	for k := range n {
		w := 1.0
		if weights != nil {
			w = weights[k]
		}
		sum, total = sum+w*value(k), total+w
	}
	return sum / total
}

// compare sets every configuration against the baseline of the least loss. All
// pools are of the same rows.
func (j *jobs) compare(pools []*pool, results []Result) {
	best := 0
	for i := range results {
		if results[i].Baseline && pools[i].meanLoss() < pools[best].meanLoss() {
			best = i
		}
	}
	for i := range results {
		if results[i].Baseline {
			results[i].Gain, results[i].DieboldT = Result{}.metric(""), Figure(notKnown)
			continue
		}
		results[i].BestBaseline = results[best].Configuration
		results[i].Gain = estimate(pools[i].mean(j.bootstrap(), func(k int) float64 { return pools[best].loss(k) - pools[i].loss(k) }))
		results[i].DieboldT = Figure(model.DieboldMariano(pools[i].daily(), pools[best].daily(), horizonDays))
	}
}

// daily is the mean loss of each day.
func (p *pool) daily() []float64 {
	sum, count := make([]float64, len(p.dates)), make([]float64, len(p.dates))
	for k, day := range p.day {
		sum[day] += p.loss(k)
		count[day]++
	}
	for day := range sum {
		sum[day] /= count[day]
	}
	return sum
}

// correct adjusts the p-values of all configurations on all targets, and of what
// was tried before, for their number.
func (j *jobs) correct(reports []TargetReport) {
	var p []float64
	each := func(do func(r *Result)) {
		for t := range reports {
			for i := range reports[t].Results {
				if r := &reports[t].Results[i]; !r.Baseline {
					do(r)
				} else {
					r.HolmP = Figure(notKnown)
				}
			}
		}
	}
	each(func(r *Result) {
		if math.IsNaN(float64(r.P)) {
			r.P = 1 // what could not be computed was tried all the same
		}
		p = append(p, float64(r.P))
	})
	for range j.config.TriedBefore {
		p = append(p, 1)
	}
	adjusted := model.Holm(p)
	at := 0
	each(func(r *Result) {
		r.HolmP = Figure(adjusted[at])
		at++
	})
}
