//go:build shared

package analysis_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cashtag/internal/tape"
	"cashtag/services/analysis"
)

// TestRecordedStockNet analyses ten tickers of three months: no claim, no alarm,
// and the leaking protocol is refused.
func TestRecordedStockNet(t *testing.T) {
	t.Parallel()
	root := filepath.Join(cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data")), "stocknet")
	recorded, err := tape.Open(os.DirFS(root), tape.Options{AllPrices: true})
	if err != nil {
		t.Fatal(err)
	}
	table, err := analysis.FromTape(recorded.Events(), "stocknet", analysis.CutoffClose, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(table.Rows); got != 650 {
		t.Errorf("got %d rows, want 65 sessions of 10 tickers", got)
	}
	report, err := analysis.Run(t.Context(), analysis.Input{Table: table}, analysis.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(report.Summary, "10 tickers over 3 months") || !strings.Contains(report.Summary, "support no claim") {
		t.Errorf("got %q, want no claim", report.Summary)
	}
	if report.Control.Low < 0.6 {
		t.Errorf("got AUC %v with the overnight gap planted, want it far above chance", report.Control)
	}

	_, err = analysis.SeedProtocol(t.Context(), recorded.Events(), "stocknet", analysis.DefaultConfig())
	leak, ok := errors.AsType[*analysis.LeakError](err)
	if !ok {
		t.Fatalf("got %v from the leaking protocol, want a leak", err)
	}
	for _, want := range []string{"train after test", "shifted labels", "shuffled days", "same-day tweets"} {
		if !strings.Contains(leak.Error(), want) {
			t.Errorf("got\n%v\nwant an alarm for %s", leak, want)
		}
	}

	all, err := analysis.FromTape(recorded.Events(), "stocknet", analysis.CutoffClose, true)
	if err != nil {
		t.Fatal(err)
	}
	benchmark, err := analysis.StockNet(t.Context(), analysis.Input{Table: all}, analysis.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	// Counted apart from the movements in price/preprocessed.
	if got := benchmark.Parts[0].Rows; got != movements(t, root) {
		t.Errorf("got %d rows of train, want %d", got, movements(t, root))
	}
}

// movements counts the movements of the data set's own preprocessing that are
// neither small nor from before 2014.
func movements(t *testing.T, root string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "price", "preprocessed", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files of movements (%v)", len(files), err)
	}
	count := 0
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(body)) {
			cells := strings.Split(line, "\t")
			// As text: the file has six decimals.
			small := cells[1] < "0.005500" && !strings.HasPrefix(cells[1], "-") || strings.HasPrefix(cells[1], "-") && cells[1] <= "-0.005000"
			if cells[0] >= "2014-01-01" && !small {
				count++
			}
		}
	}
	return count
}
