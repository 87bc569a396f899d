package model_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cashtag/internal/model"
)

func TestDistribution(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i) // 1 to 100
	}
	half := slices.Repeat([]float64{0}, 50)
	for i := range 50 {
		half = append(half, float64(i+1))
	}
	tests := []struct {
		name   string
		values []float64
		cuts   []float64
		rows   []int64
	}{
		{"tenths", hundred, []float64{10, 20, 30, 40, 50, 60, 70, 80, 90}, []int64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0}},
		{"half are equal", half, []float64{-5e-7, 0, 10, 20, 30, 40}, []int64{0, 50, 10, 10, 10, 10, 10, 0}},
		{"all are equal", []float64{1, 1, 1}, []float64{1 - 5e-7, 1}, []int64{0, 3, 0, 0}},
		{"nearly all are equal", append(slices.Repeat([]float64{1}, 19), 0.5), []float64{1 - 5e-7, 1}, []int64{1, 19, 0, 0}},
		{"not all are known", []float64{math.NaN(), 2, math.NaN()}, []float64{2 - 5e-7, 2}, []int64{0, 1, 0, 2}},
		{"nothing is known", []float64{math.NaN()}, nil, []int64{0, 1}},
		{"no rows", nil, nil, []int64{0, 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := model.FitDistribution(test.values, make([]int, len(test.values)))
			if !slices.Equal(got.Cuts, test.cuts) || !slices.Equal(got.Rows, test.rows) {
				t.Errorf("got %v and %v, want %v and %v", got.Cuts, got.Rows, test.cuts, test.rows)
			}
			if err := got.Validate(); err != nil {
				t.Errorf("got %v, want a distribution that is valid", err)
			}
		})
	}
}

func TestDistributionValidate(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]model.Distribution{
		"too many cuts":    {Cuts: make([]float64, 10), Rows: make([]int64, 12)},
		"a bin too few":    {Cuts: []float64{1}, Rows: []int64{1, 2}},
		"cuts that fall":   {Cuts: []float64{1, 0}, Rows: make([]int64, 4)},
		"a cut at nowhere": {Cuts: []float64{math.NaN()}, Rows: make([]int64, 3)},
		"negative rows":    {Rows: []int64{-1, 0}},
		"negative noise":   {Rows: []int64{1, 0}, Noise: -1},
	} {
		if err := d.Validate(); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestPSI(t *testing.T) {
	t.Parallel()
	d := model.Distribution{Cuts: []float64{0}, Rows: []int64{50, 50, 0}, Days: 10}
	// 20 days of shares of .2 and .8, beside one half each: half a day's rows are 5 in
	// both.
	p, q := []float64{45 / 215.0, 165 / 215.0}, 55/115.0
	want := (p[0]-q)*math.Log(p[0]/q) + (p[1]-q)*math.Log(p[1]/q)
	alike, torn := [][]int64{nil}, [][]int64{nil}
	for day := range 20 {
		alike = append(alike, []int64{2, 8, 0})
		if day%5 == 0 {
			torn = append(torn, []int64{10, 0, 0})
		} else {
			torn = append(torn, []int64{0, 10, 0})
		}
	}
	got := d.PSI(alike)
	if math.Abs(got.Index-want) > 1e-12 || got.Rows != 200 || got.Days != 20 {
		t.Errorf("got %+v, want an index of %v of 200 rows and 20 days", got, want)
	}
	if !got.Drifted(0.25) || got.Drifted(0.5) || got.Chance != 0 {
		t.Errorf("got %+v of days that are all alike, want a drift above .25 alone", got)
	}
	if got := d.PSI(alike[:20]); got.Days != 19 || got.Drifted(0.1) {
		t.Errorf("got %+v, want no drift of fewer than 20 days", got)
	}
	d.Noise = 0.1 // of a training of few days
	if got := d.PSI(torn); got.Drifted(0.25) || math.Abs(got.Index-want) > 1e-12 {
		t.Errorf("got %+v of days that are of one kind each, want the same index and no drift", got)
	}
}

// TestPSIHearsWhatChangedAndNothingElse draws worlds of ten tickers: a column that is
// each ticker's own, and one that all of them share by day.
func TestPSIHearsWhatChangedAndNothingElse(t *testing.T) {
	t.Parallel()
	const worlds = 200
	draw := func(r *rand.Rand, days int, shared bool, shift float64) (values []float64, of []int) {
		for day := range days {
			all := r.NormFloat64() + shift
			for range 10 {
				v := all
				if !shared {
					v = r.NormFloat64() + shift
				}
				values, of = append(values, v), append(of, day)
			}
		}
		return values, of
	}
	for name, test := range map[string]struct {
		shared      bool
		shift       float64
		least, most int // of worlds that are said to have drifted
	}{
		"own, the same":    {false, 0, 0, 2},
		"shared, the same": {true, 0, 0, 2},
		"own, shifted":     {false, 1, worlds, worlds},
		"shared, shifted":  {true, 1.5, worlds * 9 / 10, worlds},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(7, 7))
			said := 0
			for range worlds {
				d := model.FitDistribution(draw(r, 65, test.shared, 0))
				values, of := draw(r, 30, test.shared, test.shift)
				byDay := make([][]int64, 30)
				for i, v := range values {
					if byDay[of[i]] == nil {
						byDay[of[i]] = make([]int64, d.Bins())
					}
					byDay[of[i]][d.Bin(v)]++
				}
				if d.PSI(byDay).Drifted(0.25) {
					said++
				}
			}
			if said < test.least || said > test.most {
				t.Errorf("got %d of %d worlds that drifted, want %d to %d", said, worlds, test.least, test.most)
			}
		})
	}
}
