package streams_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"cashtag/streams"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file under testdata.
func golden(tb testing.TB, file string, got []byte) {
	tb.Helper()
	path := "testdata/" + file
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			tb.Fatalf("write %s: %v", path, err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("read %s: %v", path, err)
	}
	if !bytes.Equal(got, want) {
		tb.Errorf("%s differs from what the code says now: go test ./streams -update, and look at the difference\n%s", path, got)
	}
}

// The topology is a contract: whatever changes in it shows in a review.
func TestTopologyGolden(t *testing.T) {
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatalf("topology: %v", err)
	}
	type consumer struct {
		Key, RetryDurable, RetryFilter, DeadFilter string
		Ordered                                    bool
	}
	whole := struct {
		Streams, Buckets any
		Consumers        []consumer
	}{Streams: topology.Streams, Buckets: topology.Buckets}
	for _, c := range streams.Consumers() {
		whole.Consumers = append(whole.Consumers, consumer{c.Key(), c.RetryDurable(), c.RetryFilter(), c.DeadFilter(), c.Ordered})
	}
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(whole); err != nil {
		t.Fatalf("encode: %v", err)
	}
	golden(t, "topology.golden.json", got.Bytes())
}

func TestTopologyIsBounded(t *testing.T) {
	for _, size := range []streams.Size{streams.DefaultSize(), {Replicas: 3, TotalBytes: 100 << 30}, {Replicas: 1, TotalBytes: 64 << 20}} {
		topology, err := streams.NewTopology(size)
		if err != nil {
			t.Fatalf("topology of %+v: %v", size, err)
		}
		var total, buckets int64
		for _, config := range topology.Streams {
			if config.MaxBytes <= 0 || config.MaxAge <= 0 || config.MaxMsgSize <= 0 || config.Duplicates <= 0 {
				t.Errorf("stream %s of %+v: got a limit that is none: %+v", config.Name, size, config)
			}
			if config.Replicas != size.Replicas {
				t.Errorf("stream %s: got %d replicas, want %d", config.Name, config.Replicas, size.Replicas)
			}
			total += config.MaxBytes
		}
		for _, config := range topology.Buckets {
			if config.MaxBytes <= 0 || config.Replicas != size.Replicas {
				t.Errorf("bucket %s of %+v: got %+v, want a limit and the same replicas", config.Bucket, size, config)
			}
			buckets += config.MaxBytes
		}
		if total > size.TotalBytes {
			t.Errorf("streams of %+v: got %d bytes in all, want at most %d", size, total, size.TotalBytes)
		}
		if got := topology.Reserved(); got != total+buckets || buckets > size.TotalBytes/4 {
			t.Errorf("topology of %+v: got %d bytes reserved, want the %d of the streams and the %d of the buckets, a quarter of those at most", size, got, total, buckets)
		}
	}
}

func TestSizeValidate(t *testing.T) {
	cases := []struct {
		size streams.Size
		want string
	}{
		{streams.DefaultSize(), "<nil>"},
		{streams.Size{Replicas: 5, TotalBytes: 1 << 30}, "<nil>"},
		{streams.Size{Replicas: 0, TotalBytes: 1 << 30}, "replicas is 0: must be 1, 3 or 5"},
		{streams.Size{Replicas: 2, TotalBytes: 1 << 30}, "replicas is 2: must be 1, 3 or 5"},
		{streams.Size{Replicas: 7, TotalBytes: 1 << 30}, "replicas is 7: must be 1, 3 or 5"},
		{streams.Size{Replicas: 1, TotalBytes: 1 << 20}, "total bytes is 1048576: must be at least 64 MiB"},
	}
	for _, c := range cases {
		_, err := streams.NewTopology(c.size)
		if got := fmt.Sprint(err); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.size, got, c.want)
		}
	}
}
