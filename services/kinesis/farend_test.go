package kinesis_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"cashtag/services/kinesis"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// record is one record of a PutRecords request.
type record struct {
	PartitionKey string
	Data         []byte
}

// put is a PutRecords request.
type put struct {
	StreamName string
	Records    []record
}

func (p put) size() int {
	size := 0
	for _, r := range p.Records {
		size += len(r.PartitionKey) + len(r.Data)
	}
	return size
}

// failure is what a call is answered with instead of a success.
type failure struct {
	status  int
	code    string
	message string
}

// farEnd is a Kinesis endpoint whose answers a test decides. The zero value
// stores everything.
type farEnd struct {
	refuse func(put) *failure                     // of a whole call
	fail   func(call int, i int, r record) string // code of one record
	before func(ctx context.Context)              // each call; ctx ends with its connection
	status func(asked int) (string, *failure)     // of the stream
	create func() *failure
	mangle func(results []map[string]any) []map[string]any

	mu      sync.Mutex
	url     string
	puts    []put
	stored  []record
	asked   int
	created int
}

func (f *farEnd) start(t *testing.T) *farEnd {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *farEnd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in put
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		answer(w, nil, &failure{400, "SerializationException", err.Error()})
		return
	}
	if operation == "PutRecords" && f.before != nil {
		f.before(r.Context())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch operation {
	case "PutRecords":
		f.putRecords(w, in)
	case "CreateStream":
		f.created++
		var refused *failure
		if f.create != nil {
			refused = f.create()
		}
		answer(w, map[string]any{}, refused)
	case "DescribeStreamSummary":
		status, refused := "ACTIVE", (*failure)(nil)
		if f.status != nil {
			status, refused = f.status(f.asked)
		}
		f.asked++
		answer(w, map[string]any{"StreamDescriptionSummary": map[string]any{"StreamStatus": status}}, refused)
	}
}

func (f *farEnd) putRecords(w http.ResponseWriter, in put) {
	call := len(f.puts)
	f.puts = append(f.puts, in)
	if f.refuse != nil {
		if refused := f.refuse(in); refused != nil {
			answer(w, nil, refused)
			return
		}
	}
	failed, results := 0, []map[string]any{}
	for i, r := range in.Records {
		if f.fail != nil {
			if code := f.fail(call, i, r); code != "" {
				failed++
				results = append(results, map[string]any{"ErrorCode": code, "ErrorMessage": "as told"})
				continue
			}
		}
		f.stored = append(f.stored, r)
		results = append(results, map[string]any{"SequenceNumber": "1", "ShardId": "shardId-000000000000"})
	}
	if f.mangle != nil {
		results = f.mangle(results)
	}
	answer(w, map[string]any{"FailedRecordCount": failed, "Records": results}, nil)
}

func answer(w http.ResponseWriter, body any, refused *failure) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if refused != nil {
		if refused.status < 0 {
			panic(http.ErrAbortHandler) // drops the connection
		}
		w.WriteHeader(refused.status)
		body = map[string]string{"__type": refused.code, "message": refused.message}
	}
	_ = json.NewEncoder(w).Encode(body)
}

// calls is every PutRecords call so far.
func (f *farEnd) calls() []put {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.puts)
}

// records is every record stored so far, in order.
func (f *farEnd) records() []record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.stored)
}

// sink connects to a far end with credentials that it does not check.
func (f *farEnd) sink(t *testing.T, change ...func(*kinesis.Config)) *kinesis.Sink {
	t.Helper()
	return newSink(t, f.url, change...)
}

func newSink(t *testing.T, endpoint string, change ...func(*kinesis.Config)) *kinesis.Sink {
	t.Helper()
	cfg := kinesis.DefaultConfig()
	cfg.Endpoint, cfg.AccessKey, cfg.SecretKey = endpoint, "key", "secret"
	for _, one := range change {
		one(&cfg)
	}
	client, err := kinesis.NewClient(t.Context(), cfg)
	if err != nil {
		t.Fatalf("new client: %v", err)
	}
	sink, err := kinesis.New(client, cfg, streams.Tweets, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("new sink: %v", err)
	}
	return sink
}

// message is one message of a ticker's token.
func message(key, data string) durable.Message {
	return durable.Message{Key: key, Data: []byte(data), Stream: streams.Tweets}
}

// of lists the data stored under one partition key, in order.
func of(records []record, key string) []string {
	var data []string
	for _, r := range records {
		if r.PartitionKey == key {
			data = append(data, string(r.Data))
		}
	}
	return data
}
