package analysis_test

import (
	"slices"
	"testing"

	"cashtag/internal/calendar"
	"cashtag/services/analysis"
)

// Every block is after what its model saw, with the embargo between; what C is
// chosen by is after what is fitted for that; and every session after the first
// training is tested once.
func TestWalk(t *testing.T) {
	t.Parallel()
	w := smallWorld()
	w.sessions, w.tickers = 200, 1
	table := w.table(t, analysis.CutoffClose)
	dates := table.Dates()
	tests := []struct {
		name   string
		period string
		least  int
		gap    int
		first  string
		blocks int
	}{
		{"months of themselves", "auto", 0, 1, "2014-04", 7},
		{"quarters", "quarter", 60, 1, "2014 Q2", 3},
		{"a longer embargo", "month", 60, 5, "2014-04", 7},
		{"days", "days", 100, 2, "from 2014-06-03", 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := quick()
			c.Period, c.LeastTrainDays, c.Embargo = test.period, test.least, test.gap
			splits, err := analysis.Walk(table, c)
			if err != nil {
				t.Fatal(err)
			}
			if splits[0].Name != test.first || len(splits) != test.blocks {
				t.Errorf("got %d blocks from %q, want %d from %q", len(splits), splits[0].Name, test.blocks, test.first)
			}
			at := func(date calendar.Date) int { return slices.Index(dates, date) }
			var tested []calendar.Date
			for _, s := range splits {
				tested = append(tested, s.Test...)
				if got := at(s.Test[0]) - at(s.Train[len(s.Train)-1]); got != test.gap+1 {
					t.Errorf("%s: got %d sessions from the last trained to the first tested, want %d", s.Name, got, test.gap+1)
				}
				if got := at(s.Dev[0]) - at(s.Fit[len(s.Fit)-1]); got != test.gap+1 {
					t.Errorf("%s: got %d sessions from the last fitted to the first of dev, want %d", s.Name, got, test.gap+1)
				}
				if s.Train[0] != dates[0] || s.Dev[len(s.Dev)-1] != s.Train[len(s.Train)-1] {
					t.Errorf("%s: got training from %s and dev to %s, want all that was known", s.Name, s.Train[0], s.Dev[len(s.Dev)-1])
				}
			}
			if first := at(tested[0]); !slices.Equal(tested, dates[first:]) {
				t.Errorf("got %d tested sessions, want each of %d once", len(tested), len(dates)-first)
			}
		})
	}
}
