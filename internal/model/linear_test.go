package model_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cashtag/internal/model"
)

// sample draws rows of two columns whose labels follow weights 2 and -1 with
// intercept 0.5.
func sample(t *testing.T, rows int) (*model.Matrix, []bool, []float64) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	x := model.NewMatrix(2)
	var labels []bool
	var values []float64
	for range rows {
		a, b := random.NormFloat64(), random.NormFloat64()
		if err := x.Append(model.Entry{Column: 0, Value: a}, model.Entry{Column: 1, Value: b}); err != nil {
			t.Fatal(err)
		}
		sum := 0.5 + 2*a - b
		labels = append(labels, random.Float64() < 1/(1+math.Exp(-sum)))
		values = append(values, sum+0.1*random.NormFloat64())
	}
	return x, labels, values
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: got %v, want %v within %v", what, got, want, tolerance)
	}
}

func TestLogisticFindsTheWeights(t *testing.T) {
	t.Parallel()
	x, labels, _ := sample(t, 20000)
	got, err := model.FitLogistic(t.Context(), x, labels, 100)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "first weight", got.Weights[0], 2, 0.1)
	near(t, "second weight", got.Weights[1], -1, 0.1)
	near(t, "intercept", got.Intercept, 0.5, 0.1)
	again, err := model.FitLogistic(t.Context(), x, labels, 100)
	if err != nil || !slices.Equal(again.Weights, got.Weights) || again.Intercept != got.Intercept {
		t.Errorf("got %v, %v on the second fit, want exactly %v", again, err, got)
	}
	// At the minimum the penalised gradient is 0: w = c Σ (y - p) x.
	const c = 0.01
	small, err := model.FitLogistic(t.Context(), x, labels, c)
	if err != nil {
		t.Fatal(err)
	}
	var slope, bias float64
	for i := range x.Rows() {
		miss := -small.Probability(x.Row(i))
		if labels[i] {
			miss++
		}
		slope += c * miss * x.Row(i)[0].Value
		bias += miss
	}
	near(t, "stationary weight", slope, small.Weights[0], 1e-3)
	near(t, "stationary intercept, a row", bias/float64(x.Rows()), 0, 1e-5)
	if math.Abs(small.Weights[0]) >= math.Abs(got.Weights[0]) {
		t.Errorf("got weight %v with a stronger penalty, want less than %v", small.Weights[0], got.Weights[0])
	}
}

func TestRidgeSolvesTheNormalEquations(t *testing.T) {
	t.Parallel()
	x, _, values := sample(t, 500)
	const c = 0.02
	got, err := model.FitRidge(t.Context(), x, values, c)
	if err != nil {
		t.Fatal(err)
	}
	// (X'X + I/c) w = X'(y - b), with b the mean residual.
	var left, right, residual float64
	for i := range x.Rows() {
		r := values[i] - got.Sum(x.Row(i))
		residual += r
		right += r * x.Row(i)[0].Value
	}
	left = got.Weights[0] / c
	near(t, "first normal equation", right, left, 1e-2)
	near(t, "mean residual", residual/float64(x.Rows()), 0, 1e-5)
	if got.Weights[0] > 1.9 {
		t.Errorf("got weight %v, want it shrunk below 1.9", got.Weights[0])
	}
}

func TestFitRefuses(t *testing.T) {
	t.Parallel()
	x, labels, values := sample(t, 20)
	if _, err := model.FitLogistic(t.Context(), x, make([]bool, 20), 1); !errors.Is(err, model.ErrOneClass) {
		t.Errorf("got %v for labels of one class, want ErrOneClass", err)
	}
	if _, err := model.FitLogistic(t.Context(), x, labels[:3], 1); err == nil {
		t.Error("got no error for 3 labels of 20 rows")
	}
	if _, err := model.FitRidge(t.Context(), x, values, 0); err == nil {
		t.Error("got no error for c 0")
	}
	if _, err := model.FitRidge(t.Context(), model.NewMatrix(2), nil, 1); err == nil {
		t.Error("got no error for no rows")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := model.FitRidge(ended, x, values, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after ctx ended, want context.Canceled", err)
	}
	if err := x.Append(model.Entry{Column: 2, Value: 1}); err == nil || x.Rows() != 20 {
		t.Errorf("got %v and %d rows for a column that is not there, want an error and 20", err, x.Rows())
	}
	if err := x.Append(model.Entry{Value: math.NaN()}); err == nil {
		t.Error("got no error for NaN")
	}
}

func TestScaler(t *testing.T) {
	t.Parallel()
	s, err := model.FitScaler(3, [][]float64{{1, 5, math.NaN()}, {3, 5, math.NaN()}, {math.NaN(), 5, math.NaN()}})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Entries([]float64{3, 5, math.NaN()})
	if want := []model.Entry{{Column: 0, Value: 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := s.Entries([]float64{1e9, 6, 0}); got[0].Value != 10 || got[1].Value != 1 {
		t.Errorf("got %v, want a bound of 10 deviations, and 1 for a column that never varied", got)
	}
	if _, err := model.FitScaler(2, [][]float64{{1}}); err == nil {
		t.Error("got no error for a row of one column")
	}
}

func TestTFIDF(t *testing.T) {
	t.Parallel()
	v := model.FitTFIDF([][]string{{"up", "up", "apple"}, {"up", "down"}, {"down", "rare"}}, 2, 2)
	if v.Columns() != 2 { // down and up stand in two texts each
		t.Fatalf("got %d columns, want 2", v.Columns())
	}
	got := v.Entries([]string{"up", "rare", "down"}, 3)
	want := []model.Entry{{Column: 3, Value: math.Sqrt(0.5)}, {Column: 4, Value: math.Sqrt(0.5)}}
	if len(got) != 2 || got[0].Column != 3 || got[1].Column != 4 {
		t.Fatalf("got %v, want %v", got, want)
	}
	near(t, "cell", got[0].Value, want[0].Value, 1e-12)
	if got := v.Entries([]string{"rare"}, 0); len(got) != 0 {
		t.Errorf("got %v of an unknown word, want nothing", got)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	r := model.FitRates([]string{"A", "A", "B", "B"}, []float64{1, 1, 0, 1})
	near(t, "all", r.Group("C"), 0.75, 1e-12)
	near(t, "A", r.Group("A"), (2+20*0.75)/22, 1e-12)
	near(t, "B", r.Group("B"), (1+20*0.75)/22, 1e-12)
}
