package kinesis

import (
	"cmp"
	"slices"

	"cashtag/streams/durable"
)

// plan shares a batch out among lanes. What it holds is used again batch after
// batch.
type plan struct {
	partition []string
	lanes     [][]int
	counts    map[string]*share
	shares    []*share
}

// share is one key's part of a batch.
type share struct {
	count int
	lane  int
}

func newPlan(lanes int) plan {
	return plan{lanes: make([][]int, lanes), counts: make(map[string]*share)}
}

// keys is the partition key of each message, valid until the next call.
func (p *plan) keys(batch []durable.Message) []string {
	p.partition = slices.Grow(p.partition[:0], len(batch))
	for i := range batch {
		p.partition = append(p.partition, partitionKey(&batch[i]))
	}
	return p.partition
}

// split returns, for each lane in use, the indices of its messages in the order
// of the batch. Messages of one key share a lane; messages that have an error
// already are in none. No more lanes are used than the batch fills calls, because
// a call costs more than its records.
func (p *plan) split(w *write) [][]int {
	used := min(len(p.lanes), (len(w.batch)+MaxRecords-1)/MaxRecords)
	for n := range p.lanes {
		p.lanes[n] = p.lanes[n][:0]
	}
	if used > 1 {
		p.assign(w, used)
	}
	for i := range w.batch {
		if w.errs[i] != nil {
			continue
		}
		n := 0
		if used > 1 {
			n = p.counts[w.keys[i]].lane
		}
		p.lanes[n] = append(p.lanes[n], i)
	}
	return p.lanes[:used]
}

// assign gives each key a lane, the largest first and each to the lane that has
// least, so that the lanes are about even.
func (p *plan) assign(w *write, used int) {
	clear(p.counts)
	p.shares = p.shares[:0]
	for i := range w.batch {
		if w.errs[i] != nil {
			continue
		}
		one, ok := p.counts[w.keys[i]]
		if !ok {
			one = new(share)
			p.counts[w.keys[i]] = one
			p.shares = append(p.shares, one)
		}
		one.count++
	}
	slices.SortStableFunc(p.shares, func(a, b *share) int { return cmp.Compare(b.count, a.count) })
	loads := make([]int, used)
	for _, one := range p.shares {
		for n := range loads {
			if loads[n] < loads[one.lane] {
				one.lane = n
			}
		}
		loads[one.lane] += one.count
	}
}
