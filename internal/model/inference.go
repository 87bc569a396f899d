package model

import (
	"cmp"
	"math"
	"slices"
)

// NormalTail is the chance that a standard normal number is above z.
func NormalTail(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// Holm adjusts p-values for how many hypotheses were tried: the chance of any
// false discovery among those that are called stays below the level (Holm 1979).
// A NaN stays NaN and does not count.
func Holm(p []float64) []float64 {
	order := make([]int, 0, len(p))
	adjusted := make([]float64, len(p))
	for i, v := range p {
		adjusted[i] = v
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	var most float64
	for rank, i := range order {
		most = max(most, min(1, p[i]*float64(len(order)-rank)))
		adjusted[i] = most
	}
	return adjusted
}

// DieboldMariano tests whether one series of losses is lower than another, one
// value a day each: the t statistic of the mean of other - loss with the
// variance of Newey and West at lags up to horizon-1, and the correction of
// Harvey, Leybourne and Newbold (1997) for short series. Above 0 the first is
// better. It is NaN for fewer than three days.
func DieboldMariano(loss, other []float64, horizon int) float64 {
	n := len(loss)
	if n < 3 || len(other) != n || horizon < 1 || horizon >= n {
		return math.NaN()
	}
	gain := make([]float64, n)
	for i := range gain {
		gain[i] = other[i] - loss[i]
	}
	mean, _ := moments(gain)
	covariance := func(lag int) float64 {
		var sum float64
		for i := lag; i < n; i++ {
			sum += (gain[i] - mean) * (gain[i-lag] - mean)
		}
		return sum / float64(n)
	}
	variance := covariance(0)
	for lag := 1; lag < horizon; lag++ {
		variance += 2 * (1 - float64(lag)/float64(horizon)) * covariance(lag)
	}
	if variance <= 0 {
		return math.NaN()
	}
	h, days := float64(horizon), float64(n)
	correction := math.Sqrt((days + 1 - 2*h + h*(h-1)/days) / days)
	return correction * mean / math.Sqrt(variance/days)
}

// Sharpe is mean over deviation of a series of returns, not annualised; 0 where
// they do not vary.
func Sharpe(returns []float64) float64 {
	if len(returns) < 2 {
		return 0
	}
	mean, deviation := moments(returns)
	if deviation == 0 {
		return 0
	}
	return mean / deviation
}

const eulerGamma = 0.57721566490153286

// DeflatedSharpe is the chance that a Sharpe ratio is above what the best of
// many worthless strategies would show (Bailey and López de Prado 2014): trials
// are the Sharpe ratios of what was tried, that of returns among them, and tried
// is how many were, where that is more than are known. The spread of luck is that
// of the trials, but no more than worthless strategies of this length show, so that
// one good trial among few does not pass for luck. It is NaN for fewer than three
// returns.
func DeflatedSharpe(returns, trials []float64, tried int) float64 {
	n := float64(len(returns))
	if n < 3 {
		return math.NaN()
	}
	mean, deviation := moments(returns)
	if deviation == 0 {
		return math.NaN()
	}
	var skew, kurtosis float64
	for _, r := range returns {
		z := (r - mean) / deviation
		skew += z * z * z / n
		kurtosis += z * z * z * z / n
	}
	var luck float64
	if len(trials) > 1 {
		_, spread := moments(trials)
		spread = min(spread, 1/math.Sqrt(n-1))
		tries := float64(max(tried, len(trials)))
		luck = spread * ((1-eulerGamma)*normalQuantile(1-1/tries) + eulerGamma*normalQuantile(1-1/(tries*math.E)))
	}
	sharpe := mean / deviation
	spread := math.Sqrt(max(1e-12, 1-skew*sharpe+(kurtosis-1)/4*sharpe*sharpe))
	return 1 - NormalTail((sharpe-luck)*math.Sqrt(n-1)/spread)
}

// normalQuantile is the number that a standard normal is below with chance p.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// RankCorrelation is Spearman's: the correlation of ranks, ties at their mean.
// Pairs with a NaN do not count; it is NaN for fewer than three pairs and where
// one side never varies.
func RankCorrelation(a, b []float64) float64 {
	var x, y []float64
	for i := range a {
		if !math.IsNaN(a[i]) && !math.IsNaN(b[i]) {
			x, y = append(x, a[i]), append(y, b[i])
		}
	}
	if len(x) < 3 {
		return math.NaN()
	}
	x, y = Ranks(x), Ranks(y)
	mx, sx := moments(x)
	my, sy := moments(y)
	if sx == 0 || sy == 0 {
		return math.NaN()
	}
	var sum float64
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / (sx * sy * float64(len(x)-1))
}

// Ranks returns the place of each value among all, from 0, ties at the mean of
// their places.
func Ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}
