package kinesisd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	maxGetRecords = 10000
	// maxGetBytes leaves room below 10 MiB for the record that goes past it.
	maxGetBytes = 9 << 20
)

type getShardIteratorRequest struct {
	target
	ShardID                string `json:"ShardId"`
	ShardIteratorType      string `json:"ShardIteratorType"`
	StartingSequenceNumber string `json:"StartingSequenceNumber"`
	Timestamp              *epoch `json:"Timestamp"`
}

type getShardIteratorAnswer struct {
	ShardIterator string `json:"ShardIterator"`
}

type getRecordsRequest struct {
	target
	ShardIterator string `json:"ShardIterator"`
	Limit         *int   `json:"Limit"`
}

type wireRecord struct {
	Arrival        epoch  `json:"ApproximateArrivalTimestamp"`
	Data           []byte `json:"Data"`
	PartitionKey   string `json:"PartitionKey"`
	SequenceNumber string `json:"SequenceNumber"`
}

type getRecordsAnswer struct {
	MillisBehindLatest int64        `json:"MillisBehindLatest"`
	NextShardIterator  string       `json:"NextShardIterator"`
	Records            []wireRecord `json:"Records"`
}

func (s *Server) getShardIterator(ctx context.Context, in getShardIteratorRequest) (any, error) {
	st, err := s.streams.find(in.target)
	if err != nil {
		return nil, err
	}
	shard, ok := st.shardIndex(in.ShardID)
	if !ok {
		return nil, refuse(codeNotFound, "Shard %s in stream %s under account %s does not exist", in.ShardID, st.name, accountID)
	}
	p := place{Stream: st.name, Born: st.born(), Shard: shard, Seq: 1, Issued: s.cfg.Now()}
	switch in.ShardIteratorType {
	case "TRIM_HORIZON":
	case "LATEST":
		info, err := st.js.Info(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for the end of stream %s: %w", st.name, err)
		}
		p.Seq = info.State.LastSeq + 1
	case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
		seq, ok := parseSequence(in.StartingSequenceNumber, st.born(), shard)
		if !ok {
			return nil, refuse(codeInvalidArgument,
				"StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid.",
				in.StartingSequenceNumber, in.ShardID, st.name, accountID)
		}
		p.Seq = max(seq, 1)
		if in.ShardIteratorType == "AFTER_SEQUENCE_NUMBER" {
			p.Seq = seq + 1
		}
	case "AT_TIMESTAMP":
		if in.Timestamp == nil {
			return nil, refuse(codeInvalidArgument, "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.")
		}
		p.At = time.Time(*in.Timestamp).UTC()
		if p.At.After(p.Issued) {
			return nil, refuse(codeInvalidArgument, "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.")
		}
	default:
		return nil, invalid(in.ShardIteratorType, "shardIteratorType",
			"Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]")
	}
	token, err := formatToken(p)
	return getShardIteratorAnswer{ShardIterator: token}, err
}

func (s *Server) getRecords(ctx context.Context, in getRecordsRequest) (any, error) {
	limit := maxGetRecords
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > maxGetRecords {
		return nil, invalid(limit, "limit", "Member must have value between 1 and 10000")
	}
	p, ok := parseToken[place](in.ShardIterator)
	if !ok {
		return nil, refuse(codeInvalidArgument, "Invalid ShardIterator.")
	}
	now := s.cfg.Now()
	if age := now.Sub(p.Issued); age > iteratorLife {
		return nil, refuse(codeExpiredIterator, "Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
			p.Issued.UTC().Format(time.RFC1123), now.UTC().Format(time.RFC1123), iteratorLife.Milliseconds())
	}
	st, err := s.streams.get(p.Stream)
	if err != nil {
		return nil, err
	}
	if st.born() != p.Born || p.Shard < 0 || p.Shard >= len(st.shards) || p.Seq < 1 {
		return nil, refuse(codeInvalidArgument, "Invalid ShardIterator.")
	}
	records, more, err := s.read(ctx, st, &p, limit)
	if err != nil {
		return nil, err
	}
	p.Issued = now
	answer := getRecordsAnswer{Records: make([]wireRecord, len(records))}
	for i, r := range records {
		answer.Records[i] = wireRecord{epoch(r.ArrivalTime), r.Data, r.PartitionKey, r.SequenceNumber}
	}
	if more {
		answer.MillisBehindLatest = max(1, now.Sub(records[len(records)-1].ArrivalTime).Milliseconds())
	}
	answer.NextShardIterator, err = formatToken(p)
	return answer, err
}

// read returns the records from p on, at most limit and about maxGetBytes,
// moves p behind them, and reports whether more are there.
func (s *Server) read(ctx context.Context, st *stream, p *place, limit int) (records []Record, more bool, err error) {
	from := jetstreamext.GetBatchSeq(p.Seq)
	if !p.At.IsZero() {
		from = jetstreamext.GetBatchStartTime(p.At)
	}
	msgs, err := jetstreamext.GetBatch(ctx, s.cfg.JetStream, storeName(st.name), limit, from,
		jetstreamext.GetBatchSubject(st.subject(p.Shard)), jetstreamext.GetBatchMaxBytes(maxGetBytes))
	if err != nil {
		return nil, false, fmt.Errorf("read shard %d of %s: %w", p.Shard, st.name, err)
	}
	for msg, err := range msgs {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("read shard %d of %s: %w", p.Shard, st.name, err)
		}
		key, data, err := decodeRecord(msg.Data)
		if err != nil {
			return nil, false, err
		}
		records = append(records, Record{
			Shard: st.shards[p.Shard].id, SequenceNumber: formatSequence(st.born(), msg.Sequence, p.Shard),
			PartitionKey: key, Data: data, ArrivalTime: msg.Time,
		})
		p.Seq, p.At = msg.Sequence+1, time.Time{}
		more = msg.Header.Get("Nats-Num-Pending") != "0"
	}
	return records, more, nil
}

// Records returns every record of a stream, shard by shard and in order within
// each. It holds them all in memory and so is for tests and small streams.
func (s *Server) Records(ctx context.Context, name string) ([]Record, error) {
	st, err := s.streams.get(name)
	if err != nil {
		return nil, err
	}
	var all []Record
	for i := range st.shards {
		p := place{Shard: i, Seq: 1}
		for more := true; more; {
			var records []Record
			if records, more, err = s.read(ctx, st, &p, maxGetRecords); err != nil {
				return nil, err
			}
			all = append(all, records...)
		}
	}
	return all, nil
}

func (st *stream) shardIndex(id string) (int, bool) {
	var i int
	if _, err := fmt.Sscanf(strings.TrimPrefix(id, "shardId-"), "%d", &i); err != nil {
		return 0, false
	}
	if i < 0 || i >= len(st.shards) || st.shards[i].id != id {
		return 0, false
	}
	return i, true
}
