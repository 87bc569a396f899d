package sentiment_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/sentiment"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/setting"
	"cashtag/streams/streamstest"
)

var _ sentiment.Choice = (*setting.List)(nil)

// world is a server with posts and what is needed to score them.
type world struct {
	*streamstest.Server

	posts int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{Server: streamstest.Start(t)}
}

// post publishes n posts and returns their ids.
func (w *world) post(t *testing.T, n int) []string {
	t.Helper()
	var ids []string
	var events []schemas.Event
	for range n {
		w.posts++
		event := newPost("shares rise after a great quarter", "AAPL")
		event.ID = fmt.Sprintf("x:%d", w.posts)
		event.Data.(*schemas.Tweet).PostID = strconv.Itoa(w.posts)
		events, ids = append(events, event), append(ids, event.ID)
	}
	w.Publish(t, events...)
	return ids
}

// open makes a real engine for a scorer.
func (w *world) open(_ context.Context, scorer string, gate durable.Gate, late bool) (sentiment.Runner, error) {
	opened, _, err := sentiment.Open(scorer)
	if err != nil {
		return nil, err
	}
	cfg := durable.DefaultConfig(sentiment.ConsumerOf(scorer))
	cfg.Alone, cfg.FromNow, cfg.Linger = true, late, 5*time.Millisecond
	return durable.New(w.Client, w.Publisher, sentiment.New(opened, w.Publisher), gate, slog.New(slog.DiscardHandler), cfg)
}

// settings is the setting scorer as a running program has it.
func (w *world) settings(t *testing.T, scorers ...string) *setting.List {
	t.Helper()
	cfg := setting.DefaultConfig("AAPL")
	cfg.Scorers, cfg.Scorer = sentiment.ScorerNames(), scorers
	set, err := setting.Open(t.Context(), w.Client, nil, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return set.Scorer()
}

// choose does what nats kv put config scorer does.
func (w *world) choose(t *testing.T, value string) {
	t.Helper()
	if _, err := w.Bucket(t, streams.BucketConfig).PutString(t.Context(), setting.KeyScorer, value); err != nil {
		t.Fatal(err)
	}
}

// scores is the ids of the posts that each scorer scored, in the order of the
// stream.
func (w *world) scores(t *testing.T) map[string][]string {
	t.Helper()
	stream, err := w.Client.JS.Stream(t.Context(), streams.Sentiment)
	if err != nil {
		t.Fatal(err)
	}
	scores := map[string][]string{}
	for sequence := range stream.CachedInfo().State.LastSeq {
		message, err := stream.GetMsg(t.Context(), sequence+1)
		if err != nil {
			t.Fatal(err)
		}
		event, err := schemas.Decode(message.Data)
		if err != nil {
			t.Fatal(err)
		}
		score := event.Data.(*schemas.Sentiment)
		if message.Subject != "sentiment."+score.Scorer+".AAPL" {
			t.Errorf("score of %s is on %s", score.Scorer, message.Subject)
		}
		scores[score.Scorer] = append(scores[score.Scorer], score.TweetID)
	}
	return scores
}

// await polls until every scorer has scored as many posts as wanted.
func (w *world) await(t *testing.T, want map[string]int) (scores map[string][]string) {
	t.Helper()
	streamstest.Eventually(t, fmt.Sprintf("as many scores as in %v", want), func() bool {
		scores = w.scores(t)
		for scorer, n := range want {
			if len(scores[scorer]) < n {
				return false
			}
		}
		return true
	})
	return scores
}

// gates remembers the gate of each scorer that was opened.
type gates struct {
	mu   sync.Mutex
	open map[string]durable.Gate
}

func (g *gates) on(scorer string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate := g.open[scorer]
	return gate != nil && gate.On()
}

func TestScorersAreSwitchedLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.post(t, 20)
	seen := &gates{open: map[string]durable.Gate{}}
	service := sentiment.NewService(w.settings(t, "cdipaolo"), streamstest.NewSwitch(true),
		func(ctx context.Context, scorer string, gate durable.Gate, late bool) (sentiment.Runner, error) {
			seen.mu.Lock()
			seen.open[scorer] = gate
			seen.mu.Unlock()
			return w.open(ctx, scorer, gate, late)
		})
	running := streamstest.Run(t, service.Run)
	first := slices.Concat(before, w.post(t, 20)) // the scorer of the start has a past to make up for
	w.await(t, map[string]int{"cdipaolo": 40})

	started := time.Now()
	w.choose(t, "cashtag")
	streamstest.Eventually(t, "cashtag is on and cdipaolo off", func() bool { return seen.on("cashtag") && !seen.on("cdipaolo") })
	if took := time.Since(started); took > time.Second {
		t.Errorf("the switch took %s, want at most 1s", took)
	}
	streamstest.Eventually(t, "the durable of cashtag is there", func() bool {
		figures, err := durable.Inspect(t.Context(), w.Client, sentiment.ConsumerOf("cashtag"))
		return err == nil && figures.Pending == 0
	})
	second := w.post(t, 30)
	w.await(t, map[string]int{"cashtag": 30})

	w.choose(t, "cdipaolo, cashtag") // goes on where it stopped: with what was posted meanwhile
	third := w.post(t, 10)
	got := w.await(t, map[string]int{"cdipaolo": 80, "cashtag": 40})
	if err := running.Stop(t); err != nil {
		t.Errorf("run: got %v, want nil", err)
	}
	for scorer, want := range map[string][]string{
		"cdipaolo": slices.Concat(first, second, third),
		"cashtag":  slices.Concat(second, third),
	} {
		slices.Sort(want) // a post that was given back at the switch comes again, behind others
		if scored := slices.Sorted(slices.Values(got[scorer])); !slices.Equal(scored, want) {
			t.Errorf("%s scored:\ngot  %q\nwant %q", scorer, scored, want)
		}
	}
	if len(got["vader"]) != 0 || service.Chosen("vader") || !service.Chosen("cashtag") {
		t.Errorf("vader scored %q and nobody chose it", got["vader"])
	}
}

func TestScorersStopWithTheFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	flag := streamstest.NewSwitch(false)
	service := sentiment.NewService(w.settings(t, "vader", "cashtag"), flag, w.open)
	running := streamstest.Run(t, service.Run)
	want := w.post(t, 5)
	streamstest.Eventually(t, "both durables are there", func() bool {
		for _, scorer := range []string{"vader", "cashtag"} {
			if _, err := w.Client.JS.Consumer(t.Context(), streams.Tweets, sentiment.ConsumerOf(scorer).Service); err != nil {
				return false
			}
		}
		return true
	})
	if got := w.scores(t); len(got) != 0 {
		t.Errorf("while the flag is off: got %v, want nothing", got)
	}
	flag.Set(true)
	got := w.await(t, map[string]int{"vader": 5, "cashtag": 5})
	if err := running.Stop(t); err != nil {
		t.Errorf("run: got %v, want nil", err)
	}
	for scorer, ids := range got {
		if !slices.Equal(ids, want) {
			t.Errorf("%s scored %q, want %q", scorer, ids, want)
		}
	}
}

type fixedChoice []string

func (f fixedChoice) List() []string         { return f }
func (fixedChoice) Changed() <-chan struct{} { return nil }

func TestServiceEndsWithAScorerThatCannotBeOpened(t *testing.T) {
	broken := errors.New("no model")
	for name, test := range map[string]struct {
		scorer, want string
	}{
		"broken":  {"cashtag", "open scorer cashtag: no model"},
		"unknown": {"fastest", `scorer is "fastest"`},
	} {
		t.Run(name, func(t *testing.T) {
			service := sentiment.NewService(fixedChoice{test.scorer}, streamstest.NewSwitch(true),
				func(context.Context, string, durable.Gate, bool) (sentiment.Runner, error) { return nil, broken })
			if err := service.Run(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestConsumersAreKnown holds the scorers to the consumers of the topology, which
// their permissions are made from.
func TestConsumersAreKnown(t *testing.T) {
	for _, scorer := range sentiment.ScorerNames() {
		consumer := sentiment.ConsumerOf(scorer)
		if !slices.Contains(streams.Consumers(), consumer) || consumer.Owner() != streams.ServiceSentiment {
			t.Errorf("consumer of %s: got %+v, want one of streams.Consumers", scorer, consumer)
		}
	}
	if got := sentiment.ConsumerOf(sentiment.DefaultScorer).Key(); got != "sentiment/TWEETS" {
		t.Errorf("consumer of the default scorer: got %s, want sentiment/TWEETS", got)
	}
}
