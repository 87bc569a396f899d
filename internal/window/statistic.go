package window

import "math"

// minSpread is the least spread that a Z is measured in, so that a series that
// never moved does not make a wonder of its first move.
const minSpread = 0.1

// MinTrailing is how many values a Z needs to compare with.
const MinTrailing = 5

// LogE4 is ln(1 + n) in ten-thousandths, and 0 for a negative n.
func LogE4(n int64) int64 {
	return int64(math.Round(math.Log1p(float64(max(n, 0))) * 1e4))
}

// Round rounds to millionths, and takes what is not finite, and a negative zero,
// for 0.
func Round(v float64) float64 {
	rounded := math.Round(v*1e6) / 1e6
	if math.IsNaN(rounded) || math.IsInf(rounded, 0) || rounded == 0 {
		return 0
	}
	return rounded
}

// Ratio is a / b, and 0 where b is 0.
func Ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Spread returns the mean and the sample standard deviation of values; the latter
// is 0 for fewer than two.
func Spread(values []float64) (mean, deviation float64) {
	if len(values) == 0 {
		return 0, 0
	}
	var sum float64
	for _, v := range values {
		sum += v
	}
	mean = sum / float64(len(values))
	if len(values) < 2 {
		return mean, 0
	}
	var squares float64
	for _, v := range values {
		squares += float64((v - mean) * (v - mean))
	}
	return mean, math.Sqrt(squares / float64(len(values)-1))
}

// Z is how many standard deviations v stands above the mean of the values before
// it: 0 where there are fewer than MinTrailing. The deviation is taken for 0.1 at
// least.
func Z(v float64, before []float64) float64 {
	if len(before) < MinTrailing {
		return 0
	}
	mean, deviation := Spread(before)
	return (v - mean) / max(deviation, minSpread)
}
