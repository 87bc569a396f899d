package analysis

import (
	"math"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
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
