package analysis_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/services/analysis"
)

// hand is a tape of two tickers made by hand: 30 sessions, one ticker rising one
// percent a session but for what is said below.
func hand(t *testing.T) (events []schemas.Event, sessions []calendar.Session) {
	t.Helper()
	for session := range calendar.XNYS().Range(calendar.NewDate(2014, 6, 2), calendar.NewDate(2014, 7, 20)) {
		sessions = append(sessions, session)
	}
	price := map[string]float64{"UP": 100, "DOWN": 100}
	for at, session := range sessions {
		for _, ticker := range []string{"DOWN", "UP"} {
			before := price[ticker]
			movement := map[string]float64{"UP": 0.01, "DOWN": -0.01}[ticker]
			if at == 25 && ticker == "UP" {
				movement = 0.1
			}
			if at == 25 && ticker == "DOWN" {
				movement = -0.013
			}
			if at%2 == 1 {
				movement /= 2 // so that there is a deviation
			}
			price[ticker] *= 1 + movement
			events = append(events, dailyBar(ticker, session, before*1.002, price[ticker], int64(1000*(1+at%2))))
		}
	}
	return events, sessions
}

func rowOf(t *testing.T, table *analysis.Table, ticker string, date calendar.Date) analysis.Row {
	t.Helper()
	for _, row := range table.Rows {
		if row.Ticker == ticker && row.Date == date {
			return row
		}
	}
	t.Fatalf("there is no row of %s on %s", ticker, date)
	return analysis.Row{}
}

func value(t *testing.T, table *analysis.Table, row analysis.Row, column string) float64 {
	t.Helper()
	for i, name := range table.Columns {
		if name == column {
			return row.Values[i]
		}
	}
	t.Fatalf("there is no column %s", column)
	return 0
}

func TestTableAtTheClose(t *testing.T) {
	t.Parallel()
	events, sessions := hand(t)
	day, before, earlier := sessions[25], sessions[24], sessions[23]
	events = append(events,
		tweet(1, "UP", "$UP first of the window http://x.co", earlier.Close),
		tweet(2, "UP", "$UP and last 2014", before.Close.Add(-time.Second)),
		tweet(3, "UP", "$UP too late", before.Close),
		tweet(4, "UP", "$UP of before", earlier.Close.Add(-time.Second)),
		tweet(5, "DOWN", "$DOWN", before.Open),
	)
	table, err := analysis.FromTape(yield(events), "hand", analysis.CutoffClose, true)
	if err != nil {
		t.Fatal(err)
	}
	row := rowOf(t, table, "UP", day.Date)
	if got, want := strings.Join(row.Words, " "), "first of the window and last"; got != want {
		t.Errorf("got words %q, want %q", got, want)
	}
	if row.Cutoff != before.Close || row.LatestInput != before.Close {
		t.Errorf("got cut-off %s and newest input %s, want both %s, the last bar's", row.Cutoff, row.LatestInput, before.Close)
	}
	for column, want := range map[string]float64{
		"posts_log": math.Log(3), "users_log": math.Log(3), "posts_per_user": 1, "market_posts_log": math.Log(4),
		"price_return": 0.01, "exclusive_share": 1, "repost_share": 0, "volume_log": math.Log(1001),
		"price_return_5": 1.01*1.005*1.01*1.005*1.01 - 1, "volume_ratio": math.Log(1000 / 1500.0),
	} {
		if got := value(t, table, row, column); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", column, got, want)
		}
	}
	if got := value(t, table, row, "posts_z"); !math.IsNaN(got) {
		t.Errorf("got posts_z %v of a ticker that is followed for two days, want none", got)
	}
	o := row.Outcome
	for name, pair := range map[string][2]float64{
		"return": {o.Return, 0.05}, "close to close": {o.CloseToClose, 0.05}, "gap": {o.Gap, 0.002}, "large": {o.Large, 1},
		"relative": {o.Relative, 0}, "volume": {o.Volume, math.Log(2000 / 1500.0)}, "same day": {o.SameDay, 1},
	} {
		if name == "relative" { // two tickers have no median
			if !math.IsNaN(pair[0]) {
				t.Errorf("got relative %v of two tickers, want none", pair[0])
			}
			continue
		}
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
	// Its movements deviate by .26 percent: .65 is two and a half of that, .5 is less
	// than two.
	if at25, at23 := rowOf(t, table, "DOWN", day.Date).Outcome, rowOf(t, table, "DOWN", earlier.Date).Outcome; at25.Large != 1 || at23.Large != 0 {
		t.Errorf("got large %v for %v and %v for %v, want 1 and 0", at25.Large, at25.Return, at23.Large, at23.Return)
	}
	if got := rowOf(t, table, "UP", sessions[26].Date).Outcome.Large; got != 0 {
		t.Errorf("got large %v after a session of one percent, want 0", got)
	}
}

func TestTableAtTheOpening(t *testing.T) {
	t.Parallel()
	events, sessions := hand(t)
	day, before := sessions[25], sessions[24]
	events = append(events,
		tweet(1, "UP", "$UP during the session before", before.Close.Add(-time.Second)),
		tweet(2, "UP", "$UP overnight", before.Close),
		tweet(3, "UP", "$UP rings", day.Open),
	)
	table, err := analysis.FromTape(yield(events), "hand", analysis.CutoffOpen, false)
	if err != nil {
		t.Fatal(err)
	}
	row := rowOf(t, table, "UP", day.Date)
	if got := strings.Join(row.Words, " "); got != "overnight" || row.Cutoff != day.Open {
		t.Errorf("got words %q at %s, want those of the night at %s", got, row.Cutoff, day.Open)
	}
	// From the opening, which stands .2 percent above the close before.
	if want := 1.05/1.002 - 1; math.Abs(row.Outcome.Return-want) > 1e-9 || row.Outcome.Large != 1 || row.Outcome.SameDay != 1 {
		t.Errorf("got %+v, want a movement of %v", row.Outcome, want)
	}
	if first := table.Dates()[0]; first.Compare(before.Date) < 0 {
		t.Errorf("got a row of %s, want none from before the first post", first)
	}
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	const good = `ticker,date,schema,window,revision,posts_log,sentiment_mean,label_return,label_large_move,audit_gap,text
MSFT,2014-06-03,abc,day,7,1.5,,-0.01,0,0.001,"$MSFT falls, again"
AAPL,2014-06-03,abc,day,8,2.5,0.25,0.02,1,,
IBM,2014-06-03,abc,day,8,0,0,0.01,0,,
`
	table, err := analysis.ReadCSV(strings.NewReader(good), "rows.csv", analysis.CutoffClose)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(table.Columns, " "); got != "posts_log sentiment_mean" || table.Schema != "abc" || table.Window != "day" || !table.Labelled() {
		t.Errorf("got columns %q, schema %s, window %s", got, table.Schema, table.Window)
	}
	row := table.Rows[2]
	if row.Ticker != "MSFT" || row.Values[0] != 1.5 || !math.IsNaN(row.Values[1]) || strings.Join(row.Words, " ") != "falls again" {
		t.Errorf("got %+v, want the row of MSFT last", row)
	}
	if row.Outcome.Return != -0.01 || row.Outcome.Large != 0 || row.Outcome.Gap != 0.001 || !math.IsNaN(row.Outcome.Volume) || math.Abs(row.Outcome.Relative+0.02) > 1e-12 {
		t.Errorf("got %+v, want the labels, and two percent below the median", row.Outcome)
	}
	if want := time.Date(2014, 6, 2, 20, 0, 0, 0, time.UTC); !row.Cutoff.Equal(want) {
		t.Errorf("got cut-off %s, want %s", row.Cutoff, want)
	}

	tests := []struct {
		name, text, want string
	}{
		{"empty", "", "no header"},
		{"only a header", "ticker,date\n", "no rows"},
		{"no ticker", "date,a\n2014-06-03,1\n", "there is no column ticker: the header has date, a"},
		{"a column twice", "ticker,date,a,a\n", "column a is there twice"},
		{"no date", "ticker,date,a\nX,June,1\n", "line 2: column date"},
		{"a Sunday", "ticker,date,a\nX,2014-06-01,1\n", "line 2: column date: no session of XNYS on 2014-06-01"},
		{"no number", "ticker,date,a\nX,2014-06-03,1\nX,2014-06-04,one\n", `line 3: column a is "one": must be a number or empty`},
		{"a label", "ticker,date,label_return\nX,2014-06-03,up\n", `line 2: column label_return is "up"`},
		{"a row twice", "ticker,date,a\nX,2014-06-03,1\nX,2014-06-03,1\n", "line 3: X on 2014-06-03 is there twice"},
		{"two schemas", "ticker,date,schema\nX,2014-06-03,a\nX,2014-06-04,b\n", "line 3: column schema is b"},
		{"a cut-off", "ticker,date,cutoff\nX,2014-06-03,noon\n", `line 2: column cutoff is "noon"`},
		{"a cut-off that is too late", "ticker,date,cutoff\nX,2014-06-03,2014-06-03T13:30:00Z\n", "line 2: column cutoff is 2014-06-03T13:30:00Z: the horizon of 2014-06-03 with cutoff 16:00 has begun by then"},
		{"a short row", "ticker,date,a\nX,2014-06-03\n", "line 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := analysis.ReadCSV(strings.NewReader(test.text), "rows.csv", analysis.CutoffClose)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "rows.csv") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestTakeFrom(t *testing.T) {
	t.Parallel()
	tape := smallWorld().table(t, analysis.CutoffClose)
	known := tape.Rows[100] // everything is known of it
	text := "ticker,date,a\n" + known.Ticker + "," + known.Date.String() + ",1\nOTHER,2014-06-03,1\n"
	read := func(text string) *analysis.Table {
		table, err := analysis.ReadCSV(strings.NewReader(text), "rows.csv", analysis.CutoffClose)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	table := read(text)
	if err := table.TakeFrom(tape); err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != 1 || table.Rows[0].Outcome != known.Outcome || len(table.Rows[0].Words) != len(known.Words) || table.Rows[0].Values[0] != 1 {
		t.Errorf("got %+v, want the tape's outcome and words beside the file's value", table.Rows)
	}
	labelled := read(strings.Replace(strings.ReplaceAll(text, ",1\n", ",1,0.5\n"), ",a\n", ",a,label_return\n", 1))
	if err := labelled.TakeFrom(tape); err != nil {
		t.Fatal(err)
	}
	if o := labelled.Rows[0].Outcome; o.Return != 0.5 || o.Gap != known.Outcome.Gap {
		t.Errorf("got %+v, want the file's own movement and the tape's gap", o)
	}
	if err := read("ticker,date,a\nOTHER,2014-06-03,1\n").TakeFrom(tape); err == nil || !strings.Contains(err.Error(), "no ticker and session in common") {
		t.Errorf("got %v for a tape of other tickers, want an error", err)
	}
}

// A data set's z of too few sessions is none, and what its windows' ends say of its
// inputs is believed.
func TestDataSet(t *testing.T) {
	t.Parallel()
	tape := smallWorld().table(t, analysis.CutoffClose)
	var csv strings.Builder
	csv.WriteString("ticker,date,end_at,schema,posts_log,posts_z,baseline_sessions\n")
	for i, row := range tape.Rows {
		fmt.Fprintf(&csv, "%s,%s,%s,abc,%v,%v,%d\n", row.Ticker, row.Date, row.Cutoff.Format(time.RFC3339), row.Values[0], 2, i/20)
	}
	read := func(text string) (*analysis.Report, error) {
		table, err := analysis.ReadCSV(strings.NewReader(text), "rows.csv", analysis.CutoffClose)
		if err != nil {
			t.Fatal(err)
		}
		if err := table.TakeFrom(tape); err != nil {
			t.Fatal(err)
		}
		c := quick()
		c.Targets, c.Configurations = []analysis.Target{analysis.Direction}, []analysis.Configuration{{Name: "all", Columns: []string{"*"}, Text: true}}
		return analysis.Run(t.Context(), analysis.Input{Table: table}, c)
	}
	report, err := read(csv.String())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := report.Attention[0].Rows, len(tape.Rows)-200; got != want {
		t.Errorf("got lift over %d rows, want the %d with ten sessions to compare with", got, want)
	}
	late := strings.Replace(csv.String(), tape.Rows[7].Cutoff.Format(time.RFC3339), tape.Rows[7].Cutoff.Add(time.Hour).Format(time.RFC3339), 1)
	if _, err := read(late); err == nil || !strings.Contains(err.Error(), "leak alarm same-day tweets") {
		t.Errorf("got %v for a window that ends after the cut-off, want a leak", err)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("ticker,date,a,label_return\nX,2014-06-03,1,0.5\n")
	f.Add("ticker,date,cutoff,text\nX,2014-06-03,2014-06-02T20:00:00Z,\"a, b\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := analysis.ReadCSV(strings.NewReader(text), "rows.csv", analysis.CutoffClose)
		if err != nil {
			return
		}
		for _, row := range table.Rows {
			if len(row.Values) != len(table.Columns) {
				t.Fatalf("got %d values for %d columns", len(row.Values), len(table.Columns))
			}
		}
	})
}

func FuzzReadConfig(f *testing.F) {
	f.Add("targets: [direction]\nc: [0.1]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := analysis.ReadConfig(strings.NewReader(text))
		if err == nil && c.Validate() != nil {
			t.Error("got a configuration that does not validate")
		}
	})
}
