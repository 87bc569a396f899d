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
	estimate := Interval{Value: statistic(nil), Low: math.NaN(), High: math.NaN(), Error: math.NaN()}
	clusters := 0
	for _, c := range cluster {
		clusters = max(clusters, c+1)
	}
	if clusters < 2 || math.IsNaN(estimate.Value) {
		return estimate
	}
	random := rand.New(rand.NewPCG(b.Seed, uint64(clusters)))
	times := make([]float64, clusters)
	weights := make([]float64, len(cluster))
	drawn := make([]float64, 0, b.Draws)
	for range b.Draws {
		clear(times)
		for range clusters {
			times[random.IntN(clusters)]++
		}
		for i, c := range cluster {
			weights[i] = times[c]
		}
		if v := statistic(weights); !math.IsNaN(v) && !math.IsInf(v, 0) {
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
