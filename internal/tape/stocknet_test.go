package tape_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cashtag/internal/tape"
	"cashtag/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestStockNetGolden pins everything that a small tape says but the ticks: what
// is played for whom and when, in which order, byte for byte.
func TestStockNetGolden(t *testing.T) {
	t.Parallel()
	played, bad := play(t, os.DirFS(filepath.Join("testdata", "stocknet")), tape.Options{})
	if len(bad) != 0 {
		t.Errorf("got bad rows %v, want none", bad)
	}
	var got bytes.Buffer
	for _, event := range played {
		if _, tick := event.Data.(*schemas.Clock); tick {
			continue
		}
		encoded, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got.Write(append(encoded, '\n'))
	}
	golden := filepath.Join("testdata", "stocknet.golden")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
}

func TestStockNetTickers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, folders string
		want, cashtags      string
	}{
		{"in the order of the text", "$MSFT over $AAPL", "AAPL", "MSFT AAPL", "MSFT AAPL"},
		{"any case, once", "$aapl $Aapl $AAPL", "AAPL", "AAPL", "AAPL"},
		{"folders behind the text", "$MSFT only", "AAPL BRK.B", "MSFT AAPL BRK.B", "MSFT"},
		{"folders alone", "no tag at all", "BRK.B AAPL", "AAPL BRK.B", ""},
		{"tags that the tape does not follow", "$SPY $AAPL $QQQ", "AAPL", "AAPL", "SPY AAPL QQQ"},
		{"stop at the end of a sentence", "Out of $MSFT.", "AAPL", "MSFT AAPL", "MSFT"},
		{"ellipsis", "$MSFT...what now", "AAPL", "MSFT AAPL", "MSFT"},
		{"dash", "$MSFT- and $BRK.B--", "AAPL", "MSFT BRK.B AAPL", "MSFT BRK.B"},
		{"dot inside a symbol", "$brk.b!", "AAPL", "BRK.B AAPL", "BRK.B"},
		{"money is no cashtag", "from $100 to $1.5B $ AAPL", "AAPL", "AAPL", ""},
		{"part of a longer tag", "$AAPLX $MSFT.TO", "AAPL", "AAPL", "AAPLX MSFT.TO"},
		{"price file alone makes a ticker followed", "$INTC", "AAPL", "INTC AAPL", "INTC"},
		{"glued together", "$AAPL$MSFT", "AAPL", "AAPL MSFT", "AAPL MSFT"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{
				"tweet/raw/MSFT/2024-07-03":  file(""),
				"tweet/raw/BRK.B/2024-07-02": file(""),
				"price/raw/INTC.csv":         file("Date,Open,High,Low,Close,Adj Close,Volume\n"),
			}
			for folder := range strings.FieldsSeq(test.folders) {
				fsys["tweet/raw/"+folder+"/2024-07-03"] = file(status("1", "Wed Jul 03 16:30:00 +0000 2024", test.text))
			}
			played, bad := play(t, fsys, tape.Options{})
			if len(bad) != 0 {
				t.Fatalf("got bad rows %v, want none", bad)
			}
			tweets := only[*schemas.Tweet](played)
			if len(tweets) != 1 {
				t.Fatalf("got %d tweets, want 1", len(tweets))
			}
			if got := strings.Join(tweets[0].Tickers, " "); got != test.want {
				t.Errorf("got tickers %q, want %q", got, test.want)
			}
			if got := strings.Join(tweets[0].Cashtags, " "); got != test.cashtags {
				t.Errorf("got cashtags %q, want %q", got, test.cashtags)
			}
		})
	}
}

// TestStockNetClock holds the ticks to their rule: each minute of a session,
// both ends included, and each full hour outside of it, to past the last tweet.
func TestStockNetClock(t *testing.T) {
	t.Parallel()
	const early = "2024-07-03" // 13:30 to 17:00 UTC
	fsys := fstest.MapFS{"tweet/raw/AAPL/" + early: file(
		status("1", "Wed Jul 03 10:15:00 +0000 2024", "$AAPL") + "\n" +
			status("2", "Wed Jul 03 19:00:00 +0000 2024", "$AAPL"))}
	played, _ := play(t, fsys, tape.Options{})

	var want []string
	add := func(from, to string, step time.Duration) {
		at, end := clock(t, from), clock(t, to)
		for ; !at.After(end); at = at.Add(step) {
			want = append(want, at.Format(time.RFC3339))
		}
	}
	add("11:00", "13:00", time.Hour)
	add("13:30", "17:00", time.Minute)
	add("18:00", "20:00", time.Hour)
	var got []string
	for _, event := range played {
		if tick, ok := event.Data.(*schemas.Clock); ok {
			got = append(got, event.Time.Format(time.RFC3339))
			open := event.Time.Before(clock(t, "17:00")) && !event.Time.Before(clock(t, "13:30"))
			if tick.Open != open {
				t.Errorf("tick of %s: got open %t, want %t", event.Time, tick.Open, open)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got ticks\n%v\nwant\n%v", got, want)
	}
	last := played[len(played)-1]
	if _, tick := last.Data.(*schemas.Clock); !tick {
		t.Errorf("got %s as the last event, want a tick", last.ID)
	}
}

// TestStockNetStrayDate checks that one tweet dated decades off costs the
// sessions between, but not the ticks.
func TestStockNetStrayDate(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"tweet/raw/AAPL/2024-07-03": file(
		status("1", "Wed Jul 03 10:15:00 +0000 2024", "$AAPL") + "\n" +
			status("2", "Wed Jul 03 10:15:00 +0000 2080", "$AAPL"))}
	played, bad := play(t, fsys, tape.Options{})
	if len(bad) != 0 {
		t.Fatalf("got bad rows %v, want none", bad)
	}
	if got := len(only[*schemas.Clock](played)); got > 20_000 {
		t.Errorf("got %d ticks, want those of about a month", got)
	}
	if got := len(only[*schemas.Session](played)); got < 28_000 {
		t.Errorf("got %d openings and closes, want those of 56 years", got)
	}
}

func TestStockNetPrices(t *testing.T) {
	t.Parallel()
	small := os.DirFS(filepath.Join("testdata", "stocknet"))
	pricesOnly := fstest.MapFS{"price/raw/AAPL.csv": file(
		"Date,Open,High,Low,Close,Adj Close,Volume\n2024-07-01,1,2,1,2,2,10\n2024-07-03,2,3,2,3,3,10\n")}
	tests := []struct {
		name     string
		got      []schemas.Event
		bars     int
		sessions int
	}{
		{"dates of the tweets", events(t, small, tape.Options{}), 4, 4},
		{"all prices", events(t, small, tape.Options{AllPrices: true}), 6, 8},
		{"no tweets", events(t, pricesOnly, tape.Options{}), 2, 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := len(only[*schemas.Quote](test.got)); got != test.bars {
				t.Errorf("got %d bars, want %d", got, test.bars)
			}
			if got := len(only[*schemas.Session](test.got)); got != test.sessions {
				t.Errorf("got %d openings and closes, want %d", got, test.sessions)
			}
		})
	}
}

func status(id, createdAt, text string) string {
	return fmt.Sprintf(`{"id_str":%q,"created_at":%q,"text":%q,"user":{"id_str":"7"}}`, id, createdAt, text)
}

// clock is an hour of the day that closes early.
func clock(t *testing.T, hour string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", "2024-07-03 "+hour)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
