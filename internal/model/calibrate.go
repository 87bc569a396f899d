package model

import (
	"errors"
	"math"
)

// FitTemperature returns what logits must be divided by so that the probabilities
// of what happened are largest (Guo and others, 2017). The logits must be of
// examples that the model was not fitted on. It lies from 0.05 to 20.
func FitTemperature(logits [][]float64, happened []int) (float64, error) {
	if len(logits) == 0 || len(logits) != len(happened) {
		return 0, errors.New("a temperature needs logits and what happened, one of each an example")
	}
	loss := func(log float64) float64 {
		temperature, total := math.Exp(log), 0.0
		for i, row := range logits {
			total += logLoss(row, happened[i], temperature)
		}
		return total
	}
	return math.Exp(goldenSection(loss, math.Log(0.05), math.Log(20))), nil
}

// logLoss is minus the logarithm of the probability of a class.
func logLoss(logits []float64, class int, temperature float64) float64 {
	highest := math.Inf(-1)
	for _, z := range logits {
		highest = max(highest, z)
	}
	sum := 0.0
	for _, z := range logits {
		sum += math.Exp((z - highest) / temperature)
	}
	return math.Log(sum) - (logits[class]-highest)/temperature
}

// goldenSection finds the least of a function that falls and then rises.
func goldenSection(f func(float64) float64, low, high float64) float64 {
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	atA, atB := f(a), f(b)
	for high-low > 1e-6 {
		if atA < atB {
			high, b, atB = b, a, atA
			a = high - ratio*(high-low)
			atA = f(a)
		} else {
			low, a, atA = a, b, atB
			b = low + ratio*(high-low)
			atB = f(b)
		}
	}
	return (low + high) / 2
}
