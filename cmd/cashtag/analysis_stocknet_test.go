package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cashtag/internal/calendar"
)

// fullStockNet is a directory in the layout of StockNet with the full set's numbers of
// tickers and of movements that count.
func fullStockNet(t *testing.T) string {
	t.Helper()
	dir, random := t.TempDir(), rand.New(rand.NewPCG(5, 5))
	sessions := slices.Collect(calendar.XNYS().Range(calendar.NewDate(2013, 12, 2), calendar.NewDate(2015, 12, 31)))
	const tickers = 87
	counts := make(map[int]bool) // by session and ticker
	for _, part := range []struct {
		from, to string
		rows     int
	}{{"2014-01-01", "2015-08-01", 20345}, {"2015-08-01", "2015-10-01", 2555}, {"2015-10-01", "2016-01-01", 3720}} {
		var cells []int
		for day, session := range sessions {
			if date := session.Date.String(); date >= part.from && date < part.to {
				for k := range tickers {
					cells = append(cells, day*tickers+k)
				}
			}
		}
		random.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
		for _, cell := range cells[:part.rows] {
			counts[cell] = true
		}
	}
	for _, sub := range []string{"price/raw", "tweet/raw"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for k := range tickers {
		price := 100.0
		var file strings.Builder
		file.WriteString("Date,Open,High,Low,Close,Adj Close,Volume\n")
		for day, session := range sessions {
			movement := 0.004 * (2*random.Float64() - 1)
			if counts[day*tickers+k] {
				movement = (0.006 + 0.02*random.Float64()) * float64(1-2*random.IntN(2))
			}
			open := price * (1 + 0.5*movement)
			price *= 1 + movement
			fmt.Fprintf(&file, "%s,%.6f,%.6f,%.6f,%.6f,%.6f,%d\n", session.Date, open, max(open, price), min(open, price), price, price, 1000+random.IntN(1000))
		}
		name := fmt.Sprintf("T%c%c.csv", 'A'+k/26, 'A'+k%26)
		if err := os.WriteFile(filepath.Join(dir, "price/raw", name), []byte(file.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestAnalysisStockNetCountsTheFullSet prints the full set's numbers of rows, and fails
// where a file is missing a day.
func TestAnalysisStockNetCountsTheFullSet(t *testing.T) {
	t.Parallel()
	dir := fullStockNet(t)
	got := local(t, "analysis", "stocknet", "--data", dir)
	if got.code != exitDone {
		t.Fatalf("got code %d and %s", got.code, got.err)
	}
	lines := strings.Split(got.out, "\n")
	for i, want := range []string{
		"train 2014-01-01 to 2015-08-01 20345 20345",
		"dev 2015-08-01 to 2015-10-01 2555 2555",
		"test 2015-10-01 to 2016-01-01 3720 3720",
	} {
		if line := strings.Join(strings.Fields(lines[i+1]), " "); line != want {
			t.Errorf("got %q, want %q", line, want)
		}
	}
	if strings.Contains(got.out, "not there") {
		t.Errorf("got a note that the set is not there in\n%s", got.out)
	}
	name := filepath.Join(dir, "price", "raw", "TAA.csv")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	half := whole[:len(whole)/2]
	if err := os.WriteFile(name, half[:strings.LastIndexByte(string(half), '\n')+1], 0o600); err != nil {
		t.Fatal(err)
	}
	got = local(t, "analysis", "stocknet", "--data", dir)
	if got.code != exitFailed || !strings.Contains(got.err, "the full StockNet set has 20345, 2555 and 3720: files are missing or were changed") {
		t.Errorf("got code %d and %s of a set that was cut, want 1", got.code, got.err)
	}
}
