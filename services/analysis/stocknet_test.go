package analysis_test

import (
	"strings"
	"testing"

	"cashtag/internal/calendar"
	"cashtag/services/analysis"
)

func TestStockNet(t *testing.T) {
	t.Parallel()
	whole := func(w world) *analysis.Table {
		table, err := analysis.FromTape(w.events(), "synthetic", analysis.CutoffClose, true)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	c := quick()
	w := world{tickers: 4, sessions: 520, from: calendar.NewDate(2013, 12, 20), seed: 3}
	table := whole(w)
	var want [3]int
	for _, row := range table.Rows {
		r := row.Outcome.CloseToClose
		if r >= -0.005 && r < 0.0055 {
			continue
		}
		switch day := row.Date.String(); {
		case day >= "2014-01-01" && day < "2015-08-01":
			want[0]++
		case day >= "2015-08-01" && day < "2015-10-01":
			want[1]++
		case day >= "2015-10-01" && day < "2016-01-01":
			want[2]++
		}
	}
	got, err := analysis.StockNet(t.Context(), analysis.Input{Table: table}, c)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range got.Parts {
		if part.Rows != want[i] || part.Rows == 0 {
			t.Errorf("%s: got %d rows, want %d", part.Name, part.Rows, want[i])
		}
	}
	if got.TestDays < 60 || len(got.Scores) != 5 || got.Complete {
		t.Errorf("got %d test days and %d scores, want 64 and 5", got.TestDays, len(got.Scores))
	}
	text := got.Text()
	for _, want := range []string{"4 tickers with", "20345", "StockNet (Xu and Cohen 2018)", "58.2%", "price-only"} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}

	w.sessions = 100
	got, err = analysis.StockNet(t.Context(), analysis.Input{Table: whole(w)}, c)
	if err != nil || len(got.Scores) != 0 || !strings.Contains(got.Note, "no rows of dev and test") {
		t.Errorf("got %v and %q, want a note that there is nothing to score", err, got.Note)
	}
	w.tickers, w.noPosts = 87, true
	if _, err := analysis.StockNet(t.Context(), analysis.Input{Table: whole(w)}, c); err == nil || !strings.Contains(err.Error(), "files are missing") {
		t.Errorf("got %v for 87 tickers with other rows, want an error", err)
	}
}
