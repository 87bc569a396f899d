package schemas_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
)

var posted = time.Date(2026, 8, 24, 17, 31, 5, 0, time.UTC)

func newTweet() *schemas.Tweet {
	return &schemas.Tweet{
		Platform:  schemas.PlatformX,
		PostID:    "1",
		CreatedAt: posted,
		Text:      "$AAPL up",
		Tickers:   []string{"AAPL"},
		Cashtags:  []string{"AAPL"},
		Author:    schemas.Author{ID: "7"},
	}
}

func newBar() *schemas.Quote {
	return &schemas.Quote{
		Feed: schemas.FeedStockNet, Kind: schemas.KindBar, Ticker: "AAPL", Delay: schemas.DelayEndOfDay,
		QuotedAt: posted, Price: 84.5,
		Bar: &schemas.Bar{IntervalS: 23400, Open: 84, High: 85, Low: 83, Close: 84.5},
	}
}

func TestNewMakesValidEvents(t *testing.T) {
	newYork := time.FixedZone("EDT", -4*60*60)
	event := schemas.New("x:1", schemas.SourceX, "AAPL", posted.In(newYork), newTweet())
	if err := event.Validate(); err != nil {
		t.Errorf("Validate: %v", err)
	}
	if event.Time != posted {
		t.Errorf("time: got %v, want %v in UTC", event.Time, posted)
	}
}

func TestValidateNamesTheField(t *testing.T) {
	tweet := func(edit func(*schemas.Tweet)) schemas.Event {
		data := newTweet()
		edit(data)
		return schemas.New("x:1", schemas.SourceX, "AAPL", posted, data)
	}
	quote := func(edit func(*schemas.Quote)) schemas.Event {
		data := newBar()
		edit(data)
		return schemas.New("stocknet:bar:1", schemas.SourceStockNet, "AAPL", posted, data)
	}
	later := posted.In(time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		event schemas.Event
		field string
	}{
		"zero event":             {schemas.Event{}, "specversion"},
		"no data":                {schemas.Event{SpecVersion: "1.0", ID: "x:1", Source: "/x", Subject: "AAPL"}, "data"},
		"zero time":              {schemas.New("x:1", "/x", "AAPL", time.Time{}, newTweet()), "time"},
		"real id, demo source":   {schemas.New("x:1", schemas.SourceDemoX, "AAPL", posted, newTweet()), "id"},
		"demo id, real source":   {schemas.New("demo:x:1", schemas.SourceX, "AAPL", posted, newTweet()), "id"},
		"demo id, source demos":  {schemas.New("demo:x:1", "/demos", "AAPL", posted, newTweet()), "id"},
		"text too long":          {tweet(func(d *schemas.Tweet) { d.Text = strings.Repeat("é", schemas.MaxTextBytes/2+1) }), "data.text"},
		"text not UTF-8":         {tweet(func(d *schemas.Tweet) { d.Text = "\xff" }), "data.text"},
		"post elsewhere in time": {tweet(func(d *schemas.Tweet) { d.CreatedAt = later }), "data.created_at"},
		"account elsewhere":      {tweet(func(d *schemas.Tweet) { d.Author.CreatedAt = &later }), "data.author.created_at"},
		"second ticker":          {tweet(func(d *schemas.Tweet) { d.Tickers = []string{"AAPL", "$FB"} }), "data.tickers[1]"},
		"ticker twice":           {tweet(func(d *schemas.Tweet) { d.Tickers = []string{"AAPL", "AAPL"} }), "data.tickers[1]"},
		"price not a number":     {quote(func(d *schemas.Quote) { d.Price = math.NaN() }), "data.price"},
		"price infinite":         {quote(func(d *schemas.Quote) { d.Bar.High = math.Inf(1) }), "data.bar.high"},
		"vwap not a number":      {quote(func(d *schemas.Quote) { d.Bar.VWAP = math.NaN() }), "data.bar.vwap"},
		"high below low":         {quote(func(d *schemas.Quote) { d.Bar.High = 82 }), "data.bar.high"},
	} {
		t.Run(name, func(t *testing.T) {
			var field *schemas.FieldError
			if err := test.event.Validate(); !errors.As(err, &field) {
				t.Fatalf("error: got %v, want a FieldError", err)
			}
			if field.Field != test.field {
				t.Errorf("field: got %q, want %q", field.Field, test.field)
			}
		})
	}
}

func TestTextAtItsBoundIsValid(t *testing.T) {
	data := newTweet()
	data.Text = strings.Repeat("é", schemas.MaxTextBytes/2)
	if err := schemas.New("x:1", schemas.SourceX, "AAPL", posted, data).Validate(); err != nil {
		t.Errorf("Validate: %v", err)
	}
}

func TestFieldErrorIsShort(t *testing.T) {
	err := &schemas.FieldError{Field: "data.text", Value: strings.Repeat("é", 50_000), Want: "must be shorter"}
	want := `field data.text is "` + strings.Repeat("é", 40) + `...": must be shorter`
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		line string
		want error
	}{
		"nothing":            {"", schemas.ErrMalformed},
		"text":               {"hello", schemas.ErrMalformed},
		"a list":             {"[]", schemas.ErrMalformed},
		"half an event":      {`{"id":"x:1","type":"cashtag.clock.v1","data":{`, schemas.ErrMalformed},
		"two events":         {`{"type":"cashtag.clock.v1","data":{}}{}`, schemas.ErrMalformed},
		"no type":            {`{"id":"x:1","data":{}}`, schemas.ErrUnknownType},
		"a type of tomorrow": {`{"id":"x:1","type":"cashtag.clock.v9","data":{}}`, schemas.ErrUnknownType},
		"no data":            {`{"id":"x:1","type":"cashtag.clock.v1"}`, schemas.ErrMalformed},
		"null data":          {`{"id":"x:1","type":"cashtag.clock.v1","data":null}`, schemas.ErrMalformed},
		"data of a kind":     {`{"id":"x:1","type":"cashtag.clock.v1","data":{"open":1}}`, schemas.ErrMalformed},
		"a time of a kind":   {`{"id":"x:1","type":"cashtag.clock.v1","time":"today","data":{}}`, schemas.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := schemas.Decode([]byte(test.line)); !errors.Is(err, test.want) {
				t.Errorf("error: got %v, want %v", err, test.want)
			}
		})
	}
}

func TestEncodeIsOneLineOfPlainText(t *testing.T) {
	data := newTweet()
	data.Text = "a < b & c > d\n\u2028"
	line, err := schemas.New("x:1", schemas.SourceX, "AAPL", posted, data).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(line), "\n\r") {
		t.Errorf("got %q, want one line", line)
	}
	if !strings.Contains(string(line), `"a < b & c > d\n`) {
		t.Errorf("got %s, want the text without HTML escapes", line)
	}
}

func TestIDsAreDeterministic(t *testing.T) {
	trade := &schemas.Quote{
		Feed: "iex", Kind: "trade", Ticker: "AAPL", QuotedAt: posted,
		Trade: &schemas.Trade{ID: "628"},
	}
	nameless := &schemas.Quote{Feed: "cboe", Kind: "trade", Ticker: "AAPL", QuotedAt: posted.Add(1), Trade: &schemas.Trade{}}
	for name, test := range map[string]struct{ got, want string }{
		"tweet":          {schemas.TweetID("x", "1"), "x:1"},
		"deletion":       {schemas.TweetDeletedID(schemas.TweetID("x", "1")), "x:1:deleted"},
		"trade":          {schemas.QuoteID(trade), "iex:trade:AAPL:2026-08-24:628"},
		"nameless trade": {schemas.QuoteID(nameless), "cboe:trade:AAPL:2026-08-24T17:31:05.000000001Z"},
		"override":       {schemas.OverrideID("XNYS", "opened", 17), "XNYS:session:opened:revision-17"},
		"session":        {schemas.SessionID("XNYS", "opened", posted), "XNYS:session:opened:2026-08-24T17:31:05Z"},
		"symbol":         {schemas.SymbolID("XNYS", "AAPL", "halted", posted), "XNYS:AAPL:halted:2026-08-24T17:31:05Z"},
		"clock, open":    {schemas.ClockID("XNYS", true, posted), "XNYS:clock:opened:2026-08-24T17:31:05Z"},
		"clock, closed":  {schemas.ClockID("XNYS", false, posted), "XNYS:clock:closed:2026-08-24T17:31:05Z"},
		"sentiment":      {schemas.SentimentID("x:1", "AAPL", "cdipaolo", "2"), "x:1:AAPL:cdipaolo:2"},
		"dead letter":    {schemas.DeadID("mongo", "TWEETS", 42), "mongo:TWEETS:42"},
		"trained":        {schemas.ModelID(&schemas.Model{Name: "up", Version: "1", Verb: "trained", StatedAt: posted}), "up:1:trained"},
		"promoted":       {schemas.ModelID(&schemas.Model{Name: "up", Version: "1", Verb: "promoted", StatedAt: posted.Add(1)}), "up:1:promoted:2026-08-24T17:31:05.000000001Z"},
		"prediction": {schemas.PredictionID(&schemas.Prediction{
			Model: "up", Version: "1", Target: "direction", Ticker: "AAPL", PredictedAt: posted, HorizonS: 86400, Revision: 7,
		}), "up:1:direction:AAPL:2026-08-24T17:31:05Z:86400:7"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		})
	}
}

func TestIsDemo(t *testing.T) {
	for source, want := range map[string]bool{
		schemas.SourceX: false, schemas.SourceXNYS: false, schemas.ServiceSource("mongo"): false, "/demos": false,
		schemas.SourceDemoX: true, schemas.SourceDemoSentiment: true, "/demo": true,
	} {
		if got := schemas.IsDemo(source); got != want {
			t.Errorf("IsDemo(%q): got %t, want %t", source, got, want)
		}
	}
}

func TestValidTicker(t *testing.T) {
	for ticker, want := range map[string]bool{
		"A": true, "AAPL": true, "BRK.B": true, "BF-B": true, "T2": true, "ABCDEFGHIJKLMNO": true,
		"": false, "aapl": false, "$AAPL": false, "BRK_B": false, "2T": false, "ABCDEFGHIJKLMNOP": false, "A B": false, "A\n": false,
	} {
		if got := schemas.ValidTicker(ticker) == nil; got != want {
			t.Errorf("ValidTicker(%q): got %t, want %t", ticker, got, want)
		}
	}
}

func TestOverrideRevision(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, id string
		revision uint64
		ok       bool
	}{
		{"an override", schemas.OverrideID("XNYS", "closed", 17), 17, true},
		{"of a synthetic world", schemas.DemoPrefix + schemas.OverrideID("XNYS", "closed", 0), 0, true},
		{"the calendar's", schemas.SessionID("XNYS", "closed", posted), 0, false},
		{"no number", "XNYS:session:closed:revision-x", 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if revision, ok := schemas.OverrideRevision(test.id); revision != test.revision || ok != test.ok {
				t.Errorf("got %d, %t, want %d, %t", revision, ok, test.revision, test.ok)
			}
		})
	}
}
