package model

import (
	"cmp"
	"math"
	"slices"
)

// Forecast is a set of probabilities beside what happened.
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

// Right is 1 where a forecast stood on the right side of one half, else 0; one
// half itself says that it will happen. Its mean is the accuracy.
func (f *Forecast) Right(i int) float64 {
	return indicator((f.Probability[i] >= 0.5) == f.Happened[i])
}

// Brier is the squared distance of a forecast from what happened (Brier 1950).
func (f *Forecast) Brier(i int) float64 {
	d := f.Probability[i] - indicator(f.Happened[i])
	return d * d
}

// LogLoss is the negative log likelihood of a forecast, held 1e-15 away from
// certainty.
func (f *Forecast) LogLoss(i int) float64 {
	p := min(max(f.Probability[i], 1e-15), 1-1e-15)
	if f.Happened[i] {
		return -math.Log(p)
	}
	return -math.Log(1 - p)
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

// MCC is the correlation of forecast and outcome as yes and no (Matthews 1975), of
// so many hits, true noes, false alarms and misses. It is 0 where all forecasts or
// all outcomes are the same.
func MCC(tp, tn, fp, fn float64) float64 {
	spread := math.Sqrt(tp+fp) * math.Sqrt(tp+fn) * math.Sqrt(tn+fp) * math.Sqrt(tn+fn)
	if spread == 0 {
		return 0
	}
	return (tp*tn - fp*fn) / spread
}

// AUC is the chance that what happened was given the higher probability of two,
// ties counted half (the Mann-Whitney statistic). A weight says how often a
// forecast counts; nil counts each once. It is NaN of one class.
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

// R2 is the share of variance that predictions explain beyond a reference, such as
// the mean of the training rows, from the sums of their squared errors. It is
// negative where they are worse than the reference.
func R2(errors, reference float64) float64 { return 1 - errors/reference }

func weight(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// SlopeColumns are the columns that Slope is a statistic of, summed over rows.
func SlopeColumns(forecast, happened []float64) [][]float64 {
	columns := make([][]float64, 5)
	for k := range columns {
		columns[k] = make([]float64, len(forecast))
	}
	for i, f := range forecast {
		columns[0][i], columns[1][i], columns[2][i] = 1, f, happened[i]
		columns[3][i], columns[4][i] = f*f, f*happened[i]
	}
	return columns
}

// Slope is that of the line through what happened over what was forecast (Cox 1958,
// without the logarithms): 1 where forecasts are as far apart as what happens, less
// where they promise too much. It is NaN where all forecasts are the same.
func Slope(sums []float64) float64 {
	rows, forecast, happened := sums[0], sums[1], sums[2]
	spread := sums[3]/rows - float64(forecast/rows*(forecast/rows))
	if !(spread > 1e-12) {
		return math.NaN()
	}
	return (sums[4]/rows - float64(forecast/rows*(happened/rows))) / spread
}
