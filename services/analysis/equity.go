package analysis

import (
	"math"

	"cashtag/internal/model"
)

const sessionsYear = 252

// follow adds what each configuration's forecasts of direction would have earned.
// What all of them earned is the yardstick of luck.
func (j *jobs) follow(pools []*pool, results []Result) {
	tries := len(results) + j.config.TriedBefore
	for _, cost := range j.config.CostsBP {
		returns := make([][]float64, len(pools))
		trials := make([]float64, len(pools))
		for i, p := range pools {
			returns[i] = p.earned(j.table, cost)
			trials[i] = model.Sharpe(returns[i])
		}
		for i, p := range pools {
			e := Equity{
				CostBP: cost, Sharpe: Figure(trials[i] * math.Sqrt(sessionsYear)),
				Deflated: Figure(model.DeflatedSharpe(returns[i], trials, tries)),
			}
			var total float64
			days := make([]int, len(p.dates))
			for day, date := range p.dates {
				total += returns[i][day]
				e.Days, e.Total = append(e.Days, date.String()), append(e.Total, total)
				days[day] = day
			}
			e.Mean = estimate(j.bootstrap().Interval(days, func(weights []float64) float64 {
				return 1e4 * weighted(weights, len(days), func(k int) float64 { return returns[i][k] })
			}))
			results[i].Equity = append(results[i].Equity, e)
		}
	}
}

// earned is the return of each day of holding every ticker long where it is
// forecast to rise and short where not, less the cost of what was traded: a
// turned position trades twice its size, and a first one once.
func (p *pool) earned(t *Table, costBP float64) []float64 {
	returns, count := make([]float64, len(p.dates)), make([]float64, len(p.dates))
	held := make(map[string]float64)
	for k, i := range p.rows {
		position := 1.0
		if p.forecast[k] < 0.5 {
			position = -1
		}
		row := t.Rows[i]
		traded := math.Abs(position - held[row.Ticker])
		if t.Cutoff == CutoffOpen {
			traded = 2 // bought at the opening, sold at the close
		}
		held[row.Ticker] = position
		returns[p.day[k]] += position*row.Outcome.Return - traded*costBP/1e4
		count[p.day[k]]++
	}
	for day := range returns {
		returns[day] /= count[day]
	}
	return returns
}
