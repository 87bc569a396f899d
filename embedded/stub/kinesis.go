package stub

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// KinesisServer accepts PutRecords, and answers the few calls that a producer
// makes before it: every stream exists and is active.
type KinesisServer struct {
	web
	latency time.Duration
	buffers sync.Pool
	once    []byte // the results of maxRecords records
}

const (
	maxRecords  = 500
	recordMark  = `"PartitionKey"`
	resultEntry = `{"SequenceNumber":"49671246667487654321098765432109876543210987654321012345","ShardId":"shardId-000000000000"},`
	kinesisJSON = "application/x-amz-json-1.1"
)

// Kinesis starts a server that answers each PutRecords after latency, counted
// from the end of the request.
func Kinesis(latency time.Duration) (*KinesisServer, error) {
	k := &KinesisServer{latency: latency, once: bytes.Repeat([]byte(resultEntry), maxRecords)}
	k.buffers.New = func() any { return new(make([]byte, readBufferBytes)) }
	if err := k.serve(k); err != nil {
		return nil, err
	}
	return k, nil
}

// ServeHTTP answers one call.
func (k *KinesisServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch operation {
	case "PutRecords":
		k.putRecords(w, r)
	case "DescribeStreamSummary":
		answer(w, `{"StreamDescriptionSummary":`+description+`}`)
	case "DescribeStream":
		answer(w, `{"StreamDescription":`+description+`}`)
	case "CreateStream":
		answer(w, "")
	default:
		w.Header().Set("Content-Type", kinesisJSON)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"UnknownOperationException"}`)
	}
}

// description is what every stream is like.
const description = `{"StreamName":"stub","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/stub",` +
	`"StreamStatus":"ACTIVE","StreamCreationTimestamp":1,"RetentionPeriodHours":24,"OpenShardCount":1,` +
	`"EnhancedMonitoring":[],"HasMoreShards":false,"Shards":[]}`

func (k *KinesisServer) putRecords(w http.ResponseWriter, r *http.Request) {
	records, size, err := k.count(r.Body)
	if err != nil || records > maxRecords {
		http.Error(w, "cut short or too many records", http.StatusBadRequest)
		return
	}
	if k.latency > 0 {
		timer := time.NewTimer(k.latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	k.add(records, size)
	const head, tail = `{"FailedRecordCount":0,"Records":[`, `]}`
	results := k.once[:max(0, records*len(resultEntry)-1)] // without the last comma
	w.Header().Set("Content-Type", kinesisJSON)
	w.Header().Set("Content-Length", strconv.Itoa(len(head)+len(results)+len(tail)))
	_, _ = io.WriteString(w, head)
	_, _ = w.Write(results)
	_, _ = io.WriteString(w, tail)
}

// count reads a request to its end and counts its records: the mark of a record
// cannot stand inside a JSON string.
func (k *KinesisServer) count(body io.Reader) (records, size int, err error) {
	pooled, _ := k.buffers.Get().(*[]byte)
	defer k.buffers.Put(pooled)
	buf, kept := *pooled, 0
	for {
		n, err := body.Read(buf[kept:])
		size += n
		have := buf[:kept+n]
		records += bytes.Count(have, []byte(recordMark))
		// A mark may be cut by the end of the buffer; what is kept is shorter than
		// a mark, so that none is counted twice.
		kept = copy(buf, have[max(0, len(have)-len(recordMark)+1):])
		if err == io.EOF {
			return records, size, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("read request: %w", err)
		}
	}
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", kinesisJSON)
	_, _ = io.WriteString(w, body)
}
