package sourcetest

import (
	"slices"
	"sync"

	"cashtag/streams/ingest"
)

// Tickers is a followed list that a test changes by hand.
type Tickers struct {
	mu      sync.Mutex
	list    []string
	changed chan struct{}
}

var _ ingest.Tickers = (*Tickers)(nil)

// NewTickers returns a list of the given tickers.
func NewTickers(list ...string) *Tickers {
	return &Tickers{list: slices.Sorted(slices.Values(list)), changed: make(chan struct{})}
}

// Set replaces the list.
func (f *Tickers) Set(list ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.Sorted(slices.Values(list))
	close(f.changed)
	f.changed = make(chan struct{})
}

// List implements ingest.Tickers.
func (f *Tickers) List() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list
}

// Changed implements ingest.Tickers.
func (f *Tickers) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// Tally is an ingest.Tally that a test can read.
type Tally struct {
	mu     sync.Mutex
	counts map[string]map[ingest.Outcome]int
}

// NewTally returns an empty one.
func NewTally() *Tally { return &Tally{counts: map[string]map[ingest.Outcome]int{}} }

// Count implements ingest.Tally.
func (c *Tally) Count(ticker string, outcome ingest.Outcome, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[ticker] == nil {
		c.counts[ticker] = map[ingest.Outcome]int{}
	}
	c.counts[ticker][outcome] += n
}

// Of is what was counted of a ticker.
func (c *Tally) Of(ticker string, outcome ingest.Outcome) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[ticker][outcome]
}

// Sum is what was counted of all tickers.
func (c *Tally) Sum(outcome ingest.Outcome) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := 0
	for _, counts := range c.counts {
		sum += counts[outcome]
	}
	return sum
}
