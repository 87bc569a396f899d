//go:build shared

package tape_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cashtag/internal/tape"
	"cashtag/schemas"
)

// TestRecordedStockNet plays a real tape and counts it again by other means.
func TestRecordedStockNet(t *testing.T) {
	t.Parallel()
	root := filepath.Join(cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data")), "stocknet")
	played := events(t, os.DirFS(root), tape.Options{})

	want := recordedTickers(t, root)
	tweets := only[*schemas.Tweet](played)
	if len(tweets) != len(want) || len(tweets) < 9000 {
		t.Errorf("got %d tweets, want the %d distinct ids", len(tweets), len(want))
	}
	for _, tweet := range tweets {
		if got := slices.Sorted(slices.Values(tweet.Tickers)); !slices.Equal(got, want[tweet.PostID]) {
			t.Errorf("tweet %s: got tickers %v, want %v", tweet.PostID, got, want[tweet.PostID])
		}
	}
	// 65 sessions from 2014-04-30 to 2014-07-31, 10 tickers.
	if got := len(only[*schemas.Quote](played)); got != 650 {
		t.Errorf("got %d bars, want 650", got)
	}
	states := make(map[string]int)
	for _, session := range only[*schemas.Session](played) {
		states[session.State]++
	}
	if states["opened"] != 65 || states["closed"] != 64 || states["early_close"] != 1 {
		t.Errorf("got sessions %v, want 65 opened, 64 closed and 1 early_close", states)
	}
	again := events(t, os.DirFS(root), tape.Options{})
	if !slices.Equal(encodeAll(t, played), encodeAll(t, again)) {
		t.Error("got other events on the second reading, want the same bytes")
	}
}

// recordedTickers reads the folders without this package: the tickers of each
// post id, sorted.
func recordedTickers(t *testing.T, root string) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "tweet", "raw", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	followed := make(map[string]bool)
	for _, path := range paths {
		followed[filepath.Base(filepath.Dir(path))] = true
	}
	cashtag := regexp.MustCompile(`\$[A-Za-z][A-Za-z0-9.\-]*`)
	found := make(map[string][]string)
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		scanner := bufio.NewScanner(f)
		scanner.Buffer(nil, schemas.MaxEventBytes)
		for scanner.Scan() {
			var s struct {
				ID   string `json:"id_str"`
				Text string `json:"text"`
			}
			if err := json.Unmarshal(scanner.Bytes(), &s); err != nil {
				t.Fatal(err)
			}
			found[s.ID] = append(found[s.ID], filepath.Base(filepath.Dir(path)))
			for _, tag := range cashtag.FindAllString(s.Text, -1) {
				if ticker := strings.ToUpper(strings.Trim(tag, "$.-")); followed[ticker] {
					found[s.ID] = append(found[s.ID], ticker)
				}
			}
		}
		if err := scanner.Err(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for id, tickers := range found {
		slices.Sort(tickers)
		found[id] = slices.Compact(tickers)
	}
	return found
}
