package analysis

import (
	"math"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
)

// Lift is how much more often something large follows attention than it follows
// anything.
type Lift struct {
	Rule    string   `json:"rule"`
	Outcome string   `json:"outcome"`
	Cutoff  string   `json:"cutoff"`
	Flagged int      `json:"flagged"` // ticker-days that the rule names
	Rows    int      `json:"rows"`
	Days    int      `json:"days"`
	Rate    Figure   `json:"rate"` // share of the flagged that were large
	Base    Figure   `json:"base"` // share of all rows that were large
	Lift    Estimate `json:"lift"`
}

// columnBaseline is how many sessions a data set compares a count with. It writes a
// z of 0 where there are none.
const columnBaseline = "baseline_sessions"

// attentionPosts is how many posts count as attention at all.
const attentionPosts = 5

// lifts measures attention against large moves, of closes and of the horizon.
func lifts(t *Table, c Config) []Lift {
	z, counts := t.column(t.Attention.Z), t.column(t.Attention.LogCount)
	if z == nil || counts == nil {
		return nil
	}
	for i, sessions := range t.column(columnBaseline) {
		if sessions < leastKnown {
			z[i] = notKnown
		}
	}
	rules := []struct {
		name  string
		above float64
	}{{"z > 1 and at least 5 posts", 1}, {"z > 1.5 and at least 5 posts", 1.5}}
	outcomes := []struct {
		name string
		of   func(Outcome) float64
	}{
		{"|close to close| > 2 sd", func(o Outcome) float64 { return o.LargeClose }},
		{"|open to close| > 2 sd", func(o Outcome) float64 { return o.Large }},
	}
	if t.Cutoff != CutoffOpen {
		outcomes = outcomes[:1]
	}
	var out []Lift
	for _, rule := range rules {
		for _, outcome := range outcomes {
			flagged := func(i int) bool { return z[i] > rule.above && counts[i] >= math.Log1p(attentionPosts)-1e-9 }
			l := lift(t, z, flagged, outcome.of, c)
			if l.Rows == 0 {
				continue
			}
			l.Rule, l.Outcome, l.Cutoff = rule.name, outcome.name, t.Cutoff
			out = append(out, l)
		}
	}
	return out
}

func lift(t *Table, z []float64, flagged func(i int) bool, outcome func(Outcome) float64, c Config) Lift {
	var l Lift
	var cluster []int
	var large, named []float64
	days := make(map[calendar.Date]int)
	for i, row := range t.Rows {
		value := outcome(row.Outcome)
		if math.IsNaN(z[i]) || math.IsNaN(value) {
			continue
		}
		if _, ok := days[row.Date]; !ok {
			days[row.Date] = len(days)
		}
		cluster, large = append(cluster, days[row.Date]), append(large, value)
		if flagged(i) {
			named = append(named, 1)
			l.Flagged++
		} else {
			named = append(named, 0)
		}
	}
	l.Rows, l.Days = len(large), len(days)
	rate := func(weights []float64, of func(k int) float64) float64 {
		var sum, total float64
		for k, value := range large {
			w := of(k)
			if weights != nil {
				w *= weights[k]
			}
			sum, total = sum+w*value, total+w
		}
		return sum / total
	}
	all := func(int) float64 { return 1 }
	ofNamed := func(k int) float64 { return named[k] }
	l.Rate, l.Base = Figure(rate(nil, ofNamed)), Figure(rate(nil, all))
	b := model.DefaultBootstrap()
	b.Draws, b.Seed = c.Draws, c.Seed
	l.Lift = estimate(b.Interval(cluster, func(weights []float64) float64 { return rate(weights, ofNamed) / rate(weights, all) }))
	return l
}
