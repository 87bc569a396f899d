package model

import (
	"fmt"
	"math"
)

// Scaler brings columns of different units to mean 0 and deviation 1, as they
// were in the rows it was fitted on.
type Scaler struct {
	Mean  []float64 `json:"mean"`
	Scale []float64 `json:"scale"` // standard deviation; 1 where the column never varied
}

// FitScaler learns mean and deviation of each column. Cells that are not known
// (NaN) do not count; a column that is never known has mean 0.
func FitScaler(columns int, rows [][]float64) (Scaler, error) {
	s := Scaler{Mean: make([]float64, columns), Scale: make([]float64, columns)}
	for i, row := range rows {
		if len(row) != columns {
			return Scaler{}, fmt.Errorf("row %d has %d columns: must be %d", i, len(row), columns)
		}
	}
	for c := range columns {
		var sum, squares, known float64
		for _, row := range rows {
			if v := row[c]; !math.IsNaN(v) {
				sum += v
				known++
			}
		}
		s.Scale[c] = 1
		if known == 0 {
			continue
		}
		s.Mean[c] = sum / known
		for _, row := range rows {
			if v := row[c]; !math.IsNaN(v) {
				squares += (v - s.Mean[c]) * (v - s.Mean[c])
			}
		}
		if deviation := math.Sqrt(squares / known); deviation > 1e-12*math.Max(1, math.Abs(s.Mean[c])) {
			s.Scale[c] = deviation
		}
	}
	return s, nil
}

// maxDeviations bounds a scaled cell, so that one absurd value does not decide
// alone.
const maxDeviations = 10

// Entries returns the scaled cells of a row. A cell that is not known stands at
// the mean, which is 0, as does one of a column beyond the scaler's.
func (s Scaler) Entries(row []float64) []Entry {
	entries := make([]Entry, 0, len(s.Mean))
	for c, v := range row {
		if c >= len(s.Mean) || math.IsNaN(v) {
			continue
		}
		scaled := min(max((v-s.Mean[c])/s.Scale[c], -maxDeviations), maxDeviations)
		if scaled != 0 {
			entries = append(entries, Entry{Column: c, Value: scaled})
		}
	}
	return entries
}
