package model

import "slices"

// Point is one point of a curve.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// ROC returns the points of the receiver operating characteristic from (0, 0) to
// (1, 1): X the share of false alarms, Y the share of hits. At most most points
// are kept, evenly through the ranks; it is nil where all outcomes are the same.
func (f *Forecast) ROC(most int) []Point {
	var yes, no float64
	for _, happened := range f.Happened {
		if happened {
			yes++
		} else {
			no++
		}
	}
	if yes == 0 || no == 0 {
		return nil
	}
	points := []Point{{}}
	var hits, alarms float64
	kept := 0
	for at, i := range slices.Backward(f.order) {
		if f.Happened[i] {
			hits++
		} else {
			alarms++
		}
		last := at == 0
		if !last && f.Probability[f.order[at-1]] == f.Probability[i] {
			continue
		}
		if rank := len(f.order) - at; last || rank*most/len(f.order) > kept {
			kept = rank * most / len(f.order)
			points = append(points, Point{X: alarms / no, Y: hits / yes})
		}
	}
	return points
}

// Bin is a group of forecasts of about the same probability.
type Bin struct {
	Forecast float64 `json:"forecast"` // mean probability
	Happened float64 `json:"happened"` // share of what happened
	Count    int     `json:"count"`
	Members  []int   `json:"-"` // positions of the forecasts
}

// Calibration sorts the forecasts into bins of equal count. Forecasts of equal
// probability share a bin, so there may be fewer.
func (f *Forecast) Calibration(bins int) []Bin {
	var out []Bin
	size := max(1, (len(f.order)+bins-1)/max(bins, 1))
	var bin Bin
	for at, i := range f.order {
		bin.Count++
		bin.Members = append(bin.Members, i)
		bin.Forecast += f.Probability[i]
		bin.Happened += indicator(f.Happened[i])
		last := at == len(f.order)-1
		if last || bin.Count >= size && f.Probability[f.order[at+1]] != f.Probability[i] {
			bin.Forecast /= float64(bin.Count)
			bin.Happened /= float64(bin.Count)
			out = append(out, bin)
			bin = Bin{}
		}
	}
	return out
}
