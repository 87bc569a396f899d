package kinesis_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cashtag/services/kinesis"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
)

const throttled = "ProvisionedThroughputExceededException"

func TestRecordFailures(t *testing.T) {
	tests := []struct {
		code, want string
	}{
		{throttled, "unavailable"},
		{"InternalFailure", "unavailable"},
		{"SomethingNew", "unavailable"},
		{"ValidationException", "poison"},
	}
	for _, test := range tests {
		t.Run(test.code, func(t *testing.T) {
			far := &farEnd{fail: func(_, i int, _ record) string {
				if i == 1 {
					return test.code
				}
				return ""
			}}
			far.start(t)
			batch := []durable.Message{message("A", "1"), message("B", "2"), message("B", "3")}
			errs := far.sink(t).Write(t.Context(), batch)
			sinktest.WantKinds(t, errs, "stored", test.want, "stored")
			if !strings.Contains(errs[1].Error(), test.code) {
				t.Errorf("got reason %q, want %q in it", errs[1], test.code)
			}
		})
	}
}

// TestFailedTickerStopsUntilTheNextWrite fails one record of the first of three
// calls: what stands behind it in later calls must not be sent.
func TestFailedTickerStopsUntilTheNextWrite(t *testing.T) {
	far := &farEnd{fail: func(call, _ int, r record) string {
		if call == 0 && r.PartitionKey == "T3" {
			return throttled
		}
		return ""
	}}
	far.start(t)
	batch := messages(1500, 10)
	sink := far.sink(t, func(cfg *kinesis.Config) { cfg.Lanes = 1 })
	errs := sink.Write(t.Context(), batch)
	if got := len(of(far.records(), "T3")); got != 0 {
		t.Errorf("got %d records of the failed ticker, want none", got)
	}
	var again []durable.Message
	for i, err := range errs {
		if (err != nil) != (batch[i].Key == "T3") || (err != nil && !durable.IsUnavailable(err)) {
			t.Fatalf("message %d of %s: got %v", i, batch[i].Key, err)
		}
		if err != nil {
			again = append(again, batch[i])
		}
	}
	if errs := sink.Write(t.Context(), again); errs != nil {
		t.Fatalf("again: got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
	var want []string
	for _, m := range again {
		want = append(want, string(m.Data))
	}
	if got := of(far.records(), "T3"); !slices.Equal(got, want) {
		t.Errorf("got %d records of the ticker after the second write, want %d in order", len(got), len(want))
	}
	if got := len(far.records()); got != 1500 {
		t.Errorf("got %d records in all, want 1500", got)
	}
}

func TestCallFailures(t *testing.T) {
	tests := []struct {
		name     string
		failure  failure
		want     string
		contains string
	}{
		{"throttled", failure{400, throttled, "Rate exceeded"}, "unavailable", "Rate exceeded"},
		{"limit", failure{400, "LimitExceededException", "slow"}, "unavailable", "slow"},
		{"internal", failure{500, "InternalFailure", "oops"}, "unavailable", "oops"},
		{"no server behind it", failure{503, "ServiceUnavailable", "later"}, "unavailable", "later"},
		{"connection dropped", failure{-1, "", ""}, "unavailable", "EOF"},
		{"key service throttled", failure{400, "KMSThrottlingException", "kms"}, "unavailable", "kms"},
		{"unknown", failure{400, "SomethingNew", "new"}, "unavailable", "SomethingNew"},
		{"access denied", failure{400, "AccessDeniedException", "no"}, "fatal", "grant kinesis:PutRecords"},
		{"unknown key", failure{400, "UnrecognizedClientException", "bad"}, "fatal", "check the access key"},
		{"wrong secret", failure{400, "InvalidSignatureException", "bad"}, "fatal", "check the secret key"},
		{"expired", failure{400, "ExpiredTokenException", "old"}, "fatal", "renew"},
		{"no stream", failure{400, "ResourceNotFoundException", "none"}, "fatal", "set"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			far := &farEnd{refuse: func(put) *failure { return &test.failure }}
			far.start(t)
			sink := far.sink(t, func(cfg *kinesis.Config) { cfg.Lanes = 1 })
			batch := messages(501, 3)
			errs := sink.Write(t.Context(), batch)
			sinktest.WantKinds(t, errs, slices.Repeat([]string{test.want}, len(batch))...)
			if got := errs[0].Error(); !strings.Contains(got, test.contains) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want one line with %q in it", got, test.contains)
			}
			if got := len(far.calls()); got != 1 {
				t.Errorf("got %d calls, want one and no retry", got)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	far := new(farEnd).start(t)
	sink := newSink(t, "http://127.0.0.1:1")
	errs := sink.Write(t.Context(), []durable.Message{message("A", "1")})
	sinktest.WantKinds(t, errs, "unavailable")
	if got := len(far.calls()); got != 0 {
		t.Errorf("got %d calls, want none", got)
	}
}

func TestWriteEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	far := &farEnd{before: func(call context.Context) {
		cancel()
		<-call.Done() // answers nothing to whom is gone
	}}
	far.start(t)
	sinktest.WantKinds(t, far.sink(t).Write(ctx, messages(3, 3)), "unavailable", "unavailable", "unavailable")
}

func TestAnswerOfAnotherLength(t *testing.T) {
	far := &farEnd{mangle: func(results []map[string]any) []map[string]any { return results[1:] }}
	far.start(t)
	errs := far.sink(t).Write(t.Context(), messages(3, 3))
	sinktest.WantKinds(t, errs, "unavailable", "unavailable", "unavailable")
	if got, want := errs[0].Error(), "2 results for 3 records"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

// refuseWith answers every call that holds one of the given data as a service
// does that cannot say which record it minds.
func refuseWith(data ...string) func(put) *failure {
	return func(in put) *failure {
		for _, r := range in.Records {
			if slices.Contains(data, string(r.Data)) {
				return &failure{400, "ValidationException", "1 validation error detected"}
			}
		}
		return nil
	}
}

func TestRefusedCallIsHalved(t *testing.T) {
	batch := messages(100, 5)
	bad := map[int]bool{0: true, 41: true, 99: true}
	var data []string
	for i := range bad {
		data = append(data, string(batch[i].Data))
	}
	far := &farEnd{refuse: refuseWith(data...)}
	far.start(t)
	errs := far.sink(t).Write(t.Context(), batch)
	want := map[string][]string{}
	for i, err := range errs {
		if durable.IsPoison(err) != bad[i] || (err != nil) != bad[i] {
			t.Errorf("message %d: got %v, want poison: %v", i, err, bad[i])
		}
		if !bad[i] {
			want[batch[i].Key] = append(want[batch[i].Key], string(batch[i].Data))
		}
	}
	for key := range want {
		if got := of(far.records(), key); !slices.Equal(got, want[key]) {
			t.Errorf("%s: got %d records, want %d in order", key, len(got), len(want[key]))
		}
	}
}

// TestRefusedHalvesKeepOrder throttles a ticker in the first half of a halved
// call: its records of the second half must wait.
func TestRefusedHalvesKeepOrder(t *testing.T) {
	batch := []durable.Message{message("A", "1"), message("B", "bad"), message("A", "2"), message("C", "3")}
	far := &farEnd{refuse: refuseWith("bad"), fail: func(_, _ int, r record) string {
		if string(r.Data) == "1" {
			return throttled
		}
		return ""
	}}
	far.start(t)
	sinktest.WantKinds(t, far.sink(t).Write(t.Context(), batch), "unavailable", "poison", "unavailable", "stored")
	if got := of(far.records(), "A"); got != nil {
		t.Errorf("got %q stored, want nothing behind the failed record", got)
	}
}

func TestHalvesStopAtAnOutage(t *testing.T) {
	calls := 0
	far := &farEnd{refuse: func(put) *failure {
		if calls++; calls == 1 {
			return &failure{400, "ValidationException", "bad"}
		}
		return &failure{400, "AccessDeniedException", "no"}
	}}
	far.start(t)
	sinktest.WantKinds(t, far.sink(t).Write(t.Context(), messages(4, 4)), "fatal", "fatal", "fatal", "fatal")
	if calls != 2 {
		t.Errorf("got %d calls, want 2", calls)
	}
}

// TestRefusalOfEverythingIsNotPoison: a far end that refuses each record alone
// refuses the request, and no message may be buried for that.
func TestRefusalOfEverythingIsNotPoison(t *testing.T) {
	far := &farEnd{refuse: func(put) *failure { return &failure{400, "InvalidArgumentException", "stream"} }}
	far.start(t)
	sink := far.sink(t)
	sinktest.WantKinds(t, sink.Write(t.Context(), messages(3, 3)), "failed", "failed", "failed")
	sinktest.WantKinds(t, sink.Write(t.Context(), messages(1, 1)), "poison")
}

func TestRequestTooLargeIsHalved(t *testing.T) {
	far := &farEnd{refuse: func(in put) *failure {
		if len(in.Records) > 2 {
			return &failure{413, "RequestEntityTooLarge", strconv.Itoa(len(in.Records))}
		}
		return nil
	}}
	far.start(t)
	if errs := far.sink(t).Write(t.Context(), messages(8, 3)); errs != nil {
		t.Fatalf("got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
	if got := len(far.records()); got != 8 {
		t.Errorf("got %d records, want 8", got)
	}
}
