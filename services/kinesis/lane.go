package kinesis

import (
	"context"
	"fmt"

	"cashtag/streams/durable"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// maxKeptBody is the largest request body that a lane keeps for the next call.
const maxKeptBody = 2 << 20

// lane has one call in flight at most. Its messages of one Write are sent in
// order, a call after the other.
type lane struct {
	sink    *Sink
	body    []byte
	entries []types.PutRecordsRequestEntry
	chunk   []int
	failed  map[string]struct{} // keys that must wait for the next Write
}

func newLane(sink *Sink) *lane {
	return &lane{
		sink:    sink,
		entries: make([]types.PutRecordsRequestEntry, 0, MaxRecords),
		chunk:   make([]int, 0, MaxRecords),
		failed:  make(map[string]struct{}),
	}
}

// run sends the messages at indices and notes the error of each that was not
// stored.
func (l *lane) run(ctx context.Context, w *write, indices []int) {
	clear(l.failed)
	for len(indices) > 0 {
		chunk, rest := l.cut(w, indices)
		if err := l.put(ctx, w, chunk); err != nil {
			for _, i := range rest {
				w.errs[i] = notTried(err)
			}
			return
		}
		l.spare(w, chunk)
		indices = rest
	}
}

// notTried is the error of what stands behind a call that failed for a reason
// that no other call would escape. It is of the same kind as its cause.
func notTried(cause error) error { return fmt.Errorf("%w: %w", errNotTried, cause) }

// cut takes the messages of one call from the front of indices. What stands
// behind a failed record of its key is left out and noted as not tried.
func (l *lane) cut(w *write, indices []int) (chunk, rest []int) {
	// Calls of about the same size: 260 and 260 rather than 500 and 20.
	calls := (len(indices) + MaxRecords - 1) / MaxRecords
	most := (len(indices) + calls - 1) / calls
	chunk = l.chunk[:0]
	size := 0
	for n, i := range indices {
		if l.behind(w, i) {
			continue
		}
		size += len(w.keys[i]) + len(w.batch[i].Data)
		if len(chunk) == most || size > MaxCallBytes {
			return chunk, indices[n:]
		}
		chunk = append(chunk, i)
	}
	return chunk, nil
}

// put stores the messages of chunk in one call, or in more where the far end
// refuses it as invalid. It returns an error when no further call makes sense.
func (l *lane) put(ctx context.Context, w *write, chunk []int) error {
	if len(chunk) == 0 {
		return nil
	}
	out, err := l.call(ctx, w, chunk)
	if err == nil {
		l.settle(w, chunk, out.Records)
		return nil
	}
	if isInvalid(err) {
		return l.refused(ctx, w, chunk, err)
	}
	err = l.sink.classify(ctx, err)
	for _, i := range chunk {
		w.errs[i] = err
	}
	return err
}

func (l *lane) call(ctx context.Context, w *write, chunk []int) (*sdk.PutRecordsOutput, error) {
	l.entries = l.entries[:0]
	for _, i := range chunk {
		data := w.batch[i].Data
		if data == nil {
			data = []byte{} // the SDK refuses a record without data, the service does not
		}
		l.entries = append(l.entries, types.PutRecordsRequestEntry{Data: data, PartitionKey: &w.keys[i]})
	}
	defer clear(l.entries) // keep no message of the batch alive
	if cap(l.body) > maxKeptBody {
		l.body = nil
	}
	out, err := l.sink.api.PutRecords(withBuffer(ctx, &l.body), &sdk.PutRecordsInput{
		StreamName: aws.String(l.sink.name),
		Records:    l.entries,
	})
	if err != nil {
		return nil, err
	}
	if len(out.Records) != len(chunk) {
		return nil, fmt.Errorf("answer has %d results for %d records", len(out.Records), len(chunk))
	}
	return out, nil
}

// settle notes what became of each record of a call: result and request have the
// same order.
func (l *lane) settle(w *write, chunk []int, results []types.PutRecordsResultEntry) {
	for n, i := range chunk {
		code := aws.ToString(results[n].ErrorCode)
		if code == "" {
			continue
		}
		err := recordError(l.sink.name, code, aws.ToString(results[n].ErrorMessage))
		w.errs[i] = err
		if !durable.IsPoison(err) {
			l.failed[w.keys[i]] = struct{}{}
		}
	}
}

// refused finds out which records of a call the far end refused as invalid, by
// sending it again as two. A record that is refused alone is poison. The depth is
// bounded by the size of a call.
func (l *lane) refused(ctx context.Context, w *write, chunk []int, refusal error) error {
	if len(chunk) == 1 {
		w.errs[chunk[0]] = durable.Poison(fmt.Errorf("put record to kinesis stream %s: %w", l.sink.name, brief(refusal)))
		return nil
	}
	middle := len(chunk) / 2
	if err := l.put(ctx, w, chunk[:middle]); err != nil {
		for _, i := range chunk[middle:] {
			w.errs[i] = notTried(err)
		}
		return err
	}
	rest := make([]int, 0, len(chunk)-middle)
	for _, i := range chunk[middle:] {
		if l.behind(w, i) {
			continue
		}
		rest = append(rest, i)
	}
	return l.put(ctx, w, rest)
}

// spare takes back the verdict of poison where it fell on every record of a call
// of several: then the request as such is at fault, and the messages are kept.
func (l *lane) spare(w *write, chunk []int) {
	if len(chunk) < 2 {
		return
	}
	for _, i := range chunk {
		if !durable.IsPoison(w.errs[i]) {
			return
		}
	}
	for _, i := range chunk {
		w.errs[i] = fmt.Errorf("%w: %v", errAllRefused, w.errs[i]) //nolint:errorlint // wrapping it would keep it poison
	}
}

// behind reports whether an earlier message of the same key failed, and notes
// that this one was not tried then.
func (l *lane) behind(w *write, i int) bool {
	_, failed := l.failed[w.keys[i]]
	if failed {
		w.errs[i] = durable.Unavailable(errBehind)
	}
	return failed
}
