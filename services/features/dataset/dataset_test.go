package dataset_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/services/features"
	"cashtag/services/features/dataset"

	"github.com/parquet-go/parquet-go"
)

var tickers = []string{"AAPL", "FB", "T"}

func lengthScorer(_ context.Context, text string) (dataset.Score, error) {
	return dataset.Score{Label: []string{"positive", "negative"}[len(text)%2], Probability: 0.75}, nil
}

func config(cutoff string) dataset.Config {
	cfg := dataset.Config{Cutoff: cutoff, Features: features.DefaultConfig()}
	cfg.Features.Scorer, cfg.Features.ScorerVersion = "length", "1"
	return cfg
}

// world is 40 trading days, in order of time, and the close-to-close movement of
// each: that of AAPL is 1% up on even days and down on odd ones, and 9% on the last.
func world(tb testing.TB) (events []schemas.Event, first window.Day) {
	tb.Helper()
	market, dice := window.XNYS(), rand.New(rand.NewPCG(1, 1))
	first = market.Day(time.Date(2014, 5, 1, 14, 0, 0, 0, time.UTC).UnixNano())
	price, post := 100.0, 0
	for d := first; d < first+40; d++ {
		open, closing := time.Unix(0, market.Open(d)).UTC(), time.Unix(0, market.Close(d)).UTC()
		factor := 1.01
		if (d-first)%2 == 1 {
			factor = 0.99
		}
		if d == first+39 {
			factor = 1.09
		}
		price *= factor
		for i, ticker := range tickers {
			quote := &schemas.Quote{
				Feed: schemas.FeedStockNet, Kind: schemas.KindBar, Ticker: ticker, Delay: schemas.DelayEndOfDay, QuotedAt: closing, Price: price,
				Bar: &schemas.Bar{
					IntervalS: int64(closing.Sub(open).Seconds()), Open: price / 1.001, High: price * 1.02, Low: price * 0.9,
					Close: price, AdjClose: price * float64(i+1), Volume: 1000,
				},
			}
			events = append(events, schemas.New(schemas.QuoteID(quote), schemas.SourceStockNet, ticker, closing, quote))
		}
		from := market.Start(d)
		for range 12 {
			post++
			at := time.Unix(0, from+dice.Int64N(market.Close(d)-from)).UTC().Truncate(time.Second)
			ticker := tickers[dice.IntN(2)]
			events = append(events, schemas.New(schemas.TweetID("x", strconv.Itoa(post)), schemas.SourceX, ticker, at, &schemas.Tweet{
				Platform: "x", PostID: strconv.Itoa(post), CreatedAt: at, Text: strings.Repeat("a", dice.IntN(9)),
				Tickers: []string{ticker}, Cashtags: []string{ticker}, Author: schemas.Author{ID: strconv.Itoa(dice.IntN(5))},
			}))
		}
		for at := time.Unix(0, from).UTC(); !at.After(closing); at = at.Add(30 * time.Minute) {
			events = append(events, calendar.XNYS().Tick(at))
		}
	}
	slices.SortStableFunc(events, func(a, b schemas.Event) int { return a.Time.Compare(b.Time) })
	return events, first
}

func build(tb testing.TB, cutoff string, events []schemas.Event) *dataset.Table {
	tb.Helper()
	builder, err := dataset.New(config(cutoff), lengthScorer)
	if err != nil {
		tb.Fatal(err)
	}
	for _, event := range events {
		if err := builder.Add(tb.Context(), event); err != nil {
			tb.Fatal(err)
		}
	}
	table, err := builder.Table()
	if err != nil {
		tb.Fatal(err)
	}
	return table
}

func csvOf(tb testing.TB, table *dataset.Table) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := table.WriteCSV(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestOrderMakesNoDifference(t *testing.T) {
	t.Parallel()
	events, _ := world(t)
	for _, cutoff := range []string{dataset.CutoffClose, dataset.CutoffOpen} {
		want := csvOf(t, build(t, cutoff, events))
		moved, arrives := slices.Clone(events), make(map[string]time.Time)
		dice := rand.New(rand.NewPCG(2, 2))
		for _, event := range events {
			arrives[event.ID] = event.Time
			if event.Type != schemas.TypeClock {
				arrives[event.ID] = event.Time.Add(time.Duration(dice.Int64N(int64(50 * time.Hour))))
			}
		}
		slices.SortStableFunc(moved, func(a, b schemas.Event) int { return arrives[a.ID].Compare(arrives[b.ID]) })
		if got := csvOf(t, build(t, cutoff, moved)); !bytes.Equal(got, want) {
			gotLines, wantLines := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
			for i := range min(len(gotLines), len(wantLines)) {
				if !bytes.Equal(gotLines[i], wantLines[i]) {
					t.Errorf("cut-off %s: another order gives another table:\ngot  %s\nwant %s", cutoff, gotLines[i], wantLines[i])
					break
				}
			}
		}
	}
}

// Nothing after its cut-off is in a row: what a day gives while nothing later is
// known is what it gives at the end, byte for byte.
func TestRowsArePointInTime(t *testing.T) {
	t.Parallel()
	events, first := world(t)
	market := window.XNYS()
	for _, cutoff := range []string{dataset.CutoffClose, dataset.CutoffOpen} {
		whole := featureLines(t, build(t, cutoff, events))
		for _, n := range []window.Day{12, 25} {
			until := market.Close(first + n)
			if cutoff == dataset.CutoffOpen {
				until = market.Open(first + n)
			}
			var known []schemas.Event
			for _, event := range events {
				if event.Time.UnixNano() <= until {
					known = append(known, event)
				}
			}
			live := featureLines(t, build(t, cutoff, known))
			if len(live) < int(n)*len(tickers) || len(live) >= len(whole) {
				t.Fatalf("cut-off %s: got %d rows of %d after %d days", cutoff, len(live), len(whole), n)
			}
			for i := range live {
				if live[i] != whole[i] {
					t.Fatalf("cut-off %s, row %d:\nlive  %s\nlater %s", cutoff, i, live[i], whole[i])
				}
			}
		}
	}
}

// featureLines are the rows without their labels.
func featureLines(tb testing.TB, table *dataset.Table) []string {
	tb.Helper()
	records, err := csv.NewReader(bytes.NewReader(csvOf(tb, table))).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	labels := slices.Index(records[0], "label_return")
	var lines []string
	for _, record := range records[1:] {
		lines = append(lines, strings.Join(record[:labels], ","))
	}
	return lines
}

func TestLabels(t *testing.T) {
	t.Parallel()
	events, first := world(t)
	row := func(table *dataset.Table, ticker string, day window.Day) dataset.Row {
		for _, row := range table.Rows {
			if row.Feature.Ticker == ticker && row.Day == day {
				return row
			}
		}
		t.Fatalf("no row of %s on day %d", ticker, day-first)
		return dataset.Row{}
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 && (!math.IsNaN(got) || !math.IsNaN(want)) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	closing, open := build(t, dataset.CutoffClose, events), build(t, dataset.CutoffOpen, events)
	for _, ticker := range tickers {
		up := row(closing, ticker, first+20).Labels
		near("close to close", up.Return, 0.01)
		near("a usual move", up.Large, 0)
		near("up", up.StockNet, 1)
		near("volume", up.Volume, 0)
		near("relative", up.Relative, 0)
		near("gap", up.Gap, 1.01/1.001-1)
		near("down", row(closing, ticker, first+21).Labels.StockNet, 0)
		last := row(closing, ticker, first+39).Labels
		near("a large move", last.Large, 1)
		near("too early for a deviation", row(closing, ticker, first+5).Labels.Large, math.NaN())
		near("after the last price", row(closing, ticker, first+40).Labels.Return, math.NaN())
		near("open to close", row(open, ticker, first+20).Labels.Return, 0.001)
		near("audit", row(open, ticker, first+20).Labels.CloseToClose, 0.01)
	}
	at := row(closing, "T", first+20)
	if want := window.XNYS().Close(first + 19); at.CutoffAt().UnixNano() != want || at.Date != window.XNYS().Date(first+20) {
		t.Errorf("cut-off %s of %s: want the close of the session before", at.CutoffAt(), at.Date)
	}
}

func TestStockNetRule(t *testing.T) {
	t.Parallel()
	events, _ := world(t)
	for i, event := range events {
		if quote, ok := event.Data.(*schemas.Quote); ok {
			edited := *quote
			bar := *quote.Bar
			bar.AdjClose = 100
			edited.Bar = &bar
			events[i].Data = &edited
		}
	}
	for _, row := range build(t, dataset.CutoffClose, events).Rows {
		if !math.IsNaN(row.Labels.StockNet) {
			t.Fatalf("a movement of 0: got label %v, want none", row.Labels.StockNet)
		}
	}
}

func TestParquetIsTheCSV(t *testing.T) {
	t.Parallel()
	events, _ := world(t)
	table := build(t, dataset.CutoffOpen, events)
	var file, again bytes.Buffer
	if err := errors.Join(table.WriteParquet(&file), table.WriteParquet(&again)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Error("written twice: got other bytes")
	}
	records, err := csv.NewReader(bytes.NewReader(csvOf(t, table))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := opened.NumRows(), int64(len(records)-1); got != want {
		t.Fatalf("rows: got %d, want %d", got, want)
	}
	rows := opened.RowGroups()[0].Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, len(records)-1)
	for n := 0; n < len(buffer); {
		read, err := rows.ReadRows(buffer[n:])
		if n += read; err != nil && n < len(buffer) {
			t.Fatal(err)
		}
	}
	for column, name := range records[0] {
		leaf, ok := opened.Schema().Lookup(name)
		if !ok {
			t.Fatalf("no column %s", name)
		}
		for i, row := range buffer {
			value := row[leaf.ColumnIndex]
			got := ""
			switch {
			case value.IsNull():
			case value.Kind() == parquet.Double:
				got = strconv.FormatFloat(value.Double(), 'g', -1, 64)
			default:
				got = value.String()
			}
			if got != records[i+1][column] {
				t.Fatalf("row %d, column %s: got %q, want %q", i, name, got, records[i+1][column])
			}
		}
	}
}

func TestNothingToBuildFrom(t *testing.T) {
	t.Parallel()
	events, _ := world(t)
	noPrices := slices.DeleteFunc(slices.Clone(events), func(e schemas.Event) bool { return e.Type == schemas.TypeQuote })
	noClock := slices.DeleteFunc(slices.Clone(events), func(e schemas.Event) bool { return e.Type == schemas.TypeClock })
	for name, test := range map[string]struct {
		events []schemas.Event
		want   error
	}{
		"no prices": {noPrices, dataset.ErrNoPrices},
		"no clock":  {noClock, dataset.ErrNoRows},
		"nothing":   {nil, dataset.ErrNoPrices},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			builder, err := dataset.New(config(dataset.CutoffClose), lengthScorer)
			if err != nil {
				t.Fatal(err)
			}
			for _, event := range test.events {
				if err := builder.Add(t.Context(), event); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := builder.Table(); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	if _, err := dataset.New(config("12:00"), lengthScorer); err == nil || !strings.Contains(err.Error(), `cutoff is "12:00"`) {
		t.Errorf("cut-off 12:00: got %v", err)
	}
}
