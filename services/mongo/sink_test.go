package mongo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cashtag/services/mongo"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestWriteAsksForAMajority(t *testing.T) {
	var got bson.Raw
	far := &farEnd{answer: func(name string, command bson.Raw) bson.D {
		if name == "insert" {
			got = slices.Clone(command)
		}
		return nil
	}}
	if errs := far.start(t).sink(t).Write(t.Context(), events("a", "b")); errs != nil {
		t.Fatalf("got %v, want no errors", sinktest.First(errs))
	}
	want := map[string]string{
		"insert": `"tweets"`, "ordered": "false", "$db": `"cashtag"`, "writeConcern": `{"w": "majority","j": true}`,
	}
	for key, value := range want {
		if got := got.Lookup(key).String(); got != value {
			t.Errorf("%s: got %s, want %s", key, got, value)
		}
	}
	if got, want := fmt.Sprint(far.inserts()), "[[a b]]"; got != want {
		t.Errorf("got inserts %s, want %s", got, want)
	}
}

func TestWritePoisonLeavesTheRest(t *testing.T) {
	far := new(farEnd).start(t)
	batch := events("a", "b", "c")
	batch[1].Data = []byte("no event")
	sinktest.WantKinds(t, far.sink(t).Write(t.Context(), batch), "stored", "poison", "stored")
	if got, want := fmt.Sprint(far.inserts()), "[[a c]]"; got != want {
		t.Errorf("got inserts %s, want %s", got, want)
	}
}

func TestWriteOnlyPoisonInsertsNothing(t *testing.T) {
	far := new(farEnd).start(t)
	sinktest.WantKinds(t, far.sink(t).Write(t.Context(), []durable.Message{message("a", "")}), "poison")
	if got := far.inserts(); got != nil {
		t.Errorf("got inserts %v, want none", got)
	}
}

// TestWriteCutsCommands writes documents that BSON makes much larger than they
// were as JSON: more than one command holds, and one that none holds.
func TestWriteCutsCommands(t *testing.T) {
	far := new(farEnd).start(t)
	list := func(n int) string { return `,"data":[` + strings.Repeat("1,", n-1) + "1]}" }
	var batch []durable.Message
	for _, id := range []string{"a", "b", "c", "d"} {
		batch = append(batch, message(id, `{"id":"`+id+`"`+list(350_000)))
	}
	batch[2] = message("c", `{"id":"c"`+list(1_100_000))
	errs := far.sink(t).Write(t.Context(), batch)
	sinktest.WantKinds(t, errs, "stored", "stored", "poison", "stored")
	if got := errs[2].Error(); !strings.Contains(got, "at most 16777216") {
		t.Errorf("got reason %q, want the limit in it", got)
	}
	if got, want := fmt.Sprint(far.inserts()), "[[a b] [d]]"; got != want {
		t.Errorf("got inserts %s, want %s", got, want)
	}
	if errs := far.sink(t).Write(t.Context(), events("e")); errs != nil {
		t.Errorf("after it: got %v, want no errors", sinktest.First(errs))
	}
}

func TestDuplicates(t *testing.T) {
	pattern := func(key string) bson.E { return bson.E{Key: "keyPattern", Value: bson.D{{Key: key, Value: 1}}} }
	tests := []struct {
		name string
		err  bson.D
		want string
	}{
		{"of _id by field", writeError(1, 11000, "E11000 duplicate key error", pattern("_id")), "stored"},
		{"of _id by message", writeError(1, 11000, `E11000 duplicate key error collection: cashtag.tweets index: _id_ dup key: { _id: "b" }`), "stored"},
		{"of an unnamed index", writeError(1, 11000, "E11000 duplicate key error collection: cashtag.tweets"), "stored"},
		{"of another index by field", writeError(1, 11000, "E11000 duplicate key error", pattern("data.post_id")), "failed"},
		{"of another index by message", writeError(1, 11000, `E11000 duplicate key error collection: cashtag.tweets index: post_1 dup key: { : "b" }`), "failed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			far := &farEnd{answer: func(name string, _ bson.Raw) bson.D {
				if name == "insert" {
					return partial(3, test.err)
				}
				return nil
			}}
			errs := far.start(t).sink(t).Write(t.Context(), events("a", "b", "c"))
			if test.want == "stored" {
				if errs != nil {
					t.Errorf("got %v, want no errors", sinktest.First(errs))
				}
				return
			}
			sinktest.WantKinds(t, errs, "stored", test.want, "stored")
		})
	}
}

func TestDocumentErrors(t *testing.T) {
	far := &farEnd{answer: func(name string, _ bson.Raw) bson.D {
		if name == "insert" {
			return partial(5, writeError(3, 14031, "disk full"), writeError(0, 2, "invalid key"), writeError(4, 121, "validator"), writeError(2, 11000, "there"))
		}
		return nil
	}}
	errs := far.start(t).sink(t).Write(t.Context(), events("a", "b", "c", "d", "e"))
	sinktest.WantKinds(t, errs, "poison", "stored", "stored", "unavailable", "failed")
	if got := errs[0].Error(); !strings.Contains(got, "invalid key") || !strings.Contains(got, "tweets") {
		t.Errorf("got reason %q, want the server's words and the collection in it", got)
	}
}

func TestWriteConcernFailed(t *testing.T) {
	concern := bson.E{Key: "writeConcernError", Value: bson.D{{Key: "code", Value: int32(64)}, {Key: "errmsg", Value: "waiting for replication timed out"}}}
	far := &farEnd{answer: func(name string, _ bson.Raw) bson.D {
		if name == "insert" {
			return append(partial(3, writeError(0, 11000, "there"), writeError(1, 2, "bad")), concern)
		}
		return nil
	}}
	errs := far.start(t).sink(t).Write(t.Context(), events("a", "b", "c"))
	sinktest.WantKinds(t, errs, "unavailable", "poison", "unavailable")
	if got, want := errs[2].Error(), "replication timed out"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

func TestAnswersThatDoNotAddUp(t *testing.T) {
	ok := bson.E{Key: "ok", Value: 1.0}
	tests := []struct {
		name  string
		reply bson.D
	}{
		{"fewer stored and no error", bson.D{{Key: "n", Value: int32(2)}, ok}},
		{"no count", bson.D{ok}},
		{"fewer stored and one error", bson.D{{Key: "n", Value: int32(1)}, {Key: "writeErrors", Value: bson.A{writeError(1, 121, "x")}}, ok}},
		{"an index that was not sent", partial(3, writeError(3, 2, "x"))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			far := &farEnd{answer: func(name string, _ bson.Raw) bson.D {
				if name == "insert" {
					return test.reply
				}
				return nil
			}}
			errs := far.start(t).sink(t).Write(t.Context(), events("a", "b", "c"))
			if len(errs) != 3 || !durable.IsUnavailable(errs[0]) || !durable.IsUnavailable(errs[2]) {
				t.Errorf("got %v, want all kept", errs)
			}
		})
	}
}

func TestCommandErrors(t *testing.T) {
	tests := []struct {
		name, want string
		reply      bson.D
	}{
		{"not the primary", "unavailable", refusal(10107, "not primary")},
		{"shutting down", "unavailable", refusal(91, "shutdown")},
		{"unknown", "unavailable", refusal(4711, "new")},
		{"hang up", "unavailable", hangUp},
		{"not allowed", "fatal", refusal(13, "not authorized on cashtag")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			far := &farEnd{answer: func(name string, _ bson.Raw) bson.D {
				if name == "insert" {
					return test.reply
				}
				return nil
			}}
			errs := far.start(t).sink(t).Write(t.Context(), events("a", "b", "c"))
			sinktest.WantKinds(t, errs, test.want, test.want, test.want)
			if got := errs[0].Error(); strings.Contains(got, "\n") || !strings.Contains(got, far.addr) {
				t.Errorf("got %q, want one line that names the host", got)
			}
			if got := len(far.inserts()); got != 1 {
				t.Errorf("got %d inserts, want 1", got)
			}
		})
	}
}

// TestRefusedCommandIsSplit has a server that refuses a whole command for one
// document, as some do.
func TestRefusedCommandIsSplit(t *testing.T) {
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = fmt.Sprintf("id%d", i)
	}
	for code, want := range map[int]string{2: "poison", 1: "failed"} {
		t.Run(want, func(t *testing.T) {
			stored := map[string]bool{}
			far := &farEnd{answer: func(name string, command bson.Raw) bson.D {
				if name != "insert" {
					return nil
				}
				if slices.Contains(idsOf(command), "id41") || slices.Contains(idsOf(command), "id99") {
					return refusal(code, "cannot take it")
				}
				for _, id := range idsOf(command) {
					stored[id] = true
				}
				return nil
			}}
			errs := far.start(t).sink(t).Write(t.Context(), events(ids...))
			for i, kind := range sinktest.Kinds(errs) {
				bad := i == 41 || i == 99
				if (bad && kind != want) || (!bad && kind != "stored") || stored[ids[i]] == bad {
					t.Errorf("%s: got %s, inserted: %v", ids[i], kind, stored[ids[i]])
				}
			}
		})
	}
}

// TestRefusalOfEverythingIsBounded: where the server refuses all, a batch of a
// thousand must not become two thousand commands, nor its rest be blamed.
func TestRefusalOfEverythingIsBounded(t *testing.T) {
	far := &farEnd{answer: func(name string, _ bson.Raw) bson.D {
		if name == "insert" {
			return refusal(1, "internal")
		}
		return nil
	}}
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("id%d", i)
	}
	errs := far.start(t).sink(t).Write(t.Context(), events(ids...))
	if got := len(far.inserts()); got > 3*mongo.MaxSplits {
		t.Errorf("got %d commands, want at most %d", got, 3*mongo.MaxSplits)
	}
	if got := sinktest.Kinds(errs); got[999] != "unavailable" || slices.Contains(got, "stored") || slices.Contains(got, "poison") {
		t.Errorf("got %v, want none stored, none poison and the last one kept", got)
	}
}
