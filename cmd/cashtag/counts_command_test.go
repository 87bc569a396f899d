package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
)

var countedAt = time.Date(2026, 3, 18, 15, 0, 0, 0, time.UTC)

// countsOf is the event of a source's minute in a run, in which so much was
// accepted and twice as much filtered out.
func countsOf(source, run string, minute int, accepted int64, tickers ...string) schemas.Event {
	outcomes := schemas.Outcomes{Seen: 3 * accepted, Accepted: accepted, Filtered: 2 * accepted}
	data := &schemas.Counts{
		Source: source, MinuteAt: countedAt.Add(time.Duration(minute) * time.Minute), RunID: "01K3F4Y6Q0V8W5T2R9P7N4M1J" + run,
		Minute: outcomes, Run: outcomes, Tickers: []schemas.TickerCounts{},
	}
	for _, ticker := range tickers {
		data.Tickers = append(data.Tickers, schemas.TickerCounts{Ticker: ticker, Accepted: accepted})
	}
	return schemas.New(schemas.CountsID(source, data.MinuteAt, data.RunID), schemas.ServiceSource("counts"), source, data.MinuteAt, data)
}

func TestCounts(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.publish(t,
		countsOf("x", "A", 0, 10, "AAPL", "MSFT"), countsOf("x", "B", 0, 5, "MSFT"), countsOf("x", "B", 1, 1, "MSFT"),
		countsOf("bluesky", "A", 0, 0), countsOf("iex", "A", 0, 7, "AAPL"))

	table := c.cashtag(t, "counts")
	table.want(t, exitDone, "")
	var got []string
	for line := range strings.Lines(table.out) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"SOURCE MINUTE SEEN ACCEPTED FILTERED DUPLICATES MALFORMED",
		"bluesky 2026-03-18 15:00Z 0 0 0 0 0", "bluesky total 0 0 0 0 0",
		"iex 2026-03-18 15:00Z 21 7 14 0 0", "iex total 21 7 14 0 0",
		"x 2026-03-18 15:00Z 45 15 30 0 0", "x 2026-03-18 15:01Z 3 1 2 0 0", "x total 48 16 32 0 0", "",
		"TICKER ACCEPTED FILTERED DUPLICATES MALFORMED", "AAPL 17 0 0 0", "MSFT 16 0 0 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	one := c.cashtag(t, "counts", "--source", "x", "--json")
	one.want(t, exitDone, "")
	var report countsReport
	if err := json.Unmarshal([]byte(one.out), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Minutes) != 2 || len(report.Sources) != 1 || report.Sources["x"].Accepted != 16 || report.Tickers[0].Ticker != "MSFT" {
		t.Errorf("got %+v, want two minutes of x, 16 accepted in all, MSFT first", report)
	}
}

// What is repeated counts once, what is no event is left out with a word.
func TestCountsOfAStrangeStream(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	event := countsOf("x", "A", 0, 10)
	c.publish(t, event)
	c.publishRaw(t, "counts.x", strings.TrimSpace(tapeOf(t, event)))
	c.publishRaw(t, "counts.x", "no event")
	c.publishRaw(t, "counts.x", strings.TrimSpace(tapeOf(t, event)[:40]))
	ended := c.cashtag(t, "counts")
	ended.want(t, exitDone, "2 messages of COUNTS are no counts and were left out")
	if got := ended.row(t, "x"); got[3] != "30" {
		t.Errorf("got %v, want 30 seen", got)
	}
}

func TestCountsOfNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.cashtag(t, "counts").want(t, exitDone, "nothing was counted in the last 1h0m0s")
	if got := c.cashtag(t, "counts", "--json"); got.out != `{"minutes":[],"sources":{},"tickers":[]}`+"\n" {
		t.Errorf("got %s, want an empty report", got.out)
	}
	c.publish(t, countsOf("x", "A", 0, 10))
	c.cashtag(t, "counts", "--source", "iex").want(t, exitDone, "nothing was counted")
	c.cashtag(t, "counts", "--since=-1h").want(t, exitUsage, "--since is -1h0m0s: must be positive")
	c.cashtag(t, "counts", "--source", "X.*").want(t, exitUsage, `--source is "X.*": must be a source's name`)
}
