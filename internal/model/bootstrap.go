package model

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is an estimate with what it may as well be.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Error float64 `json:"standard_error"`
}

// Bootstrap says how intervals are drawn.
type Bootstrap struct {
	Draws int     // number of resamples
	Level float64 // such as 0.95
	Seed  uint64
}

// DefaultBootstrap draws 1000 times for 95 percent.
func DefaultBootstrap() Bootstrap { return Bootstrap{Draws: 1000, Level: 0.95, Seed: 1} }

// Interval estimates a statistic of rows that belong to clusters, such as days.
// What happens to the tickers of one day is one piece of evidence and not many,
// so whole clusters are drawn with replacement, and statistic is called with how
// often each row was drawn (the cluster bootstrap; Cameron, Gelbach and Miller
// 2008). Clusters are numbers from 0, one a row. The interval is the percentile
// one; draws whose statistic is NaN do not count. The same seed gives the same
// interval.
func (b Bootstrap) Interval(cluster []int, statistic func(weights []float64) float64) Interval {
	weights := make([]float64, len(cluster))
	return b.draw(clusters(cluster), statistic(nil), func(times []float64) float64 {
		for i, c := range cluster {
			weights[i] = times[c]
		}
		return statistic(weights)
	})
}

// Sums is Interval for a statistic of sums over rows, such as a mean: columns are
// added up cluster by cluster first, so that a draw costs as many steps as there
// are clusters. The same rows give the same draws as Interval.
func (b Bootstrap) Sums(cluster []int, columns [][]float64, statistic func(sums []float64) float64) Interval {
	n := clusters(cluster)
	of := make([][]float64, len(columns)) // by cluster
	whole := make([]float64, len(columns))
	for k, column := range columns {
		of[k] = make([]float64, n)
		for i, c := range cluster {
			of[k][c] += column[i]
			whole[k] += column[i]
		}
	}
	sums := make([]float64, len(columns))
	return b.draw(n, statistic(whole), func(times []float64) float64 {
		for k := range of {
			sums[k] = 0
			for c, v := range of[k] {
				sums[k] += times[c] * v
			}
		}
		return statistic(sums)
	})
}

func clusters(cluster []int) int {
	n := 0
	for _, c := range cluster {
		n = max(n, c+1)
	}
	return n
}

// draw estimates a statistic of how often each cluster was drawn.
func (b Bootstrap) draw(clusters int, value float64, statistic func(times []float64) float64) Interval {
	estimate := Interval{Value: value, Low: math.NaN(), High: math.NaN(), Error: math.NaN()}
	if clusters < 2 || math.IsNaN(value) {
		return estimate
	}
	random := rand.New(rand.NewPCG(b.Seed, uint64(clusters)))
	times := make([]float64, clusters)
	drawn := make([]float64, 0, b.Draws)
	for range b.Draws {
		clear(times)
		for range clusters {
			times[random.IntN(clusters)]++
		}
		if v := statistic(times); !math.IsNaN(v) && !math.IsInf(v, 0) {
			drawn = append(drawn, v)
		}
	}
	if len(drawn) < max(2, b.Draws/2) {
		return estimate
	}
	slices.Sort(drawn)
	tail := (1 - b.Level) / 2
	estimate.Low, estimate.High = quantile(drawn, tail), quantile(drawn, 1-tail)
	_, estimate.Error = moments(drawn)
	return estimate
}

// quantile interpolates between sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// moments are mean and sample standard deviation.
func moments(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(values)-1))
}
