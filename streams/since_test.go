package streams_test

import (
	"slices"
	"testing"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/streams"
)

func TestReadSince(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false }))
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	read := func(after uint64) (sequences []uint64, last uint64) {
		t.Helper()
		last, err := streams.ReadSince(t.Context(), client, streams.Tweets, after, func(sequence uint64, data []byte) {
			if len(data) == 0 {
				t.Errorf("sequence %d: got no data", sequence)
			}
			sequences = append(sequences, sequence)
		})
		if err != nil {
			t.Fatalf("read since %d: %v", after, err)
		}
		return sequences, last
	}
	if got, last := read(0); len(got) != 0 || last != 0 {
		t.Errorf("empty stream: got %d up to %d, want none up to 0", got, last)
	}
	must(t, "publish", publisher.Publish(t.Context(), tweets("one", 3)...))
	if got, last := read(0); !slices.Equal(got, []uint64{1, 2, 3}) || last != 3 {
		t.Errorf("since 0: got %d up to %d, want 1 to 3", got, last)
	}
	must(t, "publish", publisher.Publish(t.Context(), tweets("two", 1500)...))
	if got, last := read(2); len(got) != 1501 || got[0] != 3 || got[1500] != 1503 || last != 1503 {
		t.Errorf("since 2: got %d messages up to %d, want 1501 up to 1503", len(got), last)
	}
	if got, last := read(1503); len(got) != 0 || last != 1503 {
		t.Errorf("since the last: got %d up to %d, want none", got, last)
	}
	if got, last := read(9999); len(got) != 0 || last != 1503 {
		t.Errorf("beyond the last: got %d up to %d, want none up to 1503", got, last)
	}
	if _, err := streams.ReadSince(t.Context(), client, "NOTHING", 0, func(uint64, []byte) {}); err == nil {
		t.Error("a stream that is not there: got no error")
	}
}
