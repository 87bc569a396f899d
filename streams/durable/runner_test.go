package durable_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/streamstest"
)

var ordered = streams.Consumer{Service: "kinesis", Stream: streams.Tweets, Ordered: true}

// rig is a server with the topology.
type rig struct{ *streamstest.Server }

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{streamstest.Start(t)}
}

func (r *rig) publish(t *testing.T, from, to int) {
	t.Helper()
	var events []schemas.Event
	for i := from; i < to; i++ {
		events = append(events, sinktest.Tweet(i))
	}
	r.Publish(t, events...)
}

// start runs an engine until its returned function is called, which returns what
// Run returned.
func (r *rig) start(t *testing.T, sink durable.Sink, consumer streams.Consumer) (*durable.Runner, func() error) {
	t.Helper()
	cfg := durable.DefaultConfig(consumer)
	cfg.Takeover = 2 * time.Second
	cfg.MinBackoff = 10 * time.Millisecond
	cfg.MaxBatch = 100
	runner, err := durable.New(r.Client, r.Publisher, sink, streamstest.NewSwitch(true), slog.New(slog.DiscardHandler), cfg)
	if err != nil {
		t.Fatal(err)
	}
	running := streamstest.Run(t, runner.Run)
	return runner, func() error { return running.Stop(t) }
}

func (r *rig) wait(t *testing.T, what string, consumer streams.Consumer, yes func(durable.Figures) bool) (figures durable.Figures) {
	t.Helper()
	streamstest.Eventually(t, what, func() bool {
		var err error
		if figures, err = durable.Inspect(t.Context(), r.Client, consumer); err != nil {
			t.Fatal(err)
		}
		return yes(figures)
	})
	return figures
}

func TestStandbyTakesOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	far := newStore()
	_, stopOne := r.start(t, logSink{far}, ordered)
	r.publish(t, 0, 500)
	r.wait(t, "the first worker drained", ordered, func(f durable.Figures) bool { return f.Stored == 500 })
	standby, _ := r.start(t, logSink{far}, ordered)
	r.publish(t, 500, 1000)
	r.wait(t, "the first worker drained again", ordered, func(f durable.Figures) bool { return f.Stored == 1000 })
	if got := standby.Stats().Stored; got != 0 {
		t.Errorf("the standby stored %d messages while the other was active, want 0", got)
	}
	if err := stopOne(); err != nil {
		t.Fatal(err)
	}
	r.publish(t, 1000, 1500)
	r.wait(t, "the standby took over", ordered, func(f durable.Figures) bool { return f.Stored == 1500 })
	if got := standby.Stats().Stored; got != 500 {
		t.Errorf("the standby stored %d messages, want 500", got)
	}
	for i, id := range far.stored(t) {
		if want := sinktest.Tweet(i).ID; id != want {
			t.Fatalf("position %d holds %s, want %s", i, id, want)
		}
	}
}

func TestMissingIsCounted(t *testing.T) {
	t.Parallel()
	for _, consumer := range []streams.Consumer{ordered, {Service: "mongo", Stream: streams.Tweets}} {
		t.Run(fmt.Sprintf("ordered %t", consumer.Ordered), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			sink := memorySink{newStore()}
			r.publish(t, 0, 100)
			_, stop := r.start(t, sink, consumer)
			r.wait(t, "the first hundred", consumer, func(f durable.Figures) bool { return f.Stored == 100 })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			r.publish(t, 100, 200)
			stream, err := r.Client.JS.Stream(t.Context(), streams.Tweets)
			if err != nil {
				t.Fatal(err)
			}
			limited := stream.CachedInfo().Config
			limited.MaxMsgs = 50
			if _, err := r.Client.JS.UpdateStream(t.Context(), limited); err != nil {
				t.Fatal(err)
			}
			if err := stream.DeleteMsg(t.Context(), 170); err != nil { // erased, not missing
				t.Fatal(err)
			}
			_, stop = r.start(t, sink, consumer)
			figures := r.wait(t, "the rest", consumer, func(f durable.Figures) bool { return f.Pending == 0 && f.Missing > 0 })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if figures.Missing != 50 {
				t.Errorf("missing is %d, want 50", figures.Missing)
			}
		})
	}
}

func TestDropTakesALetterAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	consumer := streams.Consumer{Service: "mongo", Stream: streams.Tweets}
	if err := r.Publisher.PublishBytes(t.Context(), "tweets.x.AAPL", "bad:1", nil, []byte("no event")); err != nil {
		t.Fatal(err)
	}
	_, stop := r.start(t, memorySink{newStore()}, consumer)
	r.wait(t, "the burial", consumer, func(f durable.Figures) bool { return f.Buried == 1 && f.Pending == 0 })
	letters := durable.Letters{Client: r.Client}
	if err := letters.Drop(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := letters.Get(t.Context(), 1); !errors.Is(err, durable.ErrNoLetter) {
		t.Errorf("get after drop: got %v, want ErrNoLetter", err)
	}
	figures := r.wait(t, "the drop", consumer, func(f durable.Figures) bool { return f.Buried == 0 })
	if figures.Dropped != 1 || figures.Stored != 0 {
		t.Errorf("got %+v, want 1 dropped and 0 stored", figures)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestForeignLetterIsShown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.Publisher.PublishBytes(t.Context(), "dead.mongo.tweets.x.AAPL", "junk:1", nil, []byte("junk")); err != nil {
		t.Fatal(err)
	}
	letters := durable.Letters{Client: r.Client}
	var got []durable.Letter
	if err := letters.All(t.Context(), "", func(l durable.Letter) error { got = append(got, l); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Dead.Consumer != "mongo" || string(got[0].Dead.Payload) != "junk" || got[0].Dead.Reason == "" {
		t.Fatalf("got %+v, want one letter with the payload and a reason", got)
	}
	if err := letters.Requeue(t.Context(), r.Publisher, 1); err == nil {
		t.Error("requeue of somebody else's message: got nil, want an error")
	}
	if err := letters.Drop(t.Context(), 1); err != nil {
		t.Errorf("drop: %v", err)
	}
}

func TestConfigNamesTheField(t *testing.T) {
	t.Parallel()
	cfg := durable.DefaultConfig(ordered)
	cfg.MaxBatch = 0
	_, err := durable.New(nil, nil, nil, nil, nil, cfg)
	if got, want := fmt.Sprint(err), "consumer kinesis/TWEETS: max batch is 0: must be from 1 to 10000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
