package durable_test

import (
	"log/slog"
	"testing"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/streamstest"
)

func TestFromNow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	far := newStore()
	reader := streams.Consumer{Service: "mongo", Stream: streams.Tweets}
	start := func(fromNow bool) (stop func() error) {
		cfg := durable.DefaultConfig(reader)
		cfg.FromNow = fromNow
		runner, err := durable.New(r.Client, r.Publisher, logSink{far}, streamstest.NewSwitch(true), slog.New(slog.DiscardHandler), cfg)
		if err != nil {
			t.Fatal(err)
		}
		running := streamstest.Run(t, runner.Run)
		return func() error { return running.Stop(t) }
	}
	r.publish(t, 0, 10)
	stop := start(true)
	r.wait(t, "the durable was created", reader, func(f durable.Figures) bool { return f.Pending == 0 && f.Floor == 10 })
	r.publish(t, 10, 15)
	r.wait(t, "five were stored", reader, func(f durable.Figures) bool { return f.Stored == 5 && f.Pending == 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.publish(t, 15, 17)
	for i, fromNow := range []bool{true, false} { // a durable that is there goes on where it stopped
		stop := start(fromNow)
		r.publish(t, 17+i, 18+i)
		r.wait(t, "the rest was stored", reader, func(f durable.Figures) bool { return f.Stored == uint64(8+i) })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for i := 10; i < 19; i++ {
		want = append(want, sinktest.Tweet(i).ID)
	}
	got := far.stored(t)
	if len(got) != len(want) {
		t.Fatalf("stored: got %d, %q, want %d", len(got), got, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("position %d: got %s, want %s", i, got[i], want[i])
		}
	}
	figures, err := durable.Inspect(t.Context(), r.Client, reader)
	if err != nil || figures.Missing != 0 {
		t.Errorf("missing: got %d and %v, want 0", figures.Missing, err)
	}
}
