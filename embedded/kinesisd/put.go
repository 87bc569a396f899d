package kinesisd

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
)

const (
	maxPutRecords = 500
	maxPutBytes   = 5 << 20
	// maxRecord bounds a record's data and key together.
	maxRecord = 1 << 20
	maxKey    = 256
	keyLen    = 2
	// maxStored is the largest message: a record, the length of its key, and
	// what JetStream needs to mark a batch.
	maxStored = maxRecord + keyLen + 1024
)

// Record is a record as it is stored.
type Record struct {
	// Shard is the shard's id, shardId-000000000000.
	Shard string
	// SequenceNumber has 56 digits and increases within a shard.
	SequenceNumber string
	// PartitionKey is the key that chose the shard.
	PartitionKey string
	// Data is what the producer put.
	Data []byte
	// ArrivalTime is when JetStream stored the record.
	ArrivalTime time.Time
}

type putEntry struct {
	Data            []byte `json:"Data"`
	PartitionKey    string `json:"PartitionKey"`
	ExplicitHashKey string `json:"ExplicitHashKey"`
}

type putRecordRequest struct {
	target
	putEntry
	DryRun bool `json:"DryRun"`
}

type putRecordsRequest struct {
	target
	Records []putEntry `json:"Records"`
	DryRun  bool       `json:"DryRun"`
}

// putResult is what became of one record.
type putResult struct {
	ErrorCode      string `json:"ErrorCode,omitempty"`
	ErrorMessage   string `json:"ErrorMessage,omitempty"`
	SequenceNumber string `json:"SequenceNumber,omitempty"`
	ShardID        string `json:"ShardId,omitempty"`
}

type putRecordsAnswer struct {
	FailedRecordCount int         `json:"FailedRecordCount"`
	Records           []putResult `json:"Records"`
}

func (s *Server) putRecord(ctx context.Context, in putRecordRequest) (any, error) {
	if in.DryRun {
		return nil, invalid(true, "dryRun", "This stand-in has no dry run")
	}
	key, err := in.check("")
	if err != nil {
		return nil, err
	}
	st, err := s.streams.find(in.target)
	if err != nil {
		return nil, err
	}
	results, err := s.put(ctx, st, []putEntry{in.putEntry}, []hashKey{key})
	if err != nil {
		return nil, err
	}
	got := results[0]
	if got.ErrorCode != "" {
		status := http.StatusBadRequest
		if got.ErrorCode == codeInternal {
			status = http.StatusInternalServerError
		}
		return nil, &apiError{status: status, code: got.ErrorCode, message: got.ErrorMessage}
	}
	return got, nil
}

func (s *Server) putRecords(ctx context.Context, in putRecordsRequest) (any, error) {
	switch n := len(in.Records); {
	case in.DryRun:
		return nil, invalid(true, "dryRun", "This stand-in has no dry run")
	case n < 1:
		return nil, invalid("[]", "records", "Member must have length greater than or equal to 1")
	case n > maxPutRecords:
		return nil, invalid(fmt.Sprintf("[%d records]", n), "records", "Member must have length less than or equal to 500")
	}
	keys := make([]hashKey, len(in.Records))
	total := 0
	for i, e := range in.Records {
		var err error
		if keys[i], err = e.check(fmt.Sprintf("records.%d.member.", i+1)); err != nil {
			return nil, err
		}
		total += len(e.Data) + len(e.PartitionKey)
	}
	if total > maxPutBytes {
		return nil, refuse(codeInvalidArgument, "Records size exceeds 5 MB limit")
	}
	st, err := s.streams.find(in.target)
	if err != nil {
		return nil, err
	}
	results, err := s.put(ctx, st, in.Records, keys)
	if err != nil {
		return nil, err
	}
	answer := putRecordsAnswer{Records: results}
	for _, r := range results {
		if r.ErrorCode != "" {
			answer.FailedRecordCount++
		}
	}
	return answer, nil
}

// check reports what is wrong with a record, or where in the hash space it
// belongs. The prefix says where in the request the record stands.
func (e putEntry) check(prefix string) (hashKey, error) {
	switch n := utf8.RuneCountInString(e.PartitionKey); {
	case n < 1:
		return hashKey{}, invalid("", prefix+"partitionKey", "Member must have length greater than or equal to 1")
	case n > maxKey:
		return hashKey{}, invalid(e.PartitionKey, prefix+"partitionKey", "Member must have length less than or equal to 256")
	case len(e.Data) > maxRecord:
		return hashKey{}, invalid(fmt.Sprintf("[%d bytes]", len(e.Data)), prefix+"data", "Member must have length less than or equal to 1048576")
	case len(e.Data)+len(e.PartitionKey) > maxRecord:
		return hashKey{}, refuse(codeInvalidArgument, "Record size with its partition key exceeds 1 MB limit")
	}
	if e.ExplicitHashKey == "" {
		return keyOf(e.PartitionKey), nil
	}
	key, ok := parseHashKey(e.ExplicitHashKey)
	if !ok {
		return key, refuse(codeInvalidArgument,
			"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", e.ExplicitHashKey)
	}
	return key, nil
}

// put stores what neither a fault nor a limit refuses, in the order given, and
// returns one result a record.
func (s *Server) put(ctx context.Context, st *stream, entries []putEntry, keys []hashKey) ([]putResult, error) {
	faults, now := s.faults.Load(), s.cfg.Now()
	results := make([]putResult, len(entries))
	shards := make([]int, len(entries))
	msgs := make([]*nats.Msg, 0, len(entries))
	for i, e := range entries {
		shards[i] = shardAt(st.shards, keys[i])
		sh := st.shards[shards[i]]
		var code string
		if faults.Record != nil {
			code = faults.Record(st.name, i, Record{Shard: sh.id, PartitionKey: e.PartitionKey, Data: e.Data})
		}
		if code == "" && s.cfg.EnforceShardLimits && !sh.take(now, len(e.Data)+len(e.PartitionKey)) {
			code = codeThroughput
		}
		if code != "" {
			results[i] = putResult{ErrorCode: code, ErrorMessage: putMessage(code, st.name, sh.id)}
			continue
		}
		msgs = append(msgs, &nats.Msg{Subject: st.subject(shards[i]), Header: nats.Header{}, Data: encodeRecord(e)})
	}
	if len(msgs) == 0 {
		return results, nil
	}
	last, err := st.puts.store(ctx, msgs)
	if err != nil {
		return nil, fmt.Errorf("put into %s: %w", st.name, err)
	}
	seq := last - uint64(len(msgs))
	for i := range results {
		if results[i].ErrorCode == "" {
			seq++
			results[i].SequenceNumber = formatSequence(st.born(), seq, shards[i])
			results[i].ShardID = st.shards[shards[i]].id
		}
	}
	return results, nil
}

func putMessage(code, stream, shard string) string {
	if code == codeThroughput {
		return fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", shard, stream, accountID)
	}
	return "Internal service failure."
}

// encodeRecord puts the key before the data; a header could not hold any key.
func encodeRecord(e putEntry) []byte {
	b := make([]byte, keyLen, keyLen+len(e.PartitionKey)+len(e.Data))
	binary.BigEndian.PutUint16(b, uint16(len(e.PartitionKey)))
	b = append(b, e.PartitionKey...)
	return append(b, e.Data...)
}

func decodeRecord(b []byte) (key string, data []byte, err error) {
	if len(b) < keyLen || len(b) < keyLen+int(binary.BigEndian.Uint16(b)) {
		return "", nil, fmt.Errorf("decode record: %d bytes are too few", len(b))
	}
	end := keyLen + int(binary.BigEndian.Uint16(b))
	return string(b[keyLen:end]), b[end:], nil
}
