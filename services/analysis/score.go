package analysis

import (
	"math"
	"runtime"
	"slices"

	"cashtag/internal/model"

	"golang.org/x/sync/errgroup"
)

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
