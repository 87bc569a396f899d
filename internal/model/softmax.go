package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"
)

// Example is a text that somebody put into a class.
type Example struct {
	Features []uint32 // as a Hasher gives them
	Class    int
}

// Softmax is a multinomial logistic regression over hashed features. The logit of
// a class is its bias and the mean of its weights over a text's n features, times
// the square root of n: a long text counts for more than a short one, but not in
// proportion.
type Softmax struct {
	Classes int
	Bias    []float64
	// Weights holds those of a feature beside one another: of feature f and class k
	// at f*Classes+k.
	Weights []float64
}

// Logits writes the logit of each class.
func (s *Softmax) Logits(to []float64, features []uint32) {
	clear(to)
	for _, feature := range features {
		for k, w := range s.Weights[int(feature)*s.Classes : (int(feature)+1)*s.Classes] {
			to[k] += w
		}
	}
	scale := rootScale(len(features))
	for k := range to {
		to[k] = float64(to[k]*scale) + s.Bias[k]
	}
}

// rootScale gives n features together the length 1, where all differ.
func rootScale(n int) float64 {
	if n == 0 {
		return 0
	}
	return 1 / math.Sqrt(float64(n))
}

// Probabilities turns logits into probabilities, in place, after dividing them by
// a temperature.
func Probabilities(logits []float64, temperature float64) {
	highest := math.Inf(-1)
	for _, z := range logits {
		highest = max(highest, z)
	}
	sum := 0.0
	for k, z := range logits {
		logits[k] = math.Exp((z - highest) / temperature)
		sum += logits[k]
	}
	for k := range logits {
		logits[k] /= sum
	}
}

// softmaxIterations bounds L-BFGS; it ends long before.
const softmaxIterations = 500

// FitSoftmax minimises the examples' log loss plus half the squared length of the
// weights over c, by L-BFGS from zero on. The bias is free. Equal examples in
// equal order give equal weights, to the last bit on one kind of processor. It
// ends with ctx.
func FitSoftmax(ctx context.Context, examples []Example, hasher Hasher, classes int, c float64) (*Softmax, error) {
	if err := hasher.Validate(); err != nil {
		return nil, err
	}
	if !(c > 0) {
		return nil, fmt.Errorf("c is %v: must be positive", c)
	}
	o, err := newSoftmaxObjective(examples, hasher, classes, c)
	if err != nil {
		return nil, err
	}
	problem := optimize.Problem{
		Func: o.value,
		Grad: o.gradient,
		Status: func() (optimize.Status, error) {
			if err := ctx.Err(); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := &optimize.Settings{
		GradientThreshold: 1e-4 * float64(len(examples)),
		MajorIterations:   softmaxIterations,
		Converger:         &optimize.FunctionConverge{Relative: 1e-6, Iterations: 5},
	}
	result, err := optimize.Minimize(problem, make([]float64, o.parameters()), settings, &optimize.LBFGS{Store: 10})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if result == nil {
		return nil, fmt.Errorf("fit %d examples: %w", len(examples), err)
	}
	return o.spread(result.X, hasher), nil // a line search that ended early is at the precision's end
}

// softmaxObjective is what is minimised. Only the features that are in an example
// have parameters; the others' weights are 0.
type softmaxObjective struct {
	classes  int
	c        float64
	features []uint32 // of each column, its feature
	columns  []int32  // of all examples, one after the other
	starts   []int
	classOf  []int
	logits   []float64
	at       []float64 // where loss and slope were computed
	loss     float64
	slope    []float64
	gain     []float64 // of each column and class, what an occurrence counts
	worth    []float64 // of each class, what an example of it counts
}

func newSoftmaxObjective(examples []Example, hasher Hasher, classes int, c float64) (*softmaxObjective, error) {
	o := &softmaxObjective{classes: classes, c: c, starts: make([]int, 1, len(examples)+1), logits: make([]float64, classes)}
	columnOf := make([]int32, hasher.Size()) // from 1 on
	seen := make([]int, classes)
	for _, example := range examples {
		if example.Class < 0 || example.Class >= classes {
			return nil, fmt.Errorf("class is %d: must be from 0 to %d", example.Class, classes-1)
		}
		seen[example.Class]++
		for _, feature := range example.Features {
			if int(feature) >= hasher.Size() {
				return nil, fmt.Errorf("feature is %d: must be below %d", feature, hasher.Size())
			}
			if columnOf[feature] == 0 {
				o.features = append(o.features, feature)
				columnOf[feature] = int32(len(o.features))
			}
			o.columns = append(o.columns, columnOf[feature]-1)
		}
		o.starts = append(o.starts, len(o.columns))
		o.classOf = append(o.classOf, example.Class)
	}
	for class, n := range seen {
		if n == 0 {
			return nil, fmt.Errorf("class %d has no example: %w", class, ErrNoExample)
		}
	}
	o.slope = make([]float64, o.parameters())
	o.weigh(seen)
	return o, nil
}

// oddsPrior is how many occurrences spread over all classes a feature is taken to
// have had before any was seen: so few seen ones make no sure one.
const oddsPrior = 2

// weigh gives a feature the larger a gain for a class the better it tells that
// class from the others, so that the penalty holds it back less: the size of the
// logarithm of its odds ratio, as in Wang and Manning, "Baselines and Bigrams"
// (2012). And it gives every class the same worth, however many examples it has.
func (o *softmaxObjective) weigh(seen []int) {
	o.gain = make([]float64, len(o.features)*o.classes)
	inClass := slices.Repeat([]float64{1}, o.classes) // occurrences of any feature, and one more
	for i, class := range o.classOf {
		for _, column := range o.columns[o.starts[i]:o.starts[i+1]] {
			o.gain[int(column)*o.classes+class]++
			inClass[class]++
		}
	}
	all := float64(len(o.columns) + o.classes)
	for column := range o.features {
		gain := o.gain[column*o.classes : (column+1)*o.classes]
		sum := 0.0
		for _, n := range gain {
			sum += n
		}
		for k, n := range gain {
			share := inClass[k] / all
			in := (n + float64(oddsPrior*share)) / share
			out := (sum - n + float64(oddsPrior*(1-share))) / (1 - share)
			gain[k] = math.Abs(math.Log(in / out))
		}
	}
	for _, n := range seen {
		o.worth = append(o.worth, float64(slices.Max(seen))/float64(n))
	}
}

// ErrNoExample is returned when a class has nothing to be learnt from.
var ErrNoExample = errors.New("every class needs an example")

func (o *softmaxObjective) parameters() int { return (len(o.features) + 1) * o.classes }

func (o *softmaxObjective) value(w []float64) float64 {
	o.compute(w)
	return o.loss
}

func (o *softmaxObjective) gradient(grad, w []float64) {
	o.compute(w)
	copy(grad, o.slope)
}

// compute fills loss and slope at w. The bias stands behind the weights.
func (o *softmaxObjective) compute(w []float64) {
	if same(o.at, w) {
		return
	}
	o.at = append(o.at[:0], w...)
	o.loss = 0
	bias := w[len(o.features)*o.classes:]
	biasSlope := o.slope[len(o.features)*o.classes:]
	for i := range o.slope[:len(o.slope)-o.classes] {
		o.loss += float64(w[i] * w[i])
		o.slope[i] = w[i] / o.c
	}
	o.loss /= 2 * o.c
	clear(biasSlope)
	for i, class := range o.classOf {
		columns := o.columns[o.starts[i]:o.starts[i+1]]
		scale := rootScale(len(columns))
		o.sum(w, columns, scale, bias)
		o.loss += o.residuals(class)
		for k, r := range o.logits {
			biasSlope[k] += r
			o.logits[k] = r * scale
		}
		for _, column := range columns {
			gain := o.gain[int(column)*o.classes : (int(column)+1)*o.classes]
			slope := o.slope[int(column)*o.classes : (int(column)+1)*o.classes]
			for k, r := range o.logits {
				slope[k] += float64(r * gain[k])
			}
		}
	}
}

func (o *softmaxObjective) sum(w []float64, columns []int32, scale float64, bias []float64) {
	clear(o.logits)
	for _, column := range columns {
		gain := o.gain[int(column)*o.classes : (int(column)+1)*o.classes]
		for k, v := range w[int(column)*o.classes : (int(column)+1)*o.classes] {
			o.logits[k] += float64(v * gain[k])
		}
	}
	for k := range o.logits {
		o.logits[k] = float64(o.logits[k]*scale) + bias[k]
	}
}

// residuals turns the logits into their slopes and returns the loss.
func (o *softmaxObjective) residuals(class int) (loss float64) {
	Probabilities(o.logits, 1)
	loss = -math.Log(max(o.logits[class], math.SmallestNonzeroFloat64))
	o.logits[class]--
	for k := range o.logits {
		o.logits[k] *= o.worth[class]
	}
	return float64(loss * o.worth[class])
}

// spread gives every feature its weights.
func (o *softmaxObjective) spread(x []float64, hasher Hasher) *Softmax {
	s := &Softmax{Classes: o.classes, Weights: make([]float64, hasher.Size()*o.classes)}
	for column, feature := range o.features {
		for k := range o.classes {
			s.Weights[int(feature)*o.classes+k] = float64(x[column*o.classes+k] * o.gain[column*o.classes+k])
		}
	}
	s.Bias = append(s.Bias, x[len(o.features)*o.classes:]...)
	return s
}

func same(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i, v := range b {
		if math.Float64bits(v) != math.Float64bits(a[i]) {
			return false
		}
	}
	return true
}
