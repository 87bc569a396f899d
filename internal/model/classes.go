package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Abstained is the predicted class of an example that a classifier had no opinion
// of. It counts as wrong.
const Abstained = -1

// Verdicts is what a classifier said of examples whose class is known.
type Verdicts struct {
	Classes     int
	True        []int
	Predicted   []int     // or Abstained
	Probability []float64 // of the predicted class; 0 where it abstained
}

// Validate returns an error that names the example, its value and what is allowed.
func (v *Verdicts) Validate() error {
	if len(v.True) == 0 || len(v.Predicted) != len(v.True) || len(v.Probability) != len(v.True) {
		return fmt.Errorf("%d classes, %d predictions and %d probabilities: must be as many, and at least 1",
			len(v.True), len(v.Predicted), len(v.Probability))
	}
	for i, class := range v.True {
		if class < 0 || class >= v.Classes || v.Predicted[i] < Abstained || v.Predicted[i] >= v.Classes {
			return fmt.Errorf("example %d has class %d and prediction %d: must be below %d", i, class, v.Predicted[i], v.Classes)
		}
	}
	return nil
}

// Confusion counts examples by true class and predicted class; those that the
// classifier abstained from stand in the last column.
type Confusion [][]float64

// Confusion is that of all examples.
func (v *Verdicts) Confusion() Confusion {
	c := newConfusion(v.Classes)
	for i, class := range v.True {
		c[class][v.column(i)]++
	}
	return c
}

func (v *Verdicts) column(i int) int {
	if v.Predicted[i] == Abstained {
		return v.Classes
	}
	return v.Predicted[i]
}

func newConfusion(classes int) Confusion {
	c := make(Confusion, classes)
	for k := range c {
		c[k] = make([]float64, classes+1)
	}
	return c
}

// Accuracy is the share of examples whose class was predicted.
func (c Confusion) Accuracy() float64 {
	right, all := 0.0, 0.0
	for k, row := range c {
		right += row[k]
		for _, n := range row {
			all += n
		}
	}
	return right / all
}

// ClassScore is how well one class was told from the others.
type ClassScore struct {
	Precision float64 `json:"precision"` // 0 where nothing was predicted
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Examples  int     `json:"examples"`
}

// Class is the score of one class.
func (c Confusion) Class(class int) ClassScore {
	predicted, truly, right := 0.0, 0.0, c[class][class]
	for k := range c {
		predicted += c[k][class]
	}
	for _, n := range c[class] {
		truly += n
	}
	score := ClassScore{Examples: int(truly)}
	if predicted > 0 {
		score.Precision = right / predicted
	}
	if truly > 0 {
		score.Recall = right / truly
	}
	if predicted+truly > 0 {
		score.F1 = 2 * right / (predicted + truly)
	}
	return score
}

// MacroF1 is the mean F1 of the classes that have an example, whatever their size.
func (c Confusion) MacroF1() float64 {
	sum, classes := 0.0, 0.0
	for k := range c {
		if score := c.Class(k); score.Examples > 0 {
			sum += score.F1
			classes++
		}
	}
	return sum / classes
}

// ConfidenceBin is the predictions of about the same probability.
type ConfidenceBin struct {
	From       float64 `json:"from"` // of the bin, up to the next one's
	Confidence float64 `json:"confidence"`
	Accuracy   float64 `json:"accuracy"`
	Examples   int     `json:"examples"`
}

// Confidences sorts the predictions into bins of equal width, without those that
// are empty and without abstentions.
func (v *Verdicts) Confidences(bins int) []ConfidenceBin {
	all := make([]ConfidenceBin, bins)
	for i, p := range v.Probability {
		if v.Predicted[i] == Abstained {
			continue
		}
		bin := &all[min(int(p*float64(bins)), bins-1)]
		bin.Confidence += p
		bin.Examples++
		if v.Predicted[i] == v.True[i] {
			bin.Accuracy++
		}
	}
	for i := range all {
		all[i].From = float64(i) / float64(bins)
		if n := float64(all[i].Examples); n > 0 {
			all[i].Confidence /= n
			all[i].Accuracy /= n
		}
	}
	return slices.DeleteFunc(all, func(bin ConfidenceBin) bool { return bin.Examples == 0 })
}

// CalibrationError is the expected calibration error: how far the accuracy of bins
// is from their confidence, in the mean over predictions (Naeini and others,
// 2015). It is NaN where everything is abstained from.
func CalibrationError(bins []ConfidenceBin) float64 {
	sum, examples := 0.0, 0.0
	for _, bin := range bins {
		sum += float64(bin.Examples) * math.Abs(bin.Accuracy-bin.Confidence)
		examples += float64(bin.Examples)
	}
	return sum / examples
}

// ConfusionInterval holds 95 of 100 draws.
type ConfusionInterval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Intervals draws as many examples as there are, with replacement, so many times,
// and returns what the middle 95% of the draws have for each statistic. The same
// seed gives the same intervals.
func (v *Verdicts) Intervals(draws int, seed uint64, statistics ...func(Confusion) float64) []ConfusionInterval {
	cells := make([]uint16, len(v.True))
	width := v.Classes + 1
	for i, class := range v.True {
		cells[i] = uint16(class*width + v.column(i))
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(cells))))
	drawn := make([][]float64, len(statistics))
	counts := make([]float64, v.Classes*width)
	c := make(Confusion, v.Classes)
	for k := range c {
		c[k] = counts[k*width : (k+1)*width]
	}
	for range draws {
		clear(counts)
		for range cells {
			counts[cells[random.Uint64N(uint64(len(cells)))]]++
		}
		for s, statistic := range statistics {
			drawn[s] = append(drawn[s], statistic(c))
		}
	}
	intervals := make([]ConfusionInterval, len(statistics))
	for s := range intervals {
		slices.Sort(drawn[s])
		tail := draws / 40
		intervals[s] = ConfusionInterval{Low: drawn[s][tail], High: drawn[s][draws-1-tail]}
	}
	return intervals
}
