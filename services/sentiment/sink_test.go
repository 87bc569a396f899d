package sentiment_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/sentiment"
	"cashtag/streams/durable"
)

var postedAt = time.Date(2026, 8, 24, 17, 31, 5, 250_000_000, time.UTC)

func newPost(text string, tickers ...string) schemas.Event {
	return schemas.New("x:1960012345678901234", schemas.SourceX, "AAPL", postedAt, &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: "1960012345678901234", CreatedAt: postedAt, Text: text, Lang: "en",
		Tickers: tickers, Cashtags: tickers, Author: schemas.Author{ID: "2244994945", Followers: 1200, Posts: 8100},
	})
}

func message(tb testing.TB, sequence uint64, event schemas.Event) durable.Message {
	tb.Helper()
	data, err := event.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return durable.Message{ID: event.ID, Data: data, Stream: "TWEETS", Sequence: sequence}
}

// fixed is a scorer that thinks the same of every text, but fails one.
type fixed struct {
	score sentiment.Score
	fails string
}

func (f fixed) Score(_ context.Context, text string) (sentiment.Score, error) {
	if text == f.fails {
		return sentiment.Score{}, errors.New("no opinion")
	}
	return f.score, nil
}

var bullish = fixed{score: sentiment.Score{Scorer: "fixed", Version: "1", Label: schemas.LabelPositive, Probability: 0.75}, fails: "fails"}

// publisher keeps what is published, one slice a call, and answers with err.
type publisher struct {
	calls  [][]schemas.Event
	answer func(events []schemas.Event) error
}

func (p *publisher) Publish(_ context.Context, events ...schemas.Event) error {
	for _, event := range events {
		if err := event.Validate(); err != nil {
			p.calls = append(p.calls, nil)
			return fmt.Errorf("publish event %q: %w", event.ID, err)
		}
	}
	if p.answer != nil {
		if err := p.answer(events); err != nil {
			p.calls = append(p.calls, nil)
			return err
		}
	}
	p.calls = append(p.calls, slices.Clone(events))
	return nil
}

func (p *publisher) ids() []string {
	var ids []string
	for _, call := range p.calls {
		for _, event := range call {
			ids = append(ids, event.ID)
		}
	}
	return ids
}

func TestWritePublishesOneEventForEachTicker(t *testing.T) {
	p := &publisher{}
	batch := []durable.Message{
		message(t, 7, newPost("good", "AAPL", "BRK.B")),
		message(t, 8, newPost("better", "MSFT")),
	}
	if errs := sentiment.New(bullish, p).Write(t.Context(), batch); errs != nil {
		t.Fatalf("errors: got %v, want nil", errs)
	}
	score := func(ticker string, sequence uint64) schemas.Event {
		return schemas.New("x:1960012345678901234:"+ticker+":fixed:1", "/services/sentiment", ticker, postedAt, &schemas.Sentiment{
			TweetID: "x:1960012345678901234", Ticker: ticker, PostedAt: postedAt,
			Scorer: "fixed", Version: "1", Label: schemas.LabelPositive, Probability: 0.75,
			FromStream: "TWEETS", FromSequence: sequence,
		})
	}
	want := [][]schemas.Event{{score("AAPL", 7), score("BRK.B", 7), score("MSFT", 8)}}
	if !reflect.DeepEqual(p.calls, want) {
		t.Errorf("published:\ngot  %+v\nwant %+v", p.calls, want)
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	batch := []durable.Message{message(t, 7, newPost("good", "AAPL", "BRK.B"))}
	var lines [2][]string
	for i := range lines {
		p := &publisher{}
		if errs := sentiment.New(bullish, p).Write(t.Context(), batch); errs != nil {
			t.Fatal(errs)
		}
		for _, event := range p.calls[0] {
			line, err := event.Encode()
			if err != nil {
				t.Fatal(err)
			}
			lines[i] = append(lines[i], string(line))
		}
	}
	if !slices.Equal(lines[0], lines[1]) || len(lines[0]) != 2 {
		t.Errorf("written twice:\ngot  %q\nwant %q", lines[1], lines[0])
	}
}

func TestScoreOfASyntheticPostIsSynthetic(t *testing.T) {
	p := &publisher{}
	post := newPost("good", "AAPL")
	post.ID, post.Source = "demo:x:1", schemas.SourceDemoX
	if errs := sentiment.New(bullish, p).Write(t.Context(), []durable.Message{message(t, 1, post)}); errs != nil {
		t.Fatal(errs)
	}
	got := p.calls[0][0]
	if got.Source != "/demo/sentiment" || got.ID != "demo:x:1:AAPL:fixed:1" {
		t.Errorf("got source %q and id %q, want /demo/sentiment and demo:x:1:AAPL:fixed:1", got.Source, got.ID)
	}
}

func TestWriteBuriesWhatIsNoPost(t *testing.T) {
	clock := schemas.New("XNYS:clock", schemas.SourceXNYS, "XNYS", postedAt, &schemas.Clock{MIC: "XNYS"})
	noTickers := newPost("good")
	badTicker := newPost("good", "AAPL", "brk_b")
	noID := newPost("good", "AAPL")
	noID.ID = ""
	noTime := newPost("good", "AAPL")
	noTime.Data.(*schemas.Tweet).CreatedAt = time.Time{}
	for name, test := range map[string]struct {
		data   string
		reason string
	}{
		"nothing":       {"", "malformed event"},
		"text":          {"hello", "malformed event"},
		"null":          {"null", "no type"},
		"a list":        {"[]", "malformed event"},
		"half":          {string(message(t, 1, newPost("good", "AAPL")).Data[:300]), "malformed event"},
		"another event": {string(message(t, 1, clock).Data), `an event of type "cashtag.clock.v1" is no post`},
		"another shape": {`{"type":"cashtag.nothing.v1","data":{"tickers":7}}`, `an event of type "cashtag.nothing.v1" is no post`},
		"text a number": {`{"type":"cashtag.tweet.v1","data":{"text":7}}`, "malformed event"},
		"no tickers":    {string(message(t, 1, noTickers).Data), "a post without tickers"},
		"bad ticker":    {string(message(t, 1, badTicker).Data), "field data.ticker"},
		"no id":         {string(message(t, 1, noID).Data), "field data.tweet_id"},
		"no time":       {string(message(t, 1, noTime).Data), "field time"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &publisher{}
			batch := []durable.Message{
				message(t, 1, newPost("good", "AAPL")),
				{Data: []byte(test.data), Stream: "TWEETS", Sequence: 2},
				message(t, 3, newPost("good", "MSFT")),
			}
			errs := sentiment.New(bullish, p).Write(t.Context(), batch)
			if len(errs) != 3 || errs[0] != nil || errs[2] != nil {
				t.Fatalf("errors: got %v, want one of the second message alone", errs)
			}
			if !durable.IsPoison(errs[1]) || !strings.Contains(errs[1].Error(), test.reason) {
				t.Errorf("error: got %v, want poison that says %q", errs[1], test.reason)
			}
			want := []string{"x:1960012345678901234:AAPL:fixed:1", "x:1960012345678901234:MSFT:fixed:1"}
			if got := p.ids(); !slices.Equal(got, want) {
				t.Errorf("published: got %q, want %q", got, want)
			}
			calls := 1
			if strings.HasPrefix(test.reason, "field ") {
				calls = 2 // the first one was refused
			}
			if len(p.calls) != calls {
				t.Errorf("publish was called %d times, want %d", len(p.calls), calls)
			}
		})
	}
}

func TestWriteBuriesWhatThePublisherRefuses(t *testing.T) {
	tooLarge := &schemas.FieldError{Field: "data", Value: "2 MB", Want: "must be smaller"}
	p := &publisher{answer: func(events []schemas.Event) error {
		for _, event := range events {
			if event.Subject == "MSFT" {
				return fmt.Errorf("publish: %w", tooLarge)
			}
		}
		return nil
	}}
	batch := []durable.Message{
		message(t, 1, newPost("good", "AAPL")),
		message(t, 2, newPost("good", "GOOG", "MSFT")),
		message(t, 3, newPost("good", "FB", "T")),
	}
	errs := sentiment.New(bullish, p).Write(t.Context(), batch)
	if len(errs) != 3 || errs[0] != nil || errs[2] != nil || !durable.IsPoison(errs[1]) || !errors.Is(errs[1], error(tooLarge)) {
		t.Fatalf("errors: got %v, want poison of the second message alone", errs)
	}
	want := []string{"x:1960012345678901234:AAPL:fixed:1", "x:1960012345678901234:FB:fixed:1", "x:1960012345678901234:T:fixed:1"}
	if got := p.ids(); !slices.Equal(got, want) {
		t.Errorf("published: got %q, want %q", got, want)
	}
}

func TestWriteTakesWhatDecodeTakes(t *testing.T) {
	line := string(message(t, 1, newPost("good", "AAPL")).Data)
	for name, data := range map[string]string{
		"broken UTF-8":     strings.Replace(line, `"good"`, "\"go\xffod\"", 1),
		"a name twice":     strings.Replace(line, `"text":`, `"text":"bad","text":`, 1),
		"an unknown field": strings.Replace(line, `"text":`, `"mood":{"text":[]},"text":`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := schemas.Decode([]byte(data)); err != nil || data == line {
				t.Fatalf("Decode of %s: %v", data, err)
			}
			p := &publisher{}
			if errs := sentiment.New(bullish, p).Write(t.Context(), []durable.Message{{Data: []byte(data), Stream: "TWEETS", Sequence: 1}}); errs != nil {
				t.Errorf("errors: got %v, want nil", errs)
			}
		})
	}
}

func TestWriteWaitsForAPublisherThatIsAway(t *testing.T) {
	away := errors.New("no servers")
	p := &publisher{answer: func([]schemas.Event) error { return away }}
	batch := []durable.Message{
		message(t, 1, newPost("good", "AAPL", "MSFT")),
		{Data: []byte("hello"), Stream: "TWEETS", Sequence: 2},
		message(t, 3, newPost("fails", "AAPL")),
		message(t, 4, newPost("good", "brk_b")),
		message(t, 5, newPost("good", "AAPL")),
	}
	errs := sentiment.New(bullish, p).Write(t.Context(), batch)
	if len(errs) != len(batch) {
		t.Fatalf("errors: got %v, want %d", errs, len(batch))
	}
	for i, want := range []string{"unavailable", "poison", "retryable", "poison", "unavailable"} {
		if got := kindOf(errs[i]); got != want {
			t.Errorf("message %d: got %v, which is %s, want %s", i, errs[i], got, want)
		}
	}
	if !errors.Is(errs[0], away) {
		t.Errorf("error: got %v, want one that wraps %v", errs[0], away)
	}
}

func TestWriteSinglyWaitsForAPublisherThatIsAway(t *testing.T) {
	p := &publisher{answer: func(events []schemas.Event) error {
		if len(events) > 1 {
			return &schemas.FieldError{Field: "data", Want: "must be smaller"}
		}
		return errors.New("no servers")
	}}
	batch := []durable.Message{message(t, 1, newPost("good", "AAPL")), message(t, 2, newPost("good", "MSFT"))}
	errs := sentiment.New(bullish, p).Write(t.Context(), batch)
	if len(errs) != 2 || kindOf(errs[0]) != "unavailable" || kindOf(errs[1]) != "unavailable" {
		t.Errorf("errors: got %v, want both unavailable", errs)
	}
}

func kindOf(err error) string {
	switch {
	case err == nil:
		return "stored"
	case durable.IsPoison(err):
		return "poison"
	case durable.IsFatal(err):
		return "fatal"
	case durable.IsUnavailable(err):
		return "unavailable"
	default:
		return "retryable"
	}
}

func TestWriteOfOnlyPoisonPublishesNothing(t *testing.T) {
	p := &publisher{}
	errs := sentiment.New(bullish, p).Write(t.Context(), []durable.Message{{Data: []byte("hello")}})
	if len(errs) != 1 || !durable.IsPoison(errs[0]) {
		t.Errorf("errors: got %v, want poison", errs)
	}
	if len(p.calls) != 0 {
		t.Errorf("publish was called: %v", p.calls)
	}
}
