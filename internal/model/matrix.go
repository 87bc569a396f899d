package model

import (
	"fmt"
	"math"
)

// Entry is one cell of a row that is not zero.
type Entry struct {
	Column int
	Value  float64
}

// Matrix holds rows of mostly zeros: a few numbers of a row's own beside the
// words of its text. The zero value has neither rows nor columns.
type Matrix struct {
	columns int
	starts  []int // row i is entries[starts[i]:starts[i+1]]
	entries []Entry
}

// NewMatrix returns a matrix without rows.
func NewMatrix(columns int) *Matrix { return &Matrix{columns: columns, starts: []int{0}} }

// Rows returns how many rows there are.
func (m *Matrix) Rows() int { return max(len(m.starts)-1, 0) }

// Columns returns how many columns there are.
func (m *Matrix) Columns() int { return m.columns }

// Row returns the cells of row i that are not zero. They must not be changed.
func (m *Matrix) Row(i int) []Entry { return m.entries[m.starts[i]:m.starts[i+1]] }

// Append adds a row. It returns an error, and adds nothing, where a column is
// none of the matrix or a value is not a finite number.
func (m *Matrix) Append(row ...Entry) error {
	for _, e := range row {
		if e.Column < 0 || e.Column >= m.columns {
			return fmt.Errorf("row %d: column is %d: must be 0 to %d", m.Rows(), e.Column, m.columns-1)
		}
		if math.IsNaN(e.Value) || math.IsInf(e.Value, 0) {
			return fmt.Errorf("row %d: column %d is %v: must be a finite number", m.Rows(), e.Column, e.Value)
		}
	}
	if len(m.starts) == 0 {
		m.starts = []int{0}
	}
	m.entries = append(m.entries, row...)
	m.starts = append(m.starts, len(m.entries))
	return nil
}

// dot is the product of row i with weights.
func (m *Matrix) dot(i int, weights []float64) float64 {
	var sum float64
	for _, e := range m.Row(i) {
		sum += e.Value * weights[e.Column]
	}
	return sum
}
