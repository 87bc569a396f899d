package kinesis_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cashtag/services/kinesis"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
)

func TestWriteKeepsBytesAndTicker(t *testing.T) {
	far := new(farEnd).start(t)
	batch := []durable.Message{
		message("AAPL", `{"text":"é \"quoted\" \u0000"}`),
		message("BRK_B", "not even JSON\x00\xff"),
		message("_", `{"type":"cashtag.tweet_deleted.v1"}`),
		{Key: "MSFT"},
	}
	if errs := far.sink(t).Write(t.Context(), batch); errs != nil {
		t.Fatalf("got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
	want := []record{
		{"AAPL", []byte(`{"text":"é \"quoted\" \u0000"}`)},
		{"BRK.B", []byte("not even JSON\x00\xff")},
		{"_", []byte(`{"type":"cashtag.tweet_deleted.v1"}`)},
		{"MSFT", []byte{}},
	}
	if got := fmt.Sprintf("%q", far.records()); got != fmt.Sprintf("%q", want) {
		t.Errorf("got %s, want %q", got, want)
	}
	if got, want := far.calls()[0].StreamName, "cashtag-tweets"; got != want {
		t.Errorf("got stream %q, want %q", got, want)
	}
}

func TestWriteCutsCalls(t *testing.T) {
	big := strings.Repeat("a", 1<<20-4)
	tests := []struct {
		name  string
		batch []durable.Message
		want  []int // records of each call
	}{
		{"one call", messages(500, 7), []int{500}},
		{"one more than fits", messages(501, 7), []int{251, 250}},
		{"two and a bit", messages(1020, 7), []int{340, 340, 340}},
		{"bytes", slices.Repeat([]durable.Message{message("AAPL", big)}, 12), []int{5, 5, 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			far := new(farEnd).start(t)
			sink := far.sink(t, func(cfg *kinesis.Config) { cfg.Lanes = 1 })
			if errs := sink.Write(t.Context(), test.batch); errs != nil {
				t.Fatalf("got %d errors, first %v, want none", len(errs), sinktest.First(errs))
			}
			var got []int
			for _, call := range far.calls() {
				got = append(got, len(call.Records))
				if call.size() > kinesis.MaxCallBytes {
					t.Errorf("got a call of %d bytes, want at most %d", call.size(), kinesis.MaxCallBytes)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got calls of %v records, want %v", got, test.want)
			}
			for i, r := range far.records() {
				if string(r.Data) != string(test.batch[i].Data) {
					t.Fatalf("record %d: got %.40q, want %.40q", i, r.Data, test.batch[i].Data)
				}
			}
		})
	}
}

func TestWritePoisonLeavesTheRest(t *testing.T) {
	tests := []struct {
		name string
		bad  durable.Message
		want string
	}{
		{"one byte too many", message("AAPL", strings.Repeat("a", 1<<20-3)), "1048577 bytes"},
		{"no key", message("", "x"), "without a partition key"},
		{"a key of 257 characters", message(strings.Repeat("é", 257), "x"), "257 characters"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			far := new(farEnd).start(t)
			errs := far.sink(t).Write(t.Context(), []durable.Message{message("AAPL", "a"), test.bad, message("AAPL", "b")})
			sinktest.WantKinds(t, errs, "stored", "poison", "stored")
			if !strings.Contains(errs[1].Error(), test.want) {
				t.Errorf("got reason %q, want %q in it", errs[1], test.want)
			}
			if got, want := of(far.records(), "AAPL"), []string{"a", "b"}; !slices.Equal(got, want) {
				t.Errorf("got stored %q, want %q", got, want)
			}
		})
	}
}

func TestWriteOnlyPoisonCallsNobody(t *testing.T) {
	far := new(farEnd).start(t)
	sinktest.WantKinds(t, far.sink(t).Write(t.Context(), []durable.Message{message("", "x")}), "poison")
	if got := len(far.calls()); got != 0 {
		t.Errorf("got %d calls, want none", got)
	}
}

func TestWriteAtTheLimitOfARecord(t *testing.T) {
	far := new(farEnd).start(t)
	batch := []durable.Message{message("AAPL", strings.Repeat("a", 1<<20-4)), message(strings.Repeat("é", 256), "x")}
	if errs := far.sink(t).Write(t.Context(), batch); errs != nil {
		t.Fatalf("got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
	if got := len(far.records()); got != 2 {
		t.Errorf("got %d records, want 2", got)
	}
}

// TestLanesRunAtOnceAndKeepOrder holds every call until a second one is in
// flight, so that it would never end with one lane.
func TestLanesRunAtOnceAndKeepOrder(t *testing.T) {
	met, inFlight := make(chan struct{}), atomic.Int64{}
	far := &farEnd{before: func(ctx context.Context) {
		if inFlight.Add(1) == 2 {
			close(met)
		}
		select {
		case <-met:
		case <-ctx.Done():
		}
	}}
	far.start(t)
	batch := messages(2000, 40)
	if errs := far.sink(t).Write(t.Context(), batch); errs != nil {
		t.Fatalf("got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
	if got := len(far.calls()); got != 4 {
		t.Errorf("got %d calls, want 4 of 500 records", got)
	}
	want := map[string][]string{}
	for _, m := range batch {
		want[m.Key] = append(want[m.Key], string(m.Data))
	}
	for key := range want {
		if got := of(far.records(), key); !slices.Equal(got, want[key]) {
			t.Errorf("%s: got %d records in another order or number, want %d", key, len(got), len(want[key]))
		}
	}
}

func TestLanesAreFilledWhenOneTickerDominates(t *testing.T) {
	far := new(farEnd).start(t)
	batch := messages(1500, 1)
	if errs := far.sink(t).Write(t.Context(), append(batch, messages(30, 30)[1:]...)); errs != nil {
		t.Fatalf("got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
	if got := of(far.records(), "T0"); len(got) != 1500 || got[0] != string(batch[0].Data) || got[1499] != string(batch[1499].Data) {
		t.Errorf("got %d records of the one ticker, want 1500 in order", len(got))
	}
	if got := len(far.records()); got != 1529 {
		t.Errorf("got %d records, want 1529", got)
	}
}

// TestConnectionIsKept holds the SDK to one connection: where the body of a
// request can write itself, its transport now and then takes the end of a body
// that was closed early for a failure, drops the connection under the answer, and
// so makes a stored call look failed.
func TestConnectionIsKept(t *testing.T) {
	var opened atomic.Int64
	far := new(farEnd)
	server := httptest.NewUnstartedServer(far)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	sink, batch := newSink(t, server.URL), messages(250, 7)
	for n := range 400 {
		if errs := sink.Write(t.Context(), batch); errs != nil {
			t.Fatalf("write %d: got %v, want no error", n, sinktest.First(errs))
		}
	}
	if got := opened.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}
