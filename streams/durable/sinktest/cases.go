package sinktest

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

const events = 1000

func testStores(t *testing.T, b *bench) {
	b.publish(t, 0, events)
	r := b.start(t, b.far.Sink)
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if figures.Stored != events || figures.Buried != 0 || figures.Missing != 0 {
		t.Errorf("got %+v, want %d stored and nothing else", figures, events)
	}
	b.check(t, events)
}

func testDuplicates(t *testing.T, b *bench) {
	b.publish(t, 0, events)
	r := b.start(t, b.far.Sink)
	b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	consumer := b.suite.Consumer
	if _, err := b.Client.JS.ResetConsumerToSequence(t.Context(), consumer.Stream, consumer.Service, 1); err != nil {
		t.Fatalf("reset: %v", err)
	}
	r = b.start(t, b.far.Reopen(t))
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("second run: %v", err)
	}
	if figures.Stored != events || figures.Buried != 0 {
		t.Errorf("got %+v, want %d stored and none buried", figures, events)
	}
	b.check(t, events)
}

func testPartialFailure(t *testing.T, b *bench) {
	b.publish(t, 0, events)
	sink := &hooked{Sink: b.far.Sink, refuse: func(m durable.Message) error {
		if m.Tries == 0 && m.Sequence%7 == 3 {
			return errors.New("not this time")
		}
		return nil
	}}
	r := b.start(t, sink)
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if figures.Stored != events || figures.Buried != 0 {
		t.Errorf("got %+v, want %d stored and none buried", figures, events)
	}
	if got := r.Stats().Retries; got < events/7 {
		t.Errorf("got %d retries, want at least %d", got, events/7)
	}
	b.check(t, events)
}

func testSlow(t *testing.T, b *bench) {
	const slowEvents = 150
	b.cfg.AckWait = time.Second
	b.publish(t, 0, slowEvents)
	slow := func(ctx context.Context, _ []durable.Message) {
		select {
		case <-time.After(2 * b.cfg.AckWait):
		case <-ctx.Done():
		}
	}
	r := b.start(t, &hooked{Sink: b.far.Sink, before: slow})
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if got := r.Stats().Redelivered; got != 0 {
		t.Errorf("got %d messages delivered again, want 0", got)
	}
	if figures.Stored != slowEvents {
		t.Errorf("got %+v, want %d stored", figures, slowEvents)
	}
	b.check(t, slowEvents)
}

func testPoison(t *testing.T, b *bench) {
	b.publish(t, 0, events/2)
	want := uint64(1)
	subject := streams.RetrySubject("", "") // never a stream's own
	if b.suite.Poison != nil {
		subject = b.poisonSubject(t)
		if err := b.Publisher.PublishBytes(t.Context(), subject, "poison:1", map[string][]string{"X-Kind": {"bad"}}, b.suite.Poison); err != nil {
			t.Fatalf("publish poison: %v", err)
		}
		want++
	}
	b.publish(t, events/2, events)
	bad := b.suite.Event(17).ID
	sink := &hooked{Sink: b.far.Sink, refuse: func(m durable.Message) error {
		if m.ID == bad {
			return durable.Poison(errors.New("never"))
		}
		return nil
	}}
	r := b.start(t, sink)
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if figures.Buried != want || figures.Stored != events-1 {
		t.Errorf("got %+v, want %d buried and %d stored", figures, want, events-1)
	}
	b.check(t, events, bad)
	if b.suite.Poison != nil {
		b.checkLetter(t, subject)
	}
}

func (b *bench) poisonSubject(t *testing.T) string {
	t.Helper()
	subject, err := streams.Subject(b.suite.Event(0))
	if err != nil {
		t.Fatal(err)
	}
	return subject[:len(subject)-len(streams.Key(subject))] + "POISON"
}

// checkLetter looks at the dead letter of the poison payload.
func (b *bench) checkLetter(t *testing.T, subject string) {
	t.Helper()
	var letters []durable.Letter
	err := durable.Letters{Client: b.Client}.All(t.Context(), streams.DeadSubject(b.suite.Consumer.Service, subject), func(l durable.Letter) error {
		letters = append(letters, l)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(letters) != 1 {
		t.Fatalf("got %d letters on %s, want 1", len(letters), subject)
	}
	dead := letters[0].Dead
	if !bytes.Equal(dead.Payload, b.suite.Poison) || len(dead.Headers["X-Kind"]) != 1 {
		t.Errorf("letter has payload %q and headers %v, want the original's", dead.Payload, dead.Headers)
	}
	if dead.Reason == "" || dead.Tries != 1 || dead.Sequence != events/2+1 || dead.Stream != b.suite.Consumer.Stream {
		t.Errorf("letter has reason %q, tries %d, position %s/%d, want a reason, 1 and %s/%d",
			dead.Reason, dead.Tries, dead.Stream, dead.Sequence, b.suite.Consumer.Stream, events/2+1)
	}
}

func testExhausted(t *testing.T, b *bench) {
	b.publish(t, 0, events)
	bad := b.suite.Event(events / 2).ID
	var tries atomic.Int64
	sink := &hooked{Sink: b.far.Sink, refuse: func(m durable.Message) error {
		if m.ID == bad {
			tries.Add(1)
			return errors.New("not this one")
		}
		return nil
	}}
	r := b.start(t, sink)
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if got := tries.Load(); got != int64(b.cfg.MaxTries) {
		t.Errorf("got %d tries, want %d", got, b.cfg.MaxTries)
	}
	if figures.Buried != 1 || figures.Stored != events-1 {
		t.Errorf("got %+v, want 1 buried and %d stored", figures, events-1)
	}
	b.check(t, events, bad)
}

func testFatal(t *testing.T, b *bench) {
	b.publish(t, 0, events)
	sink := &hooked{Sink: b.far.Sink, refuse: func(m durable.Message) error {
		if m.Sequence == events/2 {
			return durable.Fatal(errors.New("credentials refused"))
		}
		return nil
	}}
	r := b.start(t, sink)
	if err := r.Wait(t); !errors.Is(err, durable.ErrFatal) {
		t.Fatalf("run: got %v, want an error that matches ErrFatal", err)
	}
	figures, err := durable.Inspect(t.Context(), b.Client, b.suite.Consumer)
	if err != nil {
		t.Fatal(err)
	}
	if figures.Buried != 0 || figures.Pending < events/2 {
		t.Errorf("after the fatal error: got %+v, want none buried and its batch pending", figures)
	}
	r = b.start(t, b.far.Reopen(t))
	b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("second run: %v", err)
	}
	b.check(t, events)
}

func testOutage(t *testing.T, b *bench) {
	b.publish(t, 0, 10)
	r := b.start(t, b.far.Sink)
	b.drained(t)
	b.far.Outage(t, true)
	before := r.Stats().Batches
	b.publish(t, 10, 11) // one message alone: only the sink can know that it is not to blame
	streamstest.Eventually(t, "more tries than the budget", func() bool {
		return r.Stats().Batches > before+uint64(b.cfg.MaxTries)+1
	})
	b.publish(t, 11, 100)
	b.far.Outage(t, false)
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if figures.Stored != 100 || figures.Buried != 0 {
		t.Errorf("got %+v, want 100 stored and none buried", figures)
	}
	b.check(t, 100)
}

func testFlag(t *testing.T, b *bench) {
	b.cfg.MaxBatch = 50
	var written atomic.Int64
	sink := &hooked{Sink: b.far.Sink, before: func(_ context.Context, batch []durable.Message) {
		if written.Add(int64(len(batch))) >= 100 {
			b.gate.Set(false)
		}
	}}
	b.publish(t, 0, events)
	r := b.start(t, sink)
	streamstest.Eventually(t, "paused", func() bool { return r.Stats().State == durable.StatePaused })
	paused := written.Load()
	if paused >= events {
		t.Fatalf("the flag went off and %d of %d events were written", paused, events)
	}
	sink.mu.Lock()
	sink.before = nil
	sink.mu.Unlock()
	b.gate.Set(true)
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if figures.Stored != events {
		t.Errorf("got %+v, want %d stored", figures, events)
	}
	b.check(t, events)
}

// testKill cuts the engine's connection behind the sink's back, after it stored
// and before it was acknowledged, and starts another engine.
func testKill(t *testing.T, b *bench) {
	b.cfg.AckWait = time.Second
	b.publish(t, 0, events)
	doomed := streamstest.Connect(t, b.Server)
	var batches atomic.Int64
	sink := &hooked{Sink: b.far.Sink, after: func(errs []error) []error {
		if batches.Add(1) == 3 {
			doomed.Conn.Close()
		}
		return errs
	}}
	r := b.startOn(t, doomed, sink)
	streamstest.Eventually(t, "the kill", func() bool { return batches.Load() >= 3 })
	r.Cancel()
	r = b.start(t, b.far.Reopen(t))
	figures := b.drained(t)
	if err := r.Stop(t); err != nil {
		t.Fatalf("second run: %v", err)
	}
	if figures.Stored != events || figures.Missing != 0 {
		t.Errorf("got %+v, want %d stored and none missing", figures, events)
	}
	b.check(t, events)
}

func testRequeue(t *testing.T, b *bench) {
	b.publish(t, 0, 100)
	bad := b.suite.Event(42).ID
	var healed atomic.Bool
	sink := &hooked{Sink: b.far.Sink, refuse: func(m durable.Message) error {
		if m.ID == bad && !healed.Load() {
			return durable.Poison(errors.New("until it is mended"))
		}
		return nil
	}}
	r := b.start(t, sink)
	if figures := b.drained(t); figures.Buried != 1 {
		t.Fatalf("got %+v, want 1 buried", figures)
	}
	healed.Store(true)
	letters := durable.Letters{Client: b.Client}
	err := letters.All(t.Context(), "", func(l durable.Letter) error {
		return letters.Requeue(t.Context(), b.Publisher, l.Number)
	})
	if err != nil {
		t.Fatalf("requeue: %v", err)
	}
	streamstest.Eventually(t, "the requeued message stored", func() bool { return b.drained(t).Stored == 100 })
	if err := r.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if b.far.Ordered {
		b.far.Ordered = false // a requeued message comes after those it once stood before
	}
	b.check(t, 100)
}
