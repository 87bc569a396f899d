package durable_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/nats-io/nats.go/jetstream"
)

func TestBlocksWithGaps(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		erased []uint64
		want   []string
	}{
		{"in the middle", []uint64{3, 14, 15}, []string{"1-10:9", "11-20:8", "21-30"}},
		{"at the ends of blocks", []uint64{1, 10, 11, 20, 21}, []string{"2-10:8", "11-20:8", "21-30:9"}},
		{"a whole block", []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, []string{"1-10", "21-30"}},
		{"a block and the start of the next", []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}, []string{"1-10", "21-30:9"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newBlockRig(t)
			r.publish(t, 31)
			var but []int
			for _, sequence := range c.erased {
				but = append(but, int(sequence))
			}
			r.erase(t, c.erased...)
			w := r.start(t)
			r.vault.await(t, c.want...)
			r.vault.holds(t, lines(30, but...))
			// What the stream lost at its very start is no gap: the durable was made later.
			if got := w.Stats().Missing; got != 0 {
				t.Errorf("missing: got %d, want 0", got)
			}
		})
	}
}

func TestBlocksFlushWhereTheTailIsErased(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.startInHand(t, 6)
	r.erase(t, 5, 6)
	w.flush(t, 6)
	if got, want := strings.Join(r.vault.ranges(), " "), "1-6"; got != want {
		t.Errorf("blocks: got %s, want %s: what was read before it was erased", got, want)
	}
	r.publish(t, 2)
	r.erase(t, 8)
	w.flush(t, 8)
	r.publish(t, 1)
	w.flush(t, 9)
	if got, want := r.vault.content(), lines(9, 8); got != want && got != lines(9) {
		t.Errorf("archive: got %q, want %q, with or without 8", got, want)
	}
}

func TestBlocksFlushWhereTheTailIsErasedPastTheirEnd(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.publish(t, 12)
	r.erase(t, 8, 9, 10, 11, 12)
	w := r.start(t)
	w.flush(t, 12)
	if got, want := strings.Join(r.vault.ranges(), " "), "1-7"; got != want {
		t.Errorf("blocks: got %s, want %s", got, want)
	}
}

// An erased message takes the floor of an AckAll durable past what lies before it.
func TestBlocksDoNotTrustTheFloor(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.startInHand(t, 8)
	r.erase(t, 8)
	r.until(t, "floor moved by the server", func(info *jetstream.ConsumerInfo) bool { return info.AckFloor.Stream == 8 })
	w.kill(t)
	r.start(t, young(time.Millisecond))
	r.vault.await(t, "1-7")
	r.vault.holds(t, lines(7))
}

func TestBlocksCountWhatTheStreamDropped(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 12)
	r.vault.await(t, "1-10")
	r.gate.Set(false)
	w.until(t, durable.StatePaused)
	limited := r.config()
	limited.MaxMsgs = 6
	if _, err := r.js.UpdateStream(t.Context(), limited); err != nil {
		t.Fatal(err)
	}
	r.publish(t, 30) // keeps 37 to 42
	r.gate.Set(true)
	r.vault.await(t, "1-10", "31-40:4")
	w.flush(t, 42)
	r.vault.await(t, "1-10", "31-40:4", "41-42")
	if got := w.Stats().Missing; got != 26 {
		t.Errorf("missing: got %d, want 26", got)
	}
	figures, err := durable.Inspect(t.Context(), r.Client, archived)
	if err != nil || (figures.Missing != 26 || figures.Pending != 0 || figures.Stored != 16) {
		t.Errorf("figures: got %+v, %v, want 16 stored, 26 missing, none pending", figures, err)
	}
}

func TestBlocksEndAtAFatalError(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.vault.hooks(func(durable.Block) error { return durable.Fatal(errors.New("no such bucket")) }, nil)
	w := r.start(t)
	r.publish(t, 10)
	if err := w.Wait(t); !durable.IsFatal(err) || !strings.Contains(err.Error(), "no such bucket") {
		t.Errorf("run: got %v, want a fatal error that says why", err)
	}
	if got := r.info(t).AckFloor.Stream; got != 0 {
		t.Errorf("floor: got %d, want 0", got)
	}
	if err := w.Flush(t.Context(), 1); !errors.Is(err, durable.ErrStopped) {
		t.Errorf("flush after the end: got %v, want %v", err, durable.ErrStopped)
	}
}

func TestBlocksRefuseAnotherStreamOfTheName(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 10)
	r.vault.await(t, "1-10")
	w.stop(t)
	if err := r.js.DeleteStream(t.Context(), streams.Tweets); err != nil {
		t.Fatal(err)
	}
	if _, err := r.js.CreateStream(t.Context(), r.config()); err != nil {
		t.Fatal(err)
	}
	r.publish(t, 20)
	err := r.start(t).Wait(t)
	if !durable.IsFatal(err) || !strings.Contains(err.Error(), "another stream TWEETS") {
		t.Errorf("run with cuts of another stream: got %v, want a fatal error", err)
	}
	if err := r.js.DeleteKeyValue(t.Context(), streams.BucketBlocks); err != nil {
		t.Fatal(err)
	}
	if _, err := r.js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: streams.BucketBlocks}); err != nil {
		t.Fatal(err)
	}
	err = r.start(t).Wait(t)
	if !durable.IsFatal(err) || !strings.Contains(err.Error(), "of another stream") {
		t.Errorf("run with blocks of another stream: got %v, want a fatal error", err)
	}
	r.vault.holds(t, lines(10)) // untouched
}
