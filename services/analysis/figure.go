package analysis

import (
	"math"
	"strconv"
	"strings"

	"cashtag/internal/model"
)

// Figure is a number of a report. What is not defined, NaN, is null in JSON.
type Figure float64

// MarshalJSON implements json.Marshaler.
func (f Figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(f), 'g', -1, 64), nil
}

// String returns three decimals without the leading zero, or a dash.
func (f Figure) String() string { return f.decimals(3) }

func (f Figure) decimals(n int) string {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return "-"
	}
	text := strconv.FormatFloat(float64(f), 'f', n, 64)
	if strings.Trim(text, "-0.") == "" {
		text = strings.TrimPrefix(text, "-")
	}
	return text
}

// Estimate is a figure with its 95 percent interval from drawing days.
type Estimate struct {
	Value Figure `json:"value"`
	Low   Figure `json:"low"`
	High  Figure `json:"high"`
	Error Figure `json:"standard_error"`
}

func estimate(i model.Interval) Estimate {
	return Estimate{Value: Figure(i.Value), Low: Figure(i.Low), High: Figure(i.High), Error: Figure(i.Error)}
}

// String returns the figure and its interval.
func (e Estimate) String() string {
	if math.IsNaN(float64(e.Low)) {
		return e.Value.String()
	}
	return e.Value.String() + " [" + e.Low.String() + ", " + e.High.String() + "]"
}
