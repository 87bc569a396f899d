package setting_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/ingest"
	"cashtag/streams/setting"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

func start(t *testing.T) (*streams.Client, jetstream.KeyValue) {
	t.Helper()
	server := streamstest.Start(t)
	return server.Client, server.Bucket(t, streams.BucketConfig)
}

func config() setting.Config {
	cfg := setting.DefaultConfig("MSFT", "aapl")
	cfg.Sources = []string{"bluesky", "twitter"}
	cfg.Scorers = []string{"lexicon", "bayes"}
	cfg.Scorer = []string{"bayes"}
	return cfg
}

func open(t *testing.T, client *streams.Client, log *streamstest.Log) *setting.Set {
	t.Helper()
	set, err := setting.Open(t.Context(), client, log.Logger(), config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return set
}

func put(t *testing.T, bucket jetstream.KeyValue, key, value string) {
	t.Helper()
	if _, err := bucket.PutString(t.Context(), key, value); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

// within a second what is asked comes true.
func within(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(time.Second)
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("%s: not within a second", what)
		}
	}
}

func TestTickersAsTyped(t *testing.T) {
	client, bucket := start(t)
	log := &streamstest.Log{}
	set := open(t, client, log)
	tickers := set.Tickers()
	if got := tickers.List(); !slices.Equal(got, []string{"AAPL", "MSFT"}) {
		t.Errorf("default: got %q, want the caller's, sorted", got)
	}
	many := make([]string, setting.MaxTickers+1)
	for i := range many {
		many[i] = fmt.Sprintf("T%d", i)
	}
	for _, c := range []struct {
		name, typed string
		want        []string // nil: the last good one stays
		says        string
	}{
		{"a list", "TSLA,GOOG", []string{"GOOG", "TSLA"}, `before=AAPL,MSFT after=GOOG,TSLA`},
		{"lower case, spaces, quotes, twice", "\" msft, 'brk.b' msft $tsla\"\n", []string{"BRK.B", "MSFT", "TSLA"}, "after=BRK.B,MSFT,TSLA"},
		{"one", "T", []string{"T"}, "after=T "},
		{"not a ticker", "AAPL,BRK_B", nil, `ticker \"BRK_B\": must be a capital letter`},
		{"empty", "  ", nil, "got 0: must be 1 to 1000"},
		{"too many", strings.Join(many, ","), nil, "got 1001: must be 1 to 1000"},
		{"as many as can be", strings.Join(many[1:], ","), many[1:], "setting changed"},
		{"back", "AAPL", []string{"AAPL"}, "setting changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, from := tickers.List(), len(log.String())
			changed := tickers.Changed()
			put(t, bucket, setting.KeyTickers, c.typed)
			within(t, "a line in the log", func() bool { return strings.Contains(log.String()[from:], "\n") })
			want := slices.Sorted(slices.Values(c.want))
			if c.want == nil {
				want = before
			}
			if got := tickers.List(); !slices.Equal(got, want) {
				t.Errorf("got %.200q, want %.200q", got, want)
			}
			line := log.String()[from:]
			if !strings.Contains(line, c.says) || strings.Count(line, "\n") != 1 {
				t.Errorf("log: got %.500q, want one line with %q", line, c.says)
			}
			select {
			case <-changed:
				if c.want == nil {
					t.Error("told of a change although the list is as it was")
				}
			default:
				if c.want != nil {
					t.Error("not told of the change")
				}
			}
		})
	}
	if err := bucket.Delete(t.Context(), setting.KeyTickers); err != nil {
		t.Fatal(err)
	}
	within(t, "the default", func() bool { return slices.Equal(tickers.List(), []string{"AAPL", "MSFT"}) })
}

func TestWhatBecomesOfModels(t *testing.T) {
	client, bucket := start(t)
	log := &streamstest.Log{}
	put(t, bucket, setting.KeyPromote, "better")
	set := open(t, client, log)
	if set.Promote() != setting.PromoteBetter || set.Retrain() != 1 {
		t.Errorf("at start: got %s every %d sessions, want better every 1", set.Promote(), set.Retrain())
	}
	for _, c := range []struct {
		name, key, typed string
		rule             string
		every            int
		says             string
	}{
		{"back to a person", setting.KeyPromote, " Never\n", setting.PromoteNever, 1, "before=better after=never"},
		{"no rule", setting.KeyPromote, "always", setting.PromoteNever, 1, "must be never or better"},
		{"each week", setting.KeyRetrain, "5", setting.PromoteNever, 5, "before=1 after=5"},
		{"never", setting.KeyRetrain, "0", setting.PromoteNever, 5, "must be a number of sessions, 1 to 250"},
		{"too rarely", setting.KeyRetrain, "251", setting.PromoteNever, 5, "must be a number of sessions, 1 to 250"},
		{"no number", setting.KeyRetrain, "daily", setting.PromoteNever, 5, "must be a number of sessions, 1 to 250"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := len(log.String())
			put(t, bucket, c.key, c.typed)
			within(t, "a line in the log", func() bool { return strings.Contains(log.String()[from:], "\n") })
			if set.Promote() != c.rule || set.Retrain() != c.every {
				t.Errorf("got %s every %d, want %s every %d", set.Promote(), set.Retrain(), c.rule, c.every)
			}
			if line := log.String()[from:]; !strings.Contains(line, c.says) {
				t.Errorf("log: got %s, want %q", line, c.says)
			}
		})
	}
	if err := bucket.Delete(t.Context(), setting.KeyRetrain); err != nil {
		t.Fatal(err)
	}
	within(t, "the default", func() bool { return set.Retrain() == 1 })
}

func TestHours(t *testing.T) {
	client, bucket := start(t)
	log := &streamstest.Log{}
	put(t, bucket, "hours.bluesky", "always")
	put(t, bucket, "hours.x", "always")
	set := open(t, client, log)
	bluesky, err := set.Hours("bluesky")
	if err != nil {
		t.Fatal(err)
	}
	twitter, err := set.Hours("twitter")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Hours("x"); err == nil {
		t.Error("hours of a source that is not known: got no error")
	}
	check := func(what, wantBluesky, wantTwitter string) {
		t.Helper()
		within(t, what, func() bool { return bluesky.Value() == wantBluesky && twitter.Value() == wantTwitter })
	}
	check("at start", ingest.HoursAlways, ingest.HoursSession)
	if text := log.String(); !strings.Contains(text, `setting is not known" setting=hours.x value=always known="[tickers hours hours.bluesky hours.twitter scorer promote retrain]"`) {
		t.Errorf("log: got %s, want the unknown key and those that are known", text)
	}
	changed, kept := twitter.Changed(), bluesky.Changed()
	put(t, bucket, "hours", " Extended\n")
	check("of all", ingest.HoursAlways, ingest.HoursExtended)
	select {
	case <-changed:
	default:
		t.Error("twitter: not told of the change of all")
	}
	select {
	case <-kept:
		t.Error("bluesky: told of a change although its own hours hold")
	default:
	}
	put(t, bucket, "hours.twitter", "open")
	within(t, "the refusal", func() bool {
		return strings.Contains(log.String(), `error="\"open\": must be session, extended or always" kept=extended`)
	})
	if err := bucket.Delete(t.Context(), "hours.bluesky"); err != nil {
		t.Fatal(err)
	}
	check("its own deleted", ingest.HoursExtended, ingest.HoursExtended)
	if err := bucket.Delete(t.Context(), "hours"); err != nil {
		t.Fatal(err)
	}
	check("all deleted", ingest.HoursSession, ingest.HoursSession)
}

func TestScorer(t *testing.T) {
	client, bucket := start(t)
	log := &streamstest.Log{}
	set := open(t, client, log)
	scorer := set.Scorer()
	put(t, bucket, setting.KeyScorer, "magic")
	put(t, bucket, setting.KeyScorer, "Lexicon, bayes lexicon")
	within(t, "the list", func() bool { return slices.Equal(scorer.List(), []string{"lexicon", "bayes"}) })
	if text := log.String(); !strings.Contains(text, "must be a list of lexicon, bayes") {
		t.Errorf("log: got %s, want what is allowed", text)
	}
}

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*setting.Config)
		want   string
	}{
		{"no tickers", func(c *setting.Config) { c.Tickers = nil }, "want a list of tickers"},
		{"hours", func(c *setting.Config) { c.Hours = "" }, `hours: "": must be session, extended or always`},
		{"a source", func(c *setting.Config) { c.Sources = []string{"a.b"} }, `source is "a.b"`},
		{"a scorer", func(c *setting.Config) { c.Scorer = []string{"x"} }, `scorer "x": must be a list of lexicon, bayes`},
		{"no scorer", func(c *setting.Config) { c.Scorer = nil }, "scorer is empty"},
		{"no words", func(c *setting.Config) { c.Scorers = nil }, "needs scorers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			c.change(&cfg)
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if err := config().Validate(); err != nil {
		t.Errorf("a good one: got %v, want nil", err)
	}
}
