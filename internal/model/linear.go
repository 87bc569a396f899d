package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"
)

// Linear is a weighted sum of columns: of a logistic regression it is the log of
// the odds, of a ridge regression the value itself.
type Linear struct {
	Weights   []float64 `json:"weights"`
	Intercept float64   `json:"intercept"`
}

// Sum returns intercept and weighted cells of a row. Columns beyond the weights
// count nothing.
func (l Linear) Sum(row []Entry) float64 {
	sum := l.Intercept
	for _, e := range row {
		if e.Column < len(l.Weights) {
			sum += e.Value * l.Weights[e.Column]
		}
	}
	return sum
}

// Probability returns the probability that a logistic regression gives a row.
func (l Linear) Probability(row []Entry) float64 { return sigmoid(l.Sum(row)) }

// ErrOneClass is returned when all labels are the same, so that there is nothing
// to tell apart.
var ErrOneClass = errors.New("all labels are of one class")

// FitLogistic fits a binary logistic regression: it minimises
//
//	|w|²/2 + c Σ log(1 + exp(-y (w·x + b))), y in {-1, +1}
//
// by L-BFGS, the intercept b unpenalised (the objective of LIBLINEAR, Fan et al.
// 2008, and of scikit-learn's C). Smaller c is the stronger penalty. It returns
// ErrOneClass where there is nothing to learn, and ctx's error once ctx ends.
func FitLogistic(ctx context.Context, x *Matrix, y []bool, c float64) (Linear, error) {
	if len(y) != x.Rows() {
		return Linear{}, fmt.Errorf("%d labels for %d rows", len(y), x.Rows())
	}
	var up int
	for _, label := range y {
		if label {
			up++
		}
	}
	if up == 0 || up == len(y) {
		return Linear{}, ErrOneClass
	}
	start := math.Log(float64(up) / float64(len(y)-up))
	return fit(ctx, x, c, start, func(i int, sum float64) (loss, slope float64) {
		if y[i] {
			return softplus(-sum), -sigmoid(-sum)
		}
		return softplus(sum), sigmoid(sum)
	})
}

// FitRidge fits a linear regression: it minimises |w|²/2 + c Σ (y - w·x - b)²/2,
// the intercept b unpenalised (Hoerl and Kennard 1970, with 1/c for their k).
func FitRidge(ctx context.Context, x *Matrix, y []float64, c float64) (Linear, error) {
	if len(y) != x.Rows() {
		return Linear{}, fmt.Errorf("%d values for %d rows", len(y), x.Rows())
	}
	var mean float64
	for _, v := range y {
		mean += v / float64(len(y))
	}
	return fit(ctx, x, c, mean, func(i int, sum float64) (loss, slope float64) {
		return (sum - y[i]) * (sum - y[i]) / 2, sum - y[i]
	})
}

// The bounds of one fit.
const (
	maxIterations = 300
	gradientDone  = 1e-6
	gradientFair  = 1e-3 // what a line search may leave that finds no better point in double precision
)

// fit minimises the mean loss and |w|²/(2cn). The last parameter is the
// intercept. Sums run in the order of the rows, so the result is the same on
// every run.
func fit(ctx context.Context, x *Matrix, c, intercept float64, loss func(i int, sum float64) (loss, slope float64)) (Linear, error) {
	if x.Rows() == 0 {
		return Linear{}, errors.New("no rows to fit")
	}
	if !(c > 0) || math.IsInf(c, 0) {
		return Linear{}, fmt.Errorf("c is %v: must be a finite number above 0", c)
	}
	start := make([]float64, x.Columns()+1)
	start[x.Columns()] = intercept
	o := newObjective(x, 1/(c*float64(x.Rows())), loss)
	result, err := optimize.Minimize(optimize.Problem{
		Func: o.value,
		Grad: o.gradient,
		Status: func() (optimize.Status, error) {
			if err := ctx.Err(); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}, start, &optimize.Settings{
		GradientThreshold: gradientDone,
		MajorIterations:   maxIterations,
		Converger:         &optimize.FunctionConverge{Absolute: 1e-9, Iterations: 5},
	}, &optimize.LBFGS{Linesearcher: &optimize.MoreThuente{}})
	if ctx.Err() != nil {
		return Linear{}, ctx.Err()
	}
	if err != nil && (result == nil || o.steepest(result.X) > gradientFair) {
		return Linear{}, fmt.Errorf("fit %d rows of %d columns: %w", x.Rows(), x.Columns(), err)
	}
	return Linear{Weights: result.X[:x.Columns():x.Columns()], Intercept: result.X[x.Columns()]}, nil
}

// objective is what a fit minimises. Value and gradient at one place take one
// pass over the rows.
type objective struct {
	x       *Matrix
	penalty float64
	loss    func(i int, sum float64) (loss, slope float64)

	at    []float64 // where total and grad were computed
	total float64
	grad  []float64
}

func newObjective(x *Matrix, penalty float64, loss func(i int, sum float64) (loss, slope float64)) *objective {
	o := &objective{x: x, penalty: penalty, loss: loss, at: make([]float64, x.Columns()+1), grad: make([]float64, x.Columns()+1)}
	o.at[0] = math.NaN() // nowhere yet
	return o
}

func (o *objective) value(w []float64) float64 {
	o.compute(w)
	return o.total
}

func (o *objective) gradient(grad, w []float64) {
	o.compute(w)
	copy(grad, o.grad)
}

func (o *objective) compute(w []float64) {
	if slices.Equal(w, o.at) {
		return
	}
	copy(o.at, w)
	clear(o.grad)
	columns := o.x.Columns()
	bias, rows := w[columns], float64(o.x.Rows())
	var total, slopes, squares float64
	for i := range o.x.Rows() {
		loss, slope := o.loss(i, o.x.dot(i, w)+bias)
		total += loss
		slopes += slope
		for _, e := range o.x.Row(i) {
			o.grad[e.Column] += slope * e.Value
		}
	}
	for c, v := range w[:columns] {
		o.grad[c] = o.grad[c]/rows + o.penalty*v
		squares += v * v
	}
	o.grad[columns] = slopes / rows
	o.total = total/rows + o.penalty*squares/2
}

// steepest is the largest slope at w.
func (o *objective) steepest(w []float64) float64 {
	o.compute(w)
	var most float64
	for _, g := range o.grad {
		most = math.Max(most, math.Abs(g))
	}
	return most
}

func sigmoid(z float64) float64 {
	if z >= 0 {
		return 1 / (1 + math.Exp(-z))
	}
	e := math.Exp(z)
	return e / (1 + e)
}

// softplus is log(1 + exp(z)) without overflow.
func softplus(z float64) float64 {
	return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
}
