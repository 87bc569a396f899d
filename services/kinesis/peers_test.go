//go:build peers

package kinesis_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cashtag/services/kinesis"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// TestConformanceOnKinesalite runs the suite against somebody else's Kinesis.
func TestConformanceOnKinesalite(t *testing.T) {
	t.Parallel()
	sinktest.Run(t, sinktest.Suite{
		Consumer: streams.Consumer{Service: streams.ServiceKinesis, Stream: streams.Tweets, Ordered: true},
		Open:     openKinesalite,
		Poison:   bytes.Repeat([]byte("a"), kinesis.MaxRecordBytes+1),
	})
}

// TestKinesaliteTakesFullCalls writes what is at the limits of one call: as many
// records as it takes, and records as large as it takes.
func TestKinesaliteTakesFullCalls(t *testing.T) {
	t.Parallel()
	endpoint := startKinesalite(t)
	sink := newSink(t, endpoint, create)
	if err := sink.Ensure(t.Context()); err != nil {
		t.Fatalf("ensure: %v", err)
	}
	const large = 7 // over the 5 MB of one call together
	batch := messages(1001, 600)
	for range large {
		batch = append(batch, message("LARGE", strings.Repeat("x", kinesis.MaxRecordBytes-len("LARGE"))))
	}
	if errs := sink.Write(t.Context(), batch); errs != nil {
		t.Fatalf("got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
	got, want := map[string][]string{}, map[string][]string{}
	for _, r := range readKinesalite(t, endpoint) {
		key := aws.ToString(r.PartitionKey)
		got[key] = append(got[key], string(r.Data))
	}
	for _, m := range batch {
		want[m.Key] = append(want[m.Key], string(m.Data))
	}
	if len(got) != len(want) {
		t.Errorf("got %d tickers, want %d", len(got), len(want))
	}
	for key := range want {
		if !slices.Equal(got[key], want[key]) {
			t.Errorf("%s: got %d records, %.80q, want %d, %.80q", key, len(got[key]), got[key], len(want[key]), want[key])
		}
	}
}

// openKinesalite starts kinesalite behind a proxy that can refuse every call.
func openKinesalite(t *testing.T) sinktest.FarEnd {
	endpoint := startKinesalite(t)
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatalf("address of kinesalite: %v", err)
	}
	var down atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			answer(w, nil, &failure{http.StatusServiceUnavailable, "ServiceUnavailable", "as told"})
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	fresh := func(t *testing.T) durable.Sink {
		sink := newSink(t, front.URL, create, func(cfg *kinesis.Config) { cfg.Shards = 4 })
		if err := sink.Ensure(t.Context()); err != nil {
			t.Fatalf("ensure: %v", err)
		}
		return sink
	}
	return sinktest.FarEnd{
		Sink:    fresh(t),
		Reopen:  fresh,
		Stored:  func(t *testing.T) []string { return kinesaliteIDs(t, endpoint) },
		Ordered: true,
		Repeats: true,
		Outage:  func(_ *testing.T, on bool) { down.Store(on) },
	}
}

// startKinesalite runs the kinesalite that is installed in CASHTAG_KINESALITE_DIR
// and returns its address. It ends with the test.
func startKinesalite(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CASHTAG_KINESALITE_DIR")
	if dir == "" {
		t.Fatal("CASHTAG_KINESALITE_DIR names no kinesalite: `task test:peers` installs one and says where")
	}
	cmd := exec.CommandContext(t.Context(), "node", "kinesalite.js")
	cmd.Dir = dir
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("pipe to kinesalite: %v", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("pipe from kinesalite: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start kinesalite: %v", err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait() // the end of the test's context kills what does not end
	})
	endpoint, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("kinesalite says no address: %v: %s", err, complaints.String())
	}
	return strings.TrimSpace(endpoint)
}

func kinesaliteIDs(t *testing.T, endpoint string) []string {
	t.Helper()
	var ids []string
	for _, r := range readKinesalite(t, endpoint) {
		var event struct{ ID, Subject string }
		if err := json.Unmarshal(r.Data, &event); err != nil {
			t.Fatalf("record %s: %v", aws.ToString(r.SequenceNumber), err)
		}
		if got := aws.ToString(r.PartitionKey); got != event.Subject {
			t.Errorf("record %s: got partition key %q, want %q", aws.ToString(r.SequenceNumber), got, event.Subject)
		}
		ids = append(ids, event.ID)
	}
	return ids
}

// readKinesalite reads every record, shard after shard.
func readKinesalite(t *testing.T, endpoint string) []types.Record {
	t.Helper()
	cfg := kinesis.DefaultConfig()
	cfg.Endpoint, cfg.AccessKey, cfg.SecretKey = endpoint, "key", "secret"
	client, err := kinesis.NewClient(t.Context(), cfg)
	if err != nil {
		t.Fatalf("new client: %v", err)
	}
	shards, err := client.ListShards(t.Context(), &sdk.ListShardsInput{StreamName: aws.String(kinesisStream)})
	if err != nil {
		t.Fatalf("list shards: %v", err)
	}
	var records []types.Record
	for _, shard := range shards.Shards {
		start, err := client.GetShardIterator(t.Context(), &sdk.GetShardIteratorInput{
			StreamName: aws.String(kinesisStream), ShardId: shard.ShardId,
			ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatalf("open shard %s: %v", aws.ToString(shard.ShardId), err)
		}
		for next := start.ShardIterator; ; {
			page, err := client.GetRecords(t.Context(), &sdk.GetRecordsInput{ShardIterator: next})
			if err != nil {
				t.Fatalf("read shard %s: %v", aws.ToString(shard.ShardId), err)
			}
			if len(page.Records) == 0 {
				break
			}
			records, next = append(records, page.Records...), page.NextShardIterator
		}
	}
	return records
}
