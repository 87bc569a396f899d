package model_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cashtag/internal/model"
)

func TestForecast(t *testing.T) {
	t.Parallel()
	f := model.NewForecast([]float64{0.9, 0.8, 0.5, 0.3, 0.3}, []bool{true, false, true, true, false})
	// Pairs of 3 yes and 2 no: .9 wins 2, .5 wins 1 of 2, .3 ties 1 and loses 1.
	near(t, "AUC", f.AUC(nil), 3.5/6, 1e-12)
	mean := func(of func(i int) float64) (sum float64) {
		for i := range f.Happened {
			sum += of(i) / float64(len(f.Happened))
		}
		return sum
	}
	near(t, "accuracy", mean(f.Right), 0.6, 1e-12)
	near(t, "Brier", mean(f.Brier), (0.01+0.64+0.25+0.49+0.09)/5, 1e-12)
	near(t, "log loss", mean(f.LogLoss), -(math.Log(0.9)+math.Log(0.2)+math.Log(0.5)+math.Log(0.3)+math.Log(0.7))/5, 1e-12)
	var sums [4]float64
	for i := range f.Happened {
		for k, v := range f.Confusion(i) {
			sums[k] += v
		}
	}
	if want := [4]float64{2, 1, 1, 1}; sums != want {
		t.Errorf("got hits, true noes, false alarms and misses %v, want %v", sums, want)
	}
	near(t, "MCC", model.MCC(2, 1, 1, 1), (2*1-1*1)/math.Sqrt(3*3*2*2), 1e-12)

	// A weight of 2 is the row twice.
	twice := model.NewForecast([]float64{0.9, 0.9, 0.8, 0.5, 0.3}, []bool{true, true, false, true, true})
	near(t, "weighted AUC", f.AUC([]float64{2, 1, 1, 1, 0}), twice.AUC(nil), 1e-12)
	one := model.NewForecast([]float64{0.4, 0.6}, []bool{true, true})
	if !math.IsNaN(one.AUC(nil)) || model.MCC(5, 0, 3, 0) != 0 || one.ROC(10) != nil {
		t.Errorf("got AUC %v, MCC %v, ROC %v of one class, want NaN, 0 and none", one.AUC(nil), model.MCC(5, 0, 3, 0), one.ROC(10))
	}
}

func TestCurves(t *testing.T) {
	t.Parallel()
	f := model.NewForecast([]float64{0.9, 0.8, 0.3, 0.3}, []bool{true, false, true, false})
	if got, want := f.ROC(100), []model.Point{{}, {X: 0, Y: 0.5}, {X: 0.5, Y: 0.5}, {X: 1, Y: 1}}; !slices.Equal(got, want) {
		t.Errorf("got ROC %v, want %v", got, want)
	}
	got := f.Calibration(2)
	if len(got) != 2 || got[0].Forecast != 0.3 || got[0].Happened != 0.5 || !slices.Equal(got[0].Members, []int{2, 3}) ||
		math.Abs(got[1].Forecast-0.85) > 1e-12 || got[1].Count != 2 {
		t.Errorf("got calibration %v, want .3 and .85 forecast in bins of two, half of each happened", got)
	}
	var many []float64
	var happened []bool
	for i := range 10000 {
		many, happened = append(many, float64(i)/10000), append(happened, i%3 == 0)
	}
	points := model.NewForecast(many, happened).ROC(50)
	if len(points) > 52 || points[len(points)-1] != (model.Point{X: 1, Y: 1}) {
		t.Errorf("got %d points ending at %v, want about 50 ending at 1, 1", len(points), points[len(points)-1])
	}
}

func TestR2(t *testing.T) {
	t.Parallel()
	near(t, "perfect", model.R2(0, 2), 1, 0)
	near(t, "as good as the reference", model.R2(2, 2), 0, 0)
	near(t, "worse", model.R2(3, 2), -0.5, 1e-12)
}

// The interval of a mean over clusters has the standard error of the cluster
// means, wider than that of as many rows on their own.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	const days, tickers = 100, 10
	var cluster, own []int
	var values []float64
	for day := range days {
		shock := random.NormFloat64()
		for range tickers {
			cluster, own = append(cluster, day), append(own, len(own))
			values = append(values, shock)
		}
	}
	mean := func(weights []float64) float64 {
		var sum, total float64
		for i, v := range values {
			w := 1.0
			if weights != nil {
				w = weights[i]
			}
			sum, total = sum+w*v, total+w
		}
		return sum / total
	}
	b := model.DefaultBootstrap()
	got := b.Interval(cluster, mean)
	near(t, "standard error", got.Error, 0.1, 0.02)
	near(t, "half width", (got.High-got.Low)/2, 0.2, 0.04)
	if again := b.Interval(cluster, mean); again != got {
		t.Errorf("got %v with the same seed, want %v", again, got)
	}
	ones := make([]float64, len(values))
	for i := range ones {
		ones[i] = 1
	}
	sums := b.Sums(cluster, [][]float64{values, ones}, func(s []float64) float64 { return s[0] / s[1] })
	near(t, "low of sums", sums.Low, got.Low, 1e-12)
	near(t, "standard error of sums", sums.Error, got.Error, 1e-12)
	if b.Seed = 2; b.Interval(cluster, mean) == got {
		t.Error("got the same interval with another seed")
	}
	near(t, "standard error of rows on their own", b.Interval(own, mean).Error, 0.1/math.Sqrt(tickers), 0.01)
	if one := b.Interval(make([]int, len(values)), mean); !math.IsNaN(one.Low) || !math.IsNaN(one.High) {
		t.Errorf("got %v of one cluster, want no bounds", one)
	}
}

func TestHolm(t *testing.T) {
	t.Parallel()
	got := model.Holm([]float64{0.01, 0.04, math.NaN(), 0.03, 0.9})
	for i, want := range []float64{0.04, 0.09, math.NaN(), 0.09, 0.9} {
		if !math.IsNaN(want) {
			near(t, "adjusted p", got[i], want, 1e-12)
		} else if !math.IsNaN(got[i]) {
			t.Errorf("got %v, want NaN", got[i])
		}
	}
}

func TestDieboldMariano(t *testing.T) {
	t.Parallel()
	// Gains 1, 2, 3: mean 2, variance 2/3 over n; t = sqrt((3+1-2)/3) * 2 / sqrt(2/9).
	got := model.DieboldMariano([]float64{0, 0, 0}, []float64{1, 2, 3}, 1)
	near(t, "t", got, math.Sqrt(2.0/3)*2/math.Sqrt(2.0/9), 1e-12)
	near(t, "the other way", model.DieboldMariano([]float64{1, 2, 3}, []float64{0, 0, 0}, 1), -got, 1e-12)
	if !math.IsNaN(model.DieboldMariano([]float64{1, 2}, []float64{2, 1}, 1)) {
		t.Error("got a number for two days, want NaN")
	}
	near(t, "normal tail", model.NormalTail(1.959963985), 0.025, 1e-9)
}

// The best of many worthless strategies is not taken for a good one.
func TestDeflatedSharpe(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	const tries, days = 50, 250
	var trials []float64
	var best []float64
	for range tries {
		returns := make([]float64, days)
		for i := range returns {
			returns[i] = random.NormFloat64() / 100
		}
		trials = append(trials, model.Sharpe(returns))
		if best == nil || model.Sharpe(returns) > model.Sharpe(best) {
			best = returns
		}
	}
	alone, deflated := model.DeflatedSharpe(best, nil, 1), model.DeflatedSharpe(best, trials, tries)
	if alone < 0.95 || deflated > 0.9 || deflated > alone {
		t.Errorf("got chance %v alone and %v as the best of %d, want above .95 and below .9", alone, deflated, tries)
	}
	if more := model.DeflatedSharpe(best, trials, 10*tries); more >= deflated {
		t.Errorf("got chance %v as the best of %d, want below %v", more, 10*tries, deflated)
	}
	for i := range best {
		best[i] += 0.01
	}
	if good := model.DeflatedSharpe(best, trials, tries); good < 0.99 {
		t.Errorf("got %v for a strategy of Sharpe 1 a day, want above .99", good)
	}
}

func TestRankCorrelation(t *testing.T) {
	t.Parallel()
	near(t, "same order", model.RankCorrelation([]float64{1, 2, 30, 4}, []float64{1, 4, 100, 9}), 1, 1e-12)
	near(t, "opposite", model.RankCorrelation([]float64{1, 2, 3}, []float64{3, 2, 1}), -1, 1e-12)
	near(t, "a tie and a gap", model.RankCorrelation([]float64{1, 1, 2, math.NaN()}, []float64{1, 2, 3, 9}), math.Sqrt(0.75), 1e-12)
	if !math.IsNaN(model.RankCorrelation([]float64{1, 1, 1}, []float64{1, 2, 3})) {
		t.Error("got a number for a side that never varies, want NaN")
	}
}

func TestSlope(t *testing.T) {
	t.Parallel()
	forecast := []float64{0.2, 0.2, 0.8, 0.8}
	for name, test := range map[string]struct {
		forecast, happened []float64
		want               float64
	}{
		"as far apart as what happens": {[]float64{0, 0, 1, 1}, []float64{0, 0, 1, 1}, 1},
		"promises too much":            {forecast, []float64{0, 1, 0, 1}, 0},
		"promises too little":          {forecast, []float64{0, 0, 1, 1}, 1 / 0.6},
		"all the same":                 {[]float64{0.3, 0.3}, []float64{0, 1}, math.NaN()},
	} {
		sums := make([]float64, 5)
		for k, column := range model.SlopeColumns(test.forecast, test.happened) {
			for _, v := range column {
				sums[k] += v
			}
		}
		if got := model.Slope(sums); math.Abs(got-test.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
