package stocks_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cashtag/schemas"
	"cashtag/services/stocks"
	"cashtag/streams/ingest"
)

// decoded is what a frame becomes.
type decoded struct {
	events    []schemas.Event
	malformed int
	filtered  int
	err       error
}

func decode(t *testing.T, frame []byte, tickers ...string) decoded {
	t.Helper()
	counts := new(tally)
	d := stocks.NewFrames(counts, slog.New(slog.DiscardHandler), tickers...)
	events, err := d.Read(t.Context(), frame)
	return decoded{events: events, malformed: counts.of(ingest.Malformed), filtered: counts.of(ingest.Filtered), err: err}
}

func TestFramesBecomeEvents(t *testing.T) {
	const at = `"t":"2026-03-18T14:30:26.838232225Z"`
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	tests := []struct {
		name                string
		frame               string
		ids                 string
		malformed, filtered int
	}{
		{"a trade", `[{"T":"t","S":"AAPL","i":628,"x":"V","p":162.92,"s":3,"c":["@"],"z":"C",` + at + `}]`, "iex:trade:AAPL:2026-03-18:628", 0, 0},
		{"the type comes last", `[{` + at + `,"c":["@"],"p":162.92,"s":3,"i":628,"S":"AAPL","T":"t"}]`, "iex:trade:AAPL:2026-03-18:628", 0, 0},
		{"a quote of one side", `[{"T":"q","S":"AAPL","bp":0,"bs":0,"ap":1.5,"as":1,` + at + `}]`, "iex:quote:AAPL:2026-03-18T14:30:26.838232225Z", 0, 0},
		{"a quote of no side", `[{"T":"q","S":"AAPL","bp":0,"bs":0,"ap":0,"as":0,` + at + `}]`, "", 0, 1},
		{"a bar is stated at its end", `[{"T":"b","S":"AAPL","o":1,"h":1,"l":1,"c":1,"v":1e2,"t":"2026-03-18T14:30:00Z"}]`, "iex:bar:AAPL:2026-03-18T14:31:00Z", 0, 0},
		{"a halt", `[{"T":"s","S":"AAPL","sc":"H","rc":"T12","rm":"asked","z":"C",` + at + `}]`, "XNYS:AAPL:halted:2026-03-18T14:30:26.838232225Z", 0, 0},
		{"a halt on tape A", `[{"T":"s","S":"AAPL","sc":"2","rc":"N","z":"A",` + at + `}]`, "XNYS:AAPL:halted:2026-03-18T14:30:26.838232225Z", 0, 0},
		{"a volatility pause on tape A", `[{"T":"s","S":"AAPL","sc":"2","rc":"M","z":"A",` + at + `}]`, "XNYS:AAPL:paused:2026-03-18T14:30:26.838232225Z", 0, 0},
		{"a status that does not say whether there is trading", `[{"T":"s","S":"AAPL","sc":"5","z":"A",` + at + `}]`, "", 0, 1},
		{
			"other types are passed over", `[{"T":"l","S":"AAPL","u":3.24,"d":2.65,"i":"B",` + at + `},{"T":"c","S":"AAPL","oc":[" "],` + at + `},` +
				`{"T":"x","S":"AAPL","i":465,"a":"C"},{"T":"i","S":"AAPL","p":9.12},{"T":"u","S":"AAPL"},{"T":"d","S":"AAPL"}]`, "", 0, 6,
		},
		{"nobody follows it", `[{"T":"t","S":"TSLA","i":1,"p":1,"s":1,` + at + `}]`, "", 0, 1},
		{"one of two is broken", `[{"T":"t","S":"AAPL","i":1,"p":"1","s":1,` + at + `},{"T":"t","S":"AAPL","i":2,"p":1,"s":1,` + at + `}]`, "iex:trade:AAPL:2026-03-18:2", 1, 0},
		{"a time that is none", `[{"T":"t","S":"AAPL","i":1,"p":1,"s":1,"t":"yesterday"}]`, "", 1, 0},
		{"no time", `[{"T":"t","S":"AAPL","i":1,"p":1,"s":1}]`, "", 1, 0},
		{"no time of a bar", `[{"T":"b","S":"AAPL","o":1,"h":1,"l":1,"c":1,"v":1}]`, "", 1, 0},
		{"no price", `[{"T":"t","S":"AAPL","i":1,"s":1,` + at + `}]`, "", 1, 0},
		{"half a share", `[{"T":"t","S":"AAPL","i":1,"p":1,"s":0.5,` + at + `}]`, "", 1, 0},
		{"a number beyond all", `[{"T":"t","S":"AAPL","i":1,"p":1e999,"s":1,` + at + `}]`, "", 1, 0},
		{"too long a text", `[{"T":"t","S":"AAPL","x":"` + strings.Repeat("x", 600) + `","p":1,"s":1,` + at + `}]`, "", 1, 0},
		{"too many conditions", `[{"T":"t","S":"AAPL","c":[` + strings.Repeat(`"@",`, 100) + `"@"],"p":1,"s":1,` + at + `}]`, "", 1, 0},
		{"nested too deep", `[{"T":"t","extra":` + deep + `}]`, "", 1, 0},
		{"no array", `{"T":"t"}`, "", 1, 0},
		{"no objects", `[1,"a",{"T":"t","S":"AAPL","i":2,"p":1,"s":1,` + at + `}]`, "iex:trade:AAPL:2026-03-18:2", 2, 0},
		{"too long a frame", `[` + strings.Repeat(" ", 1<<20) + `]`, "", 1, 0},
		{"too many messages", `[` + strings.Repeat(`{},`, 10_000) + `{}]`, "", 1, 0},
		{"nothing", ``, "", 1, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decode(t, []byte(test.frame), "AAPL")
			if ids := strings.Join(idsOf(got.events), " "); ids != test.ids {
				t.Errorf("events: got %q, want %q", ids, test.ids)
			}
			if got.malformed != test.malformed || got.filtered != test.filtered || got.err != nil {
				t.Errorf("got %d malformed, %d filtered, error %v, want %d and %d", got.malformed, got.filtered, got.err, test.malformed, test.filtered)
			}
			for _, event := range got.events {
				if err := event.Validate(); err != nil {
					t.Errorf("event %s: %v", event.ID, err)
				}
			}
		})
	}
}

func TestLotsAreShares(t *testing.T) {
	got := decode(t, []byte(`[{"T":"q","S":"AAPL","bp":162.9,"bs":1,"ap":162.95,"as":2,"t":"2026-03-18T14:30:26Z"}]`), "AAPL")
	if len(got.events) != 1 {
		t.Fatalf("got %d events, want 1", len(got.events))
	}
	want := schemas.Book{Bid: 162.9, BidSize: 100, Ask: 162.95, AskSize: 200}
	if book := got.events[0].Data.(*schemas.Quote).Book; *book != want {
		t.Errorf("got %+v, want %+v", *book, want)
	}
}

// TestMarketWideHalt states the halt of the market once, and its end.
func TestMarketWideHalt(t *testing.T) {
	frame := `[{"T":"s","S":"AAPL","sc":"H","rc":"MWC1","z":"C","t":"2026-03-18T14:30:00Z"},` +
		`{"T":"s","S":"MSFT","sc":"H","rc":"MWC1","z":"C","t":"2026-03-18T14:30:00.1Z"},` +
		`{"T":"s","S":"IBM","sc":"2","rc":"1","z":"A","t":"2026-03-18T14:30:00.2Z"},` +
		`{"T":"s","S":"AAPL","sc":"Q","rc":"MWCQ","z":"C","t":"2026-03-18T14:45:00Z"},` +
		`{"T":"s","S":"IBM","sc":"3","z":"A","t":"2026-03-18T14:45:01Z"}]`
	want := []string{
		"XNYS:session:halted:2026-03-18T14:30:00Z", "XNYS:AAPL:halted:2026-03-18T14:30:00Z", "XNYS:MSFT:halted:2026-03-18T14:30:00.1Z",
		"XNYS:IBM:halted:2026-03-18T14:30:00.2Z",
		"XNYS:session:resumed:2026-03-18T14:45:00Z", "XNYS:AAPL:quoting:2026-03-18T14:45:00Z", "XNYS:IBM:trading:2026-03-18T14:45:01Z",
	}
	got := decode(t, []byte(frame), "AAPL", "MSFT", "IBM")
	if ids := strings.Join(idsOf(got.events), "\n"); ids != strings.Join(want, "\n") {
		t.Fatalf("got\n%s\nwant\n%s", ids, strings.Join(want, "\n"))
	}
	session := got.events[0].Data.(*schemas.Session)
	if session.Reason != schemas.ReasonFeed || session.Date != "2026-03-18" || !session.OpensAt.Equal(opening) {
		t.Errorf("session: got %+v", session)
	}
}

func FuzzFrame(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, event := range decode(t, frame, "AAPL", "AMD", "SPY", "FAKEPACA").events {
			if err := event.Validate(); err != nil {
				t.Errorf("event %s: %v", event.ID, err)
			}
			if _, err := event.Encode(); err != nil {
				t.Errorf("encode: %v", err)
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, event := range stocks.Answers(t.Context(), body, "AAPL", "AMZN", "META") {
			if err := event.Validate(); err != nil {
				t.Errorf("event %s: %v", event.ID, err)
			}
		}
	})
}

// seeds are the documented frames and answers.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	var all [][]byte
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("seeds: got %d files, error %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatalf("seed: %v", err)
		}
		for line := range strings.Lines(string(body)) {
			all = append(all, []byte(strings.TrimSpace(line)))
		}
	}
	return all
}
