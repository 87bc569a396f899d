package window_test

import (
	"math"
	"testing"

	"cashtag/internal/window"
)

func TestZ(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		v      float64
		before []float64
		want   float64
	}{
		"too few":      {9, []float64{1, 2, 3, 4}, 0},
		"spread":       {7, []float64{1, 2, 3, 4, 5}, 4 / math.Sqrt(2.5)},
		"never moved":  {1, []float64{0, 0, 0, 0, 0}, 10},
		"at the mean":  {3, []float64{1, 2, 3, 4, 5}, 0},
		"below it":     {1, []float64{1, 2, 3, 4, 5}, -2 / math.Sqrt(2.5)},
		"nothing said": {0, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := window.Z(test.v, test.before); math.Abs(got-test.want) > 1e-12 {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]float64{
		0.12345649: 0.123456, -0.5: -0.5, 1e-9: 0, math.Inf(1): 0,
	} {
		if got := window.Round(v); got != want {
			t.Errorf("Round(%v): got %v, want %v", v, got, want)
		}
	}
	if got := window.Round(math.NaN()); got != 0 {
		t.Errorf("not a number: got %v, want 0", got)
	}
	if got := window.Round(math.Copysign(1e-9, -1)); math.Signbit(got) {
		t.Error("negative zero: got one")
	}
}

func TestLogE4(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]int64{-3: 0, 0: 0, 1: 6931, 999: 69078} {
		if got := window.LogE4(n); got != want {
			t.Errorf("LogE4(%d): got %d, want %d", n, got, want)
		}
	}
}

func TestRatio(t *testing.T) {
	t.Parallel()
	if got := window.Ratio(1, 0); got != 0 {
		t.Errorf("by nothing: got %v, want 0", got)
	}
	if got := window.Ratio(1, 4); got != 0.25 {
		t.Errorf("got %v, want 0.25", got)
	}
}
