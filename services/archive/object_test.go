package archive_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"cashtag/services/archive"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// TestObjectsAreTheSameBytes makes one block with encoders that made others before.
func TestObjectsAreTheSameBytes(t *testing.T) {
	t.Parallel()
	cfg := onStandIn(t)
	s := open(t, cfg)
	var object, manifest []byte
	for round := range 8 {
		other, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 * round {
			if err := other.Append(durable.Message{Data: tweet(rand.IntN(1000) + i)}); err != nil {
				t.Fatal(err)
			}
		}
		if round%2 == 0 {
			if err := other.Seal(durable.Block{Stream: streams.Quotes, First: 1, Last: 1, Events: 1}); err != nil {
				t.Fatal(err)
			}
		}
		other.Discard()

		writer, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3000 {
			if err := writer.Append(durable.Message{Sequence: uint64(i + 1), Data: tweet(i)}); err != nil {
				t.Fatal(err)
			}
		}
		err = writer.Seal(durable.Block{
			Stream: streams.Tweets, CreatedAt: created, First: 1, Last: 3000, Events: 3000, FirstAt: created, LastAt: created,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Store(t.Context()); err != nil {
			t.Fatal(err)
		}
		writer.Discard()
		gotObject, gotManifest := fetch(t, cfg, block1+".ndjson.zst"), fetch(t, cfg, block1+".manifest.json")
		if round > 0 && (!bytes.Equal(gotObject, object) || !bytes.Equal(gotManifest, manifest)) {
			t.Fatalf("round %d: object has sum %s and manifest %q, want %s and %q",
				round, sum(gotObject), gotManifest, sum(object), manifest)
		}
		object, manifest = gotObject, gotManifest
	}
	checkBlock(t, cfg, block1)
}

func TestManifestBytes(t *testing.T) {
	t.Parallel()
	cfg := onFakeS3(t)
	s := open(t, cfg)
	store(t, s, 11, 12)
	got := string(fetch(t, cfg, block11+".manifest.json"))
	object := fetch(t, cfg, block11+".ndjson.zst")
	want := `{"version":1,"format":"ndjson+zstd","stream":"TWEETS","stream_created_at":"2026-11-23T14:30:00Z",` +
		`"first":11,"last":12,"events":2,"gaps":0,"invalid":0,` +
		`"first_stored_at":"2026-11-23T14:30:11Z","last_stored_at":"2026-11-23T14:30:12Z",` +
		`"object":"TWEETS/00000000000000000011.ndjson.zst",` +
		`"bytes":18,"sha256":"` + sum([]byte("{\"n\":11}\n{\"n\":12}\n")) + `",` +
		`"compressed_bytes":` + strings.TrimSpace(string(mustJSON(t, len(object)))) + `,"compressed_sha256":"` + sum(object) + `"}` + "\n"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLine(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, data, want string
		valid            bool
	}{
		{"as it is", `{"b": 1, "a":"\u00e9é", "a":2}`, `{"b": 1, "a":"\u00e9é", "a":2}`, true},
		{"line ends", "{\"a\":\r\n[1,\n2]}\n", `{"a":[1,2]}`, true},
		{"not an object", `7`, `7`, true},
		{"nothing", ``, `{"invalid":true,"sequence":7,"subject":"tweets.x.<A>","payload_base64":""}`, false},
		{"cut off", `{"a":`, `{"invalid":true,"sequence":7,"subject":"tweets.x.<A>","payload_base64":"eyJhIjo="}`, false},
		{"two values", "1 2", `{"invalid":true,"sequence":7,"subject":"tweets.x.<A>","payload_base64":"MSAy"}`, false},
		{"two lines", "{}\n{}", `{"invalid":true,"sequence":7,"subject":"tweets.x.<A>","payload_base64":"e30Ke30="}`, false},
		{"no UTF-8", "\"\xff\"", `{"invalid":true,"sequence":7,"subject":"tweets.x.<A>","payload_base64":"Iv8i"}`, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, valid, err := archive.LineOf(durable.Message{Sequence: 7, Subject: "tweets.x.<A>", Data: []byte(c.data)})
			want := strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(c.want)
			if err != nil || string(got) != want || valid != c.valid {
				t.Errorf("got %q, %t, %v, want %q, %t", got, valid, err, want, c.valid)
			}
		})
	}
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,null,true,"x"]}`, "{\n}", "", "\x00", `"\ud800"`, "{\"a\":1,\"a\":2}", "[[[[", "\u2028"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		line, valid, err := archive.LineOf(durable.Message{Data: data})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(line, '\n') >= 0 || !json.Valid(line) || !utf8.Valid(line) {
			t.Fatalf("line %q is not one line of JSON", line)
		}
		if valid {
			var want bytes.Buffer
			if err := json.Compact(&want, data); err != nil {
				t.Fatalf("%q was taken for JSON: %v", data, err)
			}
			var got bytes.Buffer
			if err := json.Compact(&got, line); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Fatalf("line %q says something other than %q", line, data)
			}
			return
		}
		var kept struct {
			Payload []byte `json:"payload_base64"`
		}
		if err := json.Unmarshal(line, &kept); err != nil || !bytes.Equal(kept.Payload, data) {
			t.Fatalf("line %q does not keep %q: %v", line, data, err)
		}
	})
}
