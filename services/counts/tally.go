package counts

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// outcomes are the places of the outcomes in a tallied.
const (
	accepted = iota
	filtered
	duplicates
	malformed
	outcomes
)

// tallied counts by outcome.
type tallied [outcomes]atomic.Int64

// picture is a tallied at one instant.
type picture [outcomes]int64

func (t *tallied) picture() (p picture) {
	for i := range t {
		p[i] = t[i].Load()
	}
	return p
}

// since is what was counted after another picture was taken.
func (p picture) since(before picture) picture {
	for i := range p {
		p[i] -= before[i]
	}
	return p
}

func (p picture) sums() schemas.Outcomes {
	return schemas.Outcomes{
		Seen:     p[accepted] + p[filtered] + p[duplicates] + p[malformed],
		Accepted: p[accepted], Filtered: p[filtered], Duplicates: p[duplicates], Malformed: p[malformed],
	}
}

// Tally counts what one source saw in this run. It implements ingest.Tally.
type Tally struct {
	source string
	sum    tallied

	tickers sync.Map // of string to *tallied
	kept    atomic.Int64

	// Of the Service alone: what it published so far.
	published picture
	each      map[string]picture
}

var _ ingest.Tally = (*Tally)(nil)

// Count implements ingest.Tally. An outcome that is not known is malformed.
func (t *Tally) Count(ticker string, outcome ingest.Outcome, n int) {
	if n <= 0 {
		return
	}
	place := malformed
	switch outcome {
	case ingest.Accepted:
		place = accepted
	case ingest.Filtered:
		place = filtered
	case ingest.Duplicate:
		place = duplicates
	case ingest.Malformed:
	}
	if ticker != "" {
		if of := t.of(ticker); of != nil {
			of[place].Add(int64(n))
		}
	}
	t.sum[place].Add(int64(n))
}

// of is the ticker's own count; nil where it has none.
func (t *Tally) of(ticker string) *tallied {
	if of, ok := t.tickers.Load(ticker); ok {
		return of.(*tallied)
	}
	if schemas.ValidTicker(ticker) != nil {
		return nil
	}
	if t.kept.Add(1) > schemas.MaxCountedTickers {
		t.kept.Add(-1)
		return nil
	}
	of, loaded := t.tickers.LoadOrStore(ticker, new(tallied))
	if loaded {
		t.kept.Add(-1)
	}
	return of.(*tallied)
}

// take is what was counted since the take before.
func (t *Tally) take() (minute, run schemas.Outcomes, tickers []schemas.TickerCounts) {
	now := t.sum.picture()
	minute, run = now.since(t.published).sums(), now.sums()
	t.published = now
	tickers = []schemas.TickerCounts{}
	t.tickers.Range(func(ticker, of any) bool {
		now, before := of.(*tallied).picture(), t.each[ticker.(string)]
		t.each[ticker.(string)] = now
		if p := now.since(before); p != (picture{}) {
			tickers = append(tickers, schemas.TickerCounts{
				Ticker: ticker.(string), Accepted: p[accepted], Filtered: p[filtered], Duplicates: p[duplicates], Malformed: p[malformed],
			})
		}
		return true
	})
	slices.SortFunc(tickers, func(a, b schemas.TickerCounts) int { return cmp.Compare(a.Ticker, b.Ticker) })
	return minute, run, tickers
}
