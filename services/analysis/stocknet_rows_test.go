package analysis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cashtag/internal/calendar"
	"cashtag/services/analysis"
)

// The edges of the benchmark's stretches, and of the movements that are neither up nor
// down, row by row.
func TestStockNetEdges(t *testing.T) {
	t.Parallel()
	const up = 0.01
	tests := []struct {
		name, date string
		movement   float64
		part       string // "" for none
	}{
		{"the session before train", "2013-12-31", up, ""},
		{"the first of train", "2014-01-02", up, "train"},
		{"the last of train", "2015-07-31", up, "train"},
		{"the first of dev", "2015-08-03", up, "dev"},
		{"the last of dev", "2015-09-30", up, "dev"},
		{"the first of test", "2015-10-01", up, "test"},
		{"the last of test", "2015-12-31", up, "test"},
		{"the session after test", "2016-01-04", up, ""},

		{"down, but just not", "2015-07-31", -0.005, ""},
		{"just down", "2015-07-31", math.Nextafter(-0.005, -1), "train"},
		{"up, but just not", "2015-07-31", math.Nextafter(0.0055, 0), ""},
		{"just up", "2015-07-31", 0.0055, "train"},
		{"half a percent up", "2015-07-31", 0.005, ""},
		{"no movement", "2015-07-31", 0, ""},
		{"not known", "2015-07-31", math.NaN(), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			date, err := calendar.ParseDate(test.date)
			if err != nil {
				t.Fatal(err)
			}
			table := &analysis.Table{Columns: []string{"hint"}, Cutoff: analysis.CutoffClose}
			row := analysis.Row{Ticker: "AAA", Date: date, Values: []float64{0}}
			row.Outcome.CloseToClose = test.movement
			table.Rows = append(table.Rows, row)
			got, err := analysis.StockNet(t.Context(), analysis.Input{Table: table}, quick())
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range got.Parts {
				want := 0
				if part.Name == test.part {
					want = 1
				}
				if part.Rows != want {
					t.Errorf("%s: got %d rows, want %d", part.Name, part.Rows, want)
				}
			}
		})
	}
}

// fullSet is a table with the full set's numbers of tickers and rows: of each stretch,
// so many movements that count, and the rest too small to.
func fullSet(t *testing.T) *analysis.Table {
	t.Helper()
	table := &analysis.Table{Columns: []string{"price_return"}, Source: "full", Cutoff: analysis.CutoffClose}
	random := rand.New(rand.NewPCG(11, 11))
	for _, part := range []struct {
		from, to calendar.Date
		rows     int
	}{
		{calendar.NewDate(2014, 1, 1), calendar.NewDate(2015, 7, 31), 20345},
		{calendar.NewDate(2015, 8, 1), calendar.NewDate(2015, 9, 30), 2555},
		{calendar.NewDate(2015, 10, 1), calendar.NewDate(2015, 12, 31), 3720},
	} {
		sessions := slices.Collect(calendar.XNYS().Range(part.from, part.to))
		cells := random.Perm(87 * len(sessions))
		if len(cells) < part.rows {
			t.Fatalf("%d cells from %s to %s, want at least %d", len(cells), part.from, part.to, part.rows)
		}
		for at, cell := range cells {
			movement := 0.004 * (2*random.Float64() - 1) // too small
			if at < part.rows {
				movement = 0.006 + 0.02*random.Float64()
				if random.IntN(2) == 0 {
					movement = -movement
				}
			}
			session := sessions[cell/87]
			row := analysis.Row{
				Ticker: fmt.Sprintf("T%02d", cell%87), Date: session.Date, Cutoff: session.Open.AddDate(0, 0, -1), Values: []float64{random.NormFloat64()},
			}
			row.LatestInput = row.Cutoff
			nan := math.NaN()
			row.Outcome = analysis.Outcome{
				Return: movement, CloseToClose: movement, Large: nan, LargeClose: nan, Volume: nan, Relative: nan,
				Gap: 0.6*movement + 0.004*random.NormFloat64(), SameDay: nan,
			}
			table.Rows = append(table.Rows, row)
		}
	}
	slices.SortStableFunc(table.Rows, func(a, b analysis.Row) int {
		if order := a.Date.Compare(b.Date); order != 0 {
			return order
		}
		return strings.Compare(a.Ticker, b.Ticker)
	})
	return table
}

// With the full set's tickers its numbers of rows are checked, and printed.
func TestStockNetFullSet(t *testing.T) {
	t.Parallel()
	c := quick()
	c.C, c.Draws = []float64{0.01}, 100
	c.Configurations = []analysis.Configuration{{Name: "mine", Columns: []string{"price_return"}}}
	table := fullSet(t)
	got, err := analysis.StockNet(t.Context(), analysis.Input{Table: table}, c)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Complete || got.Note != "" || got.TestDays != 64 || got.Tickers != 87 {
		t.Errorf("got complete %t, note %q, %d test days of %d tickers, want the full set's 64 of 87", got.Complete, got.Note, got.TestDays, got.Tickers)
	}
	lines := strings.Split(got.Text(), "\n")
	for i, want := range []string{
		"part sessions rows full set",
		"train 2014-01-01 to 2015-08-01 20345 20345",
		"dev 2015-08-01 to 2015-10-01 2555 2555",
		"test 2015-10-01 to 2016-01-01 3720 3720",
	} {
		if line := strings.Join(strings.Fields(lines[i]), " "); line != want {
			t.Errorf("line %d: got %q, want %q", i+1, line, want)
		}
	}
	// One movement fewer, and it is another set.
	for i, row := range table.Rows {
		if math.Abs(row.Outcome.CloseToClose) > 0.0055 && row.Date.String() >= "2015-10-01" {
			table.Rows[i].Outcome.CloseToClose = 0
			break
		}
	}
	_, err = analysis.StockNet(t.Context(), analysis.Input{Table: table}, c)
	const want = "the data has 87 tickers and 20345, 2555, 3719 rows; the full StockNet set has 20345, 2555 and 3720"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}
