package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

const (
	// mostBins bounds the bins of a column, but for that of what is not known.
	mostBins = 10
	// grain is what feature vectors are rounded to. Values are sorted into bins after
	// the same rounding, so that equal ones share a bin.
	grain    = 1e-6
	perGrain = 1e6
	// chanceTail is the normal quantile of how seldom chance alone passes
	// Stability.Chance: one time in a hundred.
	chanceTail = 2.326
)

// Distribution is how the values of a column were spread in the rows that a model
// was trained on.
type Distribution struct {
	// Cuts are the upper ends of all bins but the last, ascending and at most nine:
	// tenths of the rows. A value that several tenths end at has a bin of its own.
	Cuts []float64 `json:"cuts"`
	// Rows are those of each bin, then those whose value is not known.
	Rows []int64 `json:"rows"`
	// Days are those that the rows are of.
	Days int `json:"days"`
	// Noise is what the training days, few as they are, add to an index: see PSI.
	Noise float64 `json:"noise"`
}

// FitDistribution sorts the values of a column into tenths. Days are numbers from 0,
// one a value: rows of one day are one piece of evidence. NaN is not known.
func FitDistribution(values []float64, days []int) Distribution {
	known := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, rounded(v))
		}
	}
	slices.Sort(known)
	var d Distribution
	for i := 1; i < mostBins && len(known) > 0; i++ {
		end := known[(i*len(known)-1)/mostBins]
		switch last := len(d.Cuts) - 1; {
		case last < 0 || d.Cuts[last] < end:
			d.Cuts = append(d.Cuts, end)
		case last == 0 || d.Cuts[last-1] < end-grain/2: // a value that another tenth ends at too
			d.Cuts = slices.Insert(d.Cuts, last, end-grain/2)
		}
	}
	byDay := make([][]int64, clusters(days))
	for i, v := range values {
		if byDay[days[i]] == nil {
			byDay[days[i]] = make([]int64, d.Bins())
		}
		byDay[days[i]][d.Bin(v)]++
	}
	d.Rows = total(byDay, d.Bins())
	d.Days = watched(byDay)
	shares := sharesOf(d.Rows, d.Days)
	d.Noise = noise(byDay, d.Rows, func(bin int) float64 { return shares[bin] })
	return d
}

// Bins is how many bins there are, with that of what is not known.
func (d Distribution) Bins() int { return len(d.Cuts) + 2 }

// Bin is where a value belongs. NaN, which is not known, is in the last bin.
func (d Distribution) Bin(value float64) int {
	if math.IsNaN(value) {
		return len(d.Cuts) + 1
	}
	return sort.SearchFloat64s(d.Cuts, rounded(value))
}

func rounded(v float64) float64 {
	if math.Abs(v) > 1e9 {
		return v
	}
	return math.Round(v*perGrain) / perGrain
}

// Validate returns an error that says what cannot be.
func (d Distribution) Validate() error {
	switch {
	case len(d.Cuts) >= mostBins:
		return fmt.Errorf("%d cuts: must be at most %d", len(d.Cuts), mostBins-1)
	case len(d.Rows) != d.Bins():
		return fmt.Errorf("rows of %d bins: must be of %d, one more than the cuts and that of what is not known", len(d.Rows), d.Bins())
	case d.Days < 0:
		return fmt.Errorf("days is %d: must not be negative", d.Days)
	case math.IsNaN(d.Noise) || math.IsInf(d.Noise, 0) || d.Noise < 0:
		return fmt.Errorf("noise is %v: must be finite and at least 0", d.Noise)
	case slices.ContainsFunc(d.Rows, func(n int64) bool { return n < 0 }):
		return errors.New("rows of a bin are negative")
	}
	for i, cut := range d.Cuts {
		if math.IsNaN(cut) || math.IsInf(cut, 0) || (i > 0 && cut <= d.Cuts[i-1]) {
			return fmt.Errorf("cut %d is %v: must be finite and above the one before", i, cut)
		}
	}
	return nil
}

// Stability is how far the values of a column are from those of training.
type Stability struct {
	Index  float64 `json:"psi"`    // population stability index
	Chance float64 `json:"chance"` // what chance alone passes one time in a hundred, with days as few
	Rows   int64   `json:"rows"`
	Days   int     `json:"days"`
}

// LeastStabilityDays is how many live days it takes to tell a change from chance.
const LeastStabilityDays = 20

// Drifted reports whether the index is above a bound, and not by chance. Fewer than
// LeastStabilityDays do not say.
func (s Stability) Drifted(bound float64) bool {
	return s.Days >= LeastStabilityDays && s.Index > bound && s.Index > s.Chance
}

// PSI compares live rows, by day and bin, with those of training. The population
// stability index is Σ (p-q) ln(p/q), p and q being the live and the trained share of
// a bin (Siddiqi 2006), half a day's rows added to each so that an empty bin is no
// infinity; bins that are empty in both count nothing.
//
// Where nothing changed the index is near Σ (p-q)²/q, a sum of squares of what days
// differ by (Yurdakul and Naranjo 2020, who have rows for days). Its mean is taken
// from how the bins' shares differ from day to day, live and in training, and Chance
// is the 99 percent point of the chi-squared distribution of that mean, by the
// approximation of Wilson and Hilferty (1931).
func (d Distribution) PSI(byDay [][]int64) Stability {
	live := total(byDay, d.Bins())
	s := Stability{Days: watched(byDay)}
	p, q := sharesOf(live, s.Days), sharesOf(d.Rows, d.Days)
	free := -1.0
	for bin := range live {
		if live[bin]+d.Rows[bin] == 0 {
			continue
		}
		s.Index += (p[bin] - q[bin]) * math.Log(p[bin]/q[bin])
		s.Rows += live[bin]
		free++
	}
	if free < 1 {
		return s
	}
	mean := d.Noise + noise(byDay, live, func(bin int) float64 { return (p[bin] + q[bin]) / 2 })
	spread := 2 / (9 * free)
	s.Chance = mean * math.Pow(1-spread+chanceTail*math.Sqrt(spread), 3)
	return s
}

// watched is how many days have rows.
func watched(byDay [][]int64) int {
	days := 0
	for _, rows := range byDay {
		if len(rows) > 0 {
			days++
		}
	}
	return days
}

// total adds up the rows of all days.
func total(byDay [][]int64, bins int) []int64 {
	sum := make([]int64, bins)
	for _, rows := range byDay {
		for bin, n := range rows {
			sum[bin] += n
		}
	}
	return sum
}

// sharesOf are the bins' shares of the rows, half a day's added to each: days are what
// is drawn, and a bin that none of a few hit is no bin that none hits.
func sharesOf(rows []int64, days int) []float64 {
	shares, all := make([]float64, len(rows)), 0.0
	for _, n := range rows {
		all += float64(n)
	}
	add := max(all, 1) / float64(2*max(days, 1))
	all += add * float64(len(rows))
	for bin, n := range rows {
		shares[bin] = (float64(n) + add) / all
	}
	return shares
}

// noise is the sum over bins of the variance of their share over the share itself, as
// of: whole days are what varies. Of one day alone nothing can be said.
func noise(byDay [][]int64, rows []int64, of func(bin int) float64) float64 {
	var all, sum float64
	for _, n := range rows {
		all += float64(n)
	}
	days := float64(watched(byDay))
	if days < 2 {
		return 0
	}
	for bin, n := range rows {
		if n == 0 {
			continue
		}
		share, squares := float64(n)/all, 0.0
		for _, day := range byDay {
			if len(day) == 0 {
				continue
			}
			var ofDay float64
			for _, v := range day {
				ofDay += float64(v)
			}
			off := float64(day[bin]) - float64(share*ofDay)
			squares += off * off
		}
		sum += squares * days / (days - 1) / (all * all) / of(bin)
	}
	return sum
}
