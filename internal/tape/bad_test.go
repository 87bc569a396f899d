package tape_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"cashtag/internal/tape"
	"cashtag/schemas"
)

const (
	goodStatus = `{"id_str":"5","created_at":"Wed Jul 03 16:30:00 +0000 2024","text":"$AAPL","user":{"id_str":"7"}}`
	goodHeader = "Date,Open,High,Low,Close,Adj Close,Volume\n"
	goodPrice  = "2024-07-03,1,2,1,2,2,10\n"
	goodEvent  = `{"specversion":"1.0","id":"XNYS:clock:opened:2024-07-03T14:00:00Z","source":"/xnys","type":"cashtag.clock.v1","subject":"XNYS","time":"2024-07-03T14:00:00Z","datacontenttype":"application/json","dataschema":"urn:cashtag:schema:clock.v1","data":{"mic":"XNYS","open":true}}`
)

// TestBadRows puts one bad row before a good one: it is reported where it
// stands, and the good one plays.
func TestBadRows(t *testing.T) {
	t.Parallel()
	const tweets, prices, ours = "tweet/raw/AAPL/2024-07-03", "price/raw/AAPL.csv", "day.ndjson"
	tests := []struct {
		name, file, content string
		bad                 string // file, line and a part of the reason
	}{
		{"broken line", tweets, `{"id_str":"4","created_at"` + "\n" + goodStatus, tweets + ":1: decode status"},
		{"line that is no object", tweets, "\n\n[]\n" + goodStatus, tweets + ":3: decode status"},
		{"status without an id", tweets, strings.Replace(goodStatus, `"id_str":"5",`, "", 1) + "\n" + goodStatus, tweets + ":1: status has no id_str"},
		{"status with a null id", tweets, strings.Replace(goodStatus, `"5"`, "null", 1) + "\n" + goodStatus, tweets + ":1: status has no id_str"},
		{"id with a space", tweets, strings.Replace(goodStatus, `"5"`, `"5 6"`, 1) + "\n" + goodStatus, tweets + ":1: field id is"},
		{"date that does not parse", tweets, strings.Replace(goodStatus, "Wed Jul 03", "Wed Jul 45", 1) + "\n" + goodStatus, tweets + ":1: created_at"},
		{"no date", tweets, strings.Replace(goodStatus, "created_at", "crated_at", 1) + "\n" + goodStatus, tweets + ":1: created_at"},
		{"date beyond the calendar", tweets, strings.Replace(goodStatus, "2024", "1980", 1) + "\n" + goodStatus, tweets + ":1: created_at: calendar"},
		{"status without an author", tweets, strings.Replace(goodStatus, `{"id_str":"7"}`, "null", 1) + "\n" + goodStatus, tweets + ":1: field data.author.id"},
		{"line that is too long", tweets, strings.Repeat("x", schemas.MaxEventBytes+10) + "\n" + goodStatus, tweets + ":1: line is longer than"},
		{"last line is too long", tweets, goodStatus + "\n" + strings.Repeat("x", 3<<20), tweets + ":2: line is longer than"},
		{"folder that is no ticker", "tweet/raw/_x/2024-07-03", goodStatus, "tweet/raw/_x: ticker"},

		{"text in a number", prices, goodHeader + "2024-07-02,1,2,n/a,2,2,10\n" + goodPrice, prices + ":2: column Low"},
		{"text in the volume", prices, goodHeader + "2024-07-02,1,2,1,2,2,many\n" + goodPrice, prices + ":2: column Volume"},
		{"price that is no number", prices, goodHeader + "2024-07-02,1,2,1,2,NaN,10\n" + goodPrice, prices + ":2: column Adj Close"},
		{"price of zero", prices, goodHeader + "2024-07-02,1,2,0,2,2,10\n" + goodPrice, prices + ":2: field data.bar.low"},
		{"high below low", prices, goodHeader + "2024-07-02,1,1,2,2,2,10\n" + goodPrice, prices + ":2: field data.bar.high"},
		{"missing columns", prices, goodHeader + "2024-07-02,1,2\n" + goodPrice, prices + ":2: row has 3 columns"},
		{"no date in a price row", prices, goodHeader + "yesterday,1,2,1,2,2,10\n" + goodPrice, prices + ":2: parse date"},
		{"holiday", prices, goodHeader + "2024-07-04,1,2,1,2,2,10\n" + goodPrice, prices + ":2: no session of XNYS on 2024-07-04"},
		{"second row for a date", prices, goodHeader + goodPrice + goodPrice, prices + ":3: a second row for 2024-07-03"},
		{"file without a header", prices, goodPrice + goodPrice, prices + ":1: header has no column Date"},

		{"broken event", ours, "{]\n" + goodEvent, ours + ":1: malformed event"},
		{"event of a type nobody knows", ours, strings.Replace(goodEvent, "clock.v1", "clock.v9", 1) + "\n" + goodEvent, ours + ":1: event"},
		{"event that breaks its schema", ours, strings.Replace(goodEvent, `"mic":"XNYS"`, `"mic":"x"`, 1) + "\n" + goodEvent, ours + ":1: field data.mic"},
		{"event line that is too long", ours, strings.Repeat(" ", 2<<20) + "\n" + goodEvent, ours + ":1: line is longer than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{test.file: file(test.content)}
			if strings.HasPrefix(test.file, "tweet/raw/_x") {
				fsys[tweets] = file(goodStatus)
			}
			played, bad := play(t, fsys, tape.Options{})
			if len(bad) != 1 || !strings.HasPrefix(bad[0].String(), test.bad) {
				t.Fatalf("got bad rows %v, want one that begins %q", bad, test.bad)
			}
			if len(bad[0].Reason) > 210 {
				t.Errorf("got a reason of %d bytes, want it cut", len(bad[0].Reason))
			}
			good := len(only[*schemas.Tweet](played)) + len(only[*schemas.Quote](played))
			if test.file == ours {
				good = len(played)
			}
			if want := 1; test.name != "file without a header" && good != want {
				t.Errorf("got %d good rows, want %d", good, want)
			}
		})
	}
}

// TestLongLines checks both sides of the limit of a line.
func TestLongLines(t *testing.T) {
	t.Parallel()
	padded := func(size int) string {
		rest := len(goodStatus) - 1
		return goodStatus[:rest] + strings.Repeat(" ", size-len(goodStatus)) + "}"
	}
	tests := []struct {
		name   string
		size   int
		tweets int
	}{
		{"longer than the read buffer", 200_000, 1},
		{"as long as is allowed", schemas.MaxEventBytes, 1},
		{"a few bytes over", schemas.MaxEventBytes + 3, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{"tweet/raw/AAPL/2024-07-03": file(padded(test.size) + "\r\n")}
			played, bad := play(t, fsys, tape.Options{})
			if got := len(only[*schemas.Tweet](played)); got != test.tweets || len(bad) != 1-test.tweets {
				t.Errorf("got %d tweets and bad rows %v, want %d tweets", got, bad, test.tweets)
			}
		})
	}
}
