package streams_test

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
)

// goodExamples decodes every good example of the schemas, by file name.
func goodExamples(t *testing.T) map[string]schemas.Event {
	t.Helper()
	names, err := fs.Glob(schemas.JSON, "json/examples/good/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("examples: %d found, %v", len(names), err)
	}
	found := map[string]schemas.Event{}
	for _, name := range names {
		line, err := schemas.JSON.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		event, err := schemas.Decode(line)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found[path.Base(name)] = event
	}
	return found
}

func TestSubject(t *testing.T) {
	want := map[string]string{
		"cashtag.alert.v1.demo-least.json":          "alerts.attention.BRK_B",
		"cashtag.alert.v1.preopen.json":             "alerts.attention.AAPL",
		"cashtag.clock.v1.demo-closed.json":         "market.XNYS.clock",
		"cashtag.clock.v1.open.json":                "market.XNYS.clock",
		"cashtag.counts.v1.demo-quiet.json":         "counts.x",
		"cashtag.counts.v1.minute.json":             "counts.x",
		"cashtag.dead.v1.empty-payload.json":        "dead.kinesis.tweets.x.AAPL",
		"cashtag.dead.v1.tweet-without-id.json":     "dead.mongo.tweets.x.AAPL",
		"cashtag.feature.v1.20m.json":               "features.20m.AAPL",
		"cashtag.feature.v1.demo-quiet-day.json":    "features.day.AAPL",
		"cashtag.log.v1.error-least.json":           "logs.kinesis.error",
		"cashtag.log.v1.info.json":                  "logs.mongo.info",
		"cashtag.model.v1.promoted-least.json":      "models.direction-features",
		"cashtag.model.v1.trained.json":             "models.direction-features",
		"cashtag.prediction.v1.day.json":            "predictions.direction-features.AAPL",
		"cashtag.prediction.v1.demo-value.json":     "predictions.volume.BRK_B",
		"cashtag.outcome.v1.demo-volume-least.json": "outcomes.volume.BRK_B",
		"cashtag.outcome.v1.direction.json":         "outcomes.direction-features.AAPL",
		"cashtag.quote.v1.bar-daily.json":           "quotes.stocknet.AAPL",
		"cashtag.quote.v1.bar-minute.json":          "quotes.iex.AAPL",
		"cashtag.quote.v1.book-one-sided.json":      "quotes.iex.AAPL",
		"cashtag.quote.v1.book.json":                "quotes.iex.AAPL",
		"cashtag.quote.v1.trade-least.json":         "quotes.cboe.BRK_B",
		"cashtag.quote.v1.trade.json":               "quotes.iex.AAPL",
		"cashtag.sentiment.v1.demo-unknown.json":    "sentiment.cdipaolo.AAPL",
		"cashtag.sentiment.v1.positive.json":        "sentiment.cdipaolo.AAPL",
		"cashtag.session.v1.demo-halted.json":       "market.XNYS.session.halted",
		"cashtag.session.v1.early-close.json":       "market.XNYS.session.early_close",
		"cashtag.session.v1.opened.json":            "market.XNYS.session.opened",
		"cashtag.symbol.v1.halted.json":             "market.XNYS.symbol.AAPL",
		"cashtag.symbol.v1.trading-least.json":      "market.XNYS.symbol.BRK_B",
		"cashtag.tweet.v1.bluesky-class-share.json": "tweets.bluesky.BRK_B",
		"cashtag.tweet.v1.demo.json":                "tweets.x.AAPL",
		"cashtag.tweet.v1.post.json":                "tweets.x.AAPL",
		"cashtag.tweet.v1.repost-least.json":        "tweets.x.AAPL",
		"cashtag.tweet_deleted.v1.demo-least.json":  "tweets.bluesky._",
		"cashtag.tweet_deleted.v1.post.json":        "tweets.x._",
	}
	examples := goodExamples(t)
	for name, event := range examples {
		t.Run(name, func(t *testing.T) {
			got, err := streams.Subject(event)
			if err != nil {
				t.Fatalf("Subject: %v", err)
			}
			if got != want[name] {
				t.Errorf("got %q, want %q", got, want[name])
			}
			if streams.StreamOf(got) == "" {
				t.Errorf("no stream keeps %q", got)
			}
		})
	}
	for name := range want {
		if _, ok := examples[name]; !ok {
			t.Errorf("example %s is gone", name)
		}
	}
}

type noData struct{}

func (noData) EventType() schemas.Type { return "cashtag.nothing.v1" }
func (noData) Validate() error         { return nil }

func TestSubjectRefuses(t *testing.T) {
	for name, data := range map[string]schemas.Data{
		"a tweet without tickers": &schemas.Tweet{Platform: "x"},
		"a type without subject":  noData{},
	} {
		t.Run(name, func(t *testing.T) {
			event := schemas.New("id-7", "/x", "AAPL", time.Unix(0, 0), data)
			got, err := streams.Subject(event)
			if err == nil || !strings.Contains(err.Error(), "id-7") {
				t.Errorf("got %q and error %v, want an error that names the event", got, err)
			}
		})
	}
}

func TestStreamOf(t *testing.T) {
	for subject, want := range map[string]string{
		"tweets.x.AAPL": streams.Tweets, "market.XNYS.clock": streams.Market, "dead.mongo.tweets.x.AAPL": streams.Dead,
		"retry.mongo.tweets.x.AAPL": streams.Retry, "tweet.x.AAPL": "", "": "", "nothing": "",
	} {
		if got := streams.StreamOf(subject); got != want {
			t.Errorf("StreamOf(%q): got %q, want %q", subject, got, want)
		}
	}
}

func TestOriginalAndKey(t *testing.T) {
	for subject, want := range map[string]struct{ original, key string }{
		"tweets.x.BRK_B":                     {"tweets.x.BRK_B", "BRK_B"},
		"market.XNYS.clock":                  {"market.XNYS.clock", "clock"},
		streams.RetrySubject("mongo", "a.b"): {"a.b", "b"},
		"retry.kinesis.quotes.iex.AAPL":      {"quotes.iex.AAPL", "AAPL"},
		"retryable.x.AAPL":                   {"retryable.x.AAPL", "AAPL"},
		"nothing":                            {"nothing", "nothing"},
	} {
		if got := streams.Original(subject); got != want.original {
			t.Errorf("Original(%q): got %q, want %q", subject, got, want.original)
		}
		if got := streams.Key(subject); got != want.key {
			t.Errorf("Key(%q): got %q, want %q", subject, got, want.key)
		}
	}
}

// FuzzTickerToken holds that a valid ticker's token is one subject token, and
// that no other valid ticker has it.
func FuzzTickerToken(f *testing.F) {
	for _, seed := range []string{"AAPL", "BRK.B", "BF-B", "A..B", "BRK_B", "$AAPL", "A>", "A.*", "", "Ａ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ticker string) {
		if schemas.ValidTicker(ticker) != nil {
			return
		}
		token := streams.TickerToken(ticker)
		if token == "" || strings.ContainsAny(token, ".*> \t\r\n\x00") {
			t.Fatalf("token of %q is %q: not one subject token", ticker, token)
		}
		if got := streams.TickerOf(token); got != ticker {
			t.Fatalf("ticker of token %q: got %q, want %q", token, got, ticker)
		}
	})
}

// FuzzSubject holds that the subject of any valid event but a dead letter, whose
// original subject is a publisher's own, can be published to.
func FuzzSubject(f *testing.F) {
	f.Add("x", "AAPL", "XNYS", "opened", "mongo", "info")
	f.Add("x.y", "BRK.B", "X.YS", "", "mon.go", "*")
	f.Fuzz(func(t *testing.T, platform, ticker, mic, state, service, level string) {
		at := time.Unix(0, 0).UTC()
		for _, data := range []schemas.Data{
			&schemas.Tweet{Platform: platform, PostID: "1", CreatedAt: at, Tickers: []string{ticker}, Cashtags: []string{}, Author: schemas.Author{ID: "1"}},
			&schemas.Quote{Feed: platform, Kind: "trade", Ticker: ticker, Delay: "delayed", QuotedAt: at, Price: 1, Trade: &schemas.Trade{}},
			&schemas.Session{MIC: mic, State: state, Reason: "feed", Date: "2026-01-01", OpensAt: at, ClosesAt: at},
			&schemas.Symbol{MIC: mic, Ticker: ticker, Status: "halted", ChangedAt: at},
			&schemas.Clock{MIC: mic},
			&schemas.Log{Service: service, Level: level, Message: "m"},
			&schemas.Sentiment{TweetID: "1", Ticker: ticker, PostedAt: at, Scorer: service, Version: "1", Label: "unknown", FromStream: "T", FromSequence: 1},
		} {
			event := schemas.New("1", "/x", "s", at, data)
			if event.Validate() != nil {
				continue
			}
			subject, err := streams.Subject(event)
			if err != nil {
				t.Fatal(err)
			}
			for token := range strings.SplitSeq(subject, ".") {
				if token == "" || strings.ContainsAny(token, "*> \t\r\n\x00") {
					t.Fatalf("subject %q of a valid %s has token %q", subject, event.Type, token)
				}
			}
			if streams.StreamOf(subject) == "" {
				t.Fatalf("no stream keeps %q", subject)
			}
		}
	})
}

func ExampleSubject() {
	post := &schemas.Tweet{Platform: schemas.PlatformX, Tickers: []string{"BRK.B", "AAPL"}}
	event := schemas.New("x:1", schemas.SourceX, "BRK.B", time.Unix(0, 0), post)
	fmt.Println(streams.Subject(event))
	// Output: tweets.x.BRK_B <nil>
}
