package model

// Rates are shares of what happened: of all rows and of each group, such as a
// ticker. They are the forecasts that any model has to beat.
type Rates struct {
	All    float64            `json:"all"`
	Groups map[string]float64 `json:"groups"`
}

// groupPrior is how many rows of the whole stand in for what is not known of a
// group: a group of few rows is near the share of all.
const groupPrior = 20

// FitRates learns the mean of values, of all rows and of each group. Values are
// 0 and 1 where something did not happen or did.
func FitRates(groups []string, values []float64) Rates {
	r := Rates{Groups: make(map[string]float64)}
	count := make(map[string]float64)
	for i, v := range values {
		r.All += v / float64(len(values))
		r.Groups[groups[i]] += v
		count[groups[i]]++
	}
	for group, sum := range r.Groups {
		r.Groups[group] = (sum + groupPrior*r.All) / (count[group] + groupPrior)
	}
	return r
}

// Group returns the rate of a group, that of all where the group is not known.
func (r Rates) Group(name string) float64 {
	if rate, ok := r.Groups[name]; ok {
		return rate
	}
	return r.All
}
