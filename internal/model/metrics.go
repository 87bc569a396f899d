package model

import (
	"cmp"
	"math"
	"slices"
)

// Forecast is a set of probabilities beside what happened. A weight says how
// often a forecast counts; weights of nil count each once. A metric that is not
// defined, such as an AUC of one class, is NaN.
type Forecast struct {
	Probability []float64
	Happened    []bool

	order  []int     // by probability, ascending
	sorted []float64 // probabilities in that order
	yes    []bool    // what happened in that order
}

// NewForecast sorts the forecasts once for all metrics. Both slices are kept and
// must be of equal length.
func NewForecast(probability []float64, happened []bool) *Forecast {
	f := &Forecast{Probability: probability, Happened: happened, order: make([]int, len(probability))}
	for i := range f.order {
		f.order[i] = i
	}
	slices.SortStableFunc(f.order, func(a, b int) int { return cmp.Compare(probability[a], probability[b]) })
	f.sorted, f.yes = make([]float64, len(f.order)), make([]bool, len(f.order))
	for at, i := range f.order {
		f.sorted[at], f.yes[at] = probability[i], happened[i]
	}
	return f
}

// Len returns how many forecasts there are.
func (f *Forecast) Len() int { return len(f.Probability) }

func weight(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}

// mean is the weighted mean of a value of each forecast.
func (f *Forecast) mean(weights []float64, value func(i int) float64) float64 {
	var sum, total float64
	for i := range f.Probability {
		if w := weight(weights, i); w != 0 {
			sum += w * value(i)
			total += w
		}
	}
	return sum / total
}

// Base is the share of what happened.
func (f *Forecast) Base(weights []float64) float64 {
	return f.mean(weights, func(i int) float64 { return indicator(f.Happened[i]) })
}

// Accuracy is the share that stood on the right side of one half; one half
// itself says that it will happen.
func (f *Forecast) Accuracy(weights []float64) float64 {
	return f.mean(weights, func(i int) float64 { return indicator((f.Probability[i] >= 0.5) == f.Happened[i]) })
}

// Brier is the mean squared distance from what happened (Brier 1950).
func (f *Forecast) Brier(weights []float64) float64 {
	return f.mean(weights, func(i int) float64 {
		d := f.Probability[i] - indicator(f.Happened[i])
		return d * d
	})
}

// LogLoss is the mean negative log likelihood, probabilities held 1e-15 away
// from certainty.
func (f *Forecast) LogLoss(weights []float64) float64 { return f.mean(weights, f.LogLossOf) }

// LogLossOf is that of one forecast.
func (f *Forecast) LogLossOf(i int) float64 {
	p := min(max(f.Probability[i], 1e-15), 1-1e-15)
	if f.Happened[i] {
		return -math.Log(p)
	}
	return -math.Log(1 - p)
}

// MCC is the correlation of forecast and outcome as yes and no (Matthews 1975).
// It is 0 where all forecasts or all outcomes are the same.
func (f *Forecast) MCC(weights []float64) float64 {
	var sums [4]float64
	for i := range f.Happened {
		for k, v := range f.Confusion(i) {
			sums[k] += weight(weights, i) * v
		}
	}
	return MCC(sums[0], sums[1], sums[2], sums[3])
}

// Confusion is which of the four a forecast is: a hit, a true no, a false alarm or
// a miss.
func (f *Forecast) Confusion(i int) [4]float64 {
	switch said := f.Probability[i] >= 0.5; {
	case said && f.Happened[i]:
		return [4]float64{1, 0, 0, 0}
	case said:
		return [4]float64{0, 0, 1, 0}
	case f.Happened[i]:
		return [4]float64{0, 0, 0, 1}
	default:
		return [4]float64{0, 1, 0, 0}
	}
}

// MCC is that of so many hits, true noes, false alarms and misses.
func MCC(tp, tn, fp, fn float64) float64 {
	spread := math.Sqrt(tp+fp) * math.Sqrt(tp+fn) * math.Sqrt(tn+fp) * math.Sqrt(tn+fn)
	if spread == 0 {
		return 0
	}
	return (tp*tn - fp*fn) / spread
}

// AUC is the chance that what happened was given the higher probability of two,
// ties counted half (the Mann-Whitney statistic).
func (f *Forecast) AUC(weights []float64) float64 {
	var below, area, yes float64 // weight of what did not happen so far, wins so far
	for at := 0; at < len(f.order); {
		var tiedYes, tiedNo float64
		p := f.sorted[at]
		for ; at < len(f.order) && f.sorted[at] == p; at++ {
			if f.yes[at] {
				tiedYes += weight(weights, f.order[at])
			} else {
				tiedNo += weight(weights, f.order[at])
			}
		}
		area += tiedYes * (below + tiedNo/2)
		below += tiedNo
		yes += tiedYes
	}
	return area / (yes * below)
}

// R2 is the share of variance that predictions explain beyond a reference,
// such as the mean of the training rows: 1 - Σ(y-p)²/Σ(y-r)². It is negative
// where they are worse than the reference.
func R2(predicted, reference, happened, weights []float64) float64 {
	var errors, variance float64
	for i, y := range happened {
		w := weight(weights, i)
		errors += w * (y - predicted[i]) * (y - predicted[i])
		variance += w * (y - reference[i]) * (y - reference[i])
	}
	return 1 - errors/variance
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
