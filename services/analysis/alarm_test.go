package analysis_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/services/analysis"
)

// plant adds a column to a table.
func plant(table *analysis.Table, value func(analysis.Row) float64) {
	table.Columns = append(table.Columns, "planted")
	for i, row := range table.Rows {
		table.Rows[i].Values = slices.Concat(row.Values, []float64{value(row)})
	}
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		plant func(*analysis.Table)
		want  string // what rings; nothing where the run is clean
	}{
		{"clean", func(*analysis.Table) {}, ""},
		{"a column of noise", func(table *analysis.Table) {
			random := rand.New(rand.NewPCG(5, 5))
			plant(table, func(analysis.Row) float64 { return random.NormFloat64() })
		}, ""},
		{"the gap", func(table *analysis.Table) {
			plant(table, func(row analysis.Row) float64 { return row.Outcome.Gap })
		}, "leak alarm gap column: column planted"},
		{"the gap under noise", func(table *analysis.Table) {
			random := rand.New(rand.NewPCG(5, 6))
			plant(table, func(row analysis.Row) float64 { return row.Outcome.Gap + 0.008*random.NormFloat64() })
		}, "leak alarm gap column: column planted"},
		{"the size of the movement", func(table *analysis.Table) {
			plant(table, func(row analysis.Row) float64 { return -math.Abs(row.Outcome.Return) })
		}, "leak alarm gap column: column planted"},
		{"posts of the day itself", func(table *analysis.Table) {
			plant(table, func(row analysis.Row) float64 { return math.Log1p(row.Outcome.SameDay) })
		}, "leak alarm same-day tweets: column planted"},
		{"an input after the cut-off", func(table *analysis.Table) {
			table.Rows[200].LatestInput = table.Rows[200].Cutoff.Add(time.Second)
		}, "leak alarm same-day tweets: "},
		{"counts of the next day", func(table *analysis.Table) {
			for i := range table.Rows {
				if i+5 < len(table.Rows) {
					table.Rows[i].Values[0] = table.Rows[i+5].Values[0]
				}
			}
		}, "leak alarm same-day tweets: "},
		{"words of the next day", func(table *analysis.Table) {
			for i := range table.Rows {
				if i+5 < len(table.Rows) {
					table.Rows[i].Words = table.Rows[i+5].Words
				}
			}
		}, "text of TAA on 2014-01-17 is another when the tape ends at its cut-off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table := smallWorld().table(t, analysis.CutoffClose)
			test.plant(table)
			c := quick()
			c.Targets, c.C = []analysis.Target{analysis.Direction}, []float64{0.1}
			report, err := analysis.Run(t.Context(), analysis.Input{Table: table}, c)
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v, want no alarm", err)
				} else if report.Control.Low < 0.6 {
					t.Errorf("got AUC %v with the gap planted, want the control to be far above chance", report.Control)
				}
				return
			}
			leak, ok := errors.AsType[*analysis.LeakError](err)
			if !ok || report != nil {
				t.Fatalf("got %v and a report %t, want a leak and no report", err, report != nil)
			}
			if !strings.Contains(leak.Error(), test.want) {
				t.Errorf("got %v, want %s", leak, test.want)
			}
		})
	}
}

// Rows of one day on both sides of a random split: what is known of a day's
// labels, whatever they are, comes through.
func TestSeedProtocolIsRefused(t *testing.T) {
	t.Parallel()
	w := smallWorld()
	w.sessions, w.daily = 120, true
	score, err := analysis.SeedProtocol(t.Context(), w.events(), "synthetic", quick())
	leak, ok := errors.AsType[*analysis.LeakError](err)
	if !ok {
		t.Fatalf("got %v and AUC %v, want a leak", err, score)
	}
	for _, want := range []string{"train after test", "same-day tweets", "shuffled days", "shifted labels"} {
		if !strings.Contains(leak.Error(), want) {
			t.Errorf("got\n%v\nwant an alarm for %s", leak, want)
		}
	}
	w.noPosts = true
	if _, err := analysis.SeedProtocol(t.Context(), w.events(), "synthetic", quick()); err == nil || !strings.Contains(err.Error(), "no posts") {
		t.Errorf("got %v for a tape without posts, want an error", err)
	}
}

// A table without opening prices cannot be checked for the gap, and says so.
func TestDeafAlarm(t *testing.T) {
	t.Parallel()
	table := smallWorld().table(t, analysis.CutoffClose)
	for i := range table.Rows {
		table.Rows[i].Outcome.Gap = math.NaN()
	}
	_, err := analysis.Run(t.Context(), analysis.Input{Table: table}, quick())
	if err == nil || !strings.Contains(err.Error(), "the gap alarm is deaf") {
		t.Errorf("got %v, want that the gap alarm is deaf", err)
	}
}
