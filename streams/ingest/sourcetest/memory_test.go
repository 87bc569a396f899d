package sourcetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

// vendor is a stand-in in memory: a list of events, and the connections to it. A
// cursor is how many of the list were read.
type vendor struct {
	mu      sync.Mutex
	list    []*schemas.Event // nil is what cannot be decoded
	more    chan struct{}
	refuses bool
	links   map[*memory]chan struct{} // closed when the link is cut
}

func newVendor() *vendor {
	return &vendor{more: make(chan struct{}), links: map[*memory]chan struct{}{}}
}

func (v *vendor) Source(_ *testing.T, tickers ingest.Tickers, tally ingest.Tally) ingest.Source {
	return &memory{vendor: v, tickers: tickers, tally: tally}
}

func (v *vendor) Publish(_ *testing.T, events ...schemas.Event) {
	v.add(func() {
		for _, event := range events {
			v.list = append(v.list, &event)
		}
	})
}

func (v *vendor) Garble(*testing.T) { v.add(func() { v.list = append(v.list, nil) }) }

func (v *vendor) add(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
	close(v.more)
	v.more = make(chan struct{})
}

func (v *vendor) Cut(*testing.T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for source, link := range v.links {
		close(link)
		delete(v.links, source)
	}
}

func (v *vendor) Refuse(*testing.T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refuses = true
}

func (v *vendor) Connections() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.links)
}

// memory reads a vendor.
type memory struct {
	vendor  *vendor
	tickers ingest.Tickers
	tally   ingest.Tally
	cut     chan struct{}
}

var (
	errCut     = errors.New("connection cut")
	errRefused = errors.New("refused")
)

func (m *memory) Next(ctx context.Context, cursor string) ([]schemas.Event, string, error) {
	read, _ := strconv.Atoi(cursor) // "" is the start
	if err := m.connect(); err != nil {
		return nil, "", err
	}
	overlap := max(0, read-2) // as vendors have it
	for {
		m.vendor.mu.Lock()
		fresh, more := m.vendor.list[overlap:], m.vendor.more
		if read == len(m.vendor.list) {
			fresh = nil
		}
		end := len(m.vendor.list)
		m.vendor.mu.Unlock()
		if end > read {
			return m.decode(fresh), strconv.Itoa(end), nil
		}
		select {
		case <-more:
		case <-m.cut:
			m.cut = nil
			return nil, "", errCut
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

func (m *memory) connect() error {
	if m.cut != nil {
		return nil
	}
	m.vendor.mu.Lock()
	defer m.vendor.mu.Unlock()
	if m.vendor.refuses {
		return fmt.Errorf("connect: %w", ingest.Fatal(errRefused))
	}
	m.cut = make(chan struct{})
	m.vendor.links[m] = m.cut
	return nil
}

func (m *memory) decode(list []*schemas.Event) []schemas.Event {
	var events []schemas.Event
	for _, event := range list {
		switch {
		case event == nil:
			m.tally.Count("", ingest.Malformed, 1)
		case slices.Contains(m.tickers.List(), event.Subject):
			events = append(events, *event)
		default:
			m.tally.Count(event.Subject, ingest.Filtered, 1)
		}
	}
	return events
}

func (m *memory) Close() error {
	m.vendor.mu.Lock()
	defer m.vendor.mu.Unlock()
	delete(m.vendor.links, m)
	m.cut = nil
	return nil
}

func post(i int, ticker string) schemas.Event {
	at := time.Date(2026, 3, 18, 13, 30, i, 0, time.UTC)
	number := fmt.Sprintf("%s%06d", ticker, i)
	return schemas.New(schemas.TweetID(schemas.PlatformX, number), schemas.SourceX, ticker, at, &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: number, CreatedAt: at, Text: "$" + ticker, Lang: "en",
		Tickers: []string{ticker}, Cashtags: []string{ticker}, Author: schemas.Author{ID: "1"},
	})
}

func TestMemory(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Subjects: []string{"tweets.x.>"},
		Tickers:  []string{"AAPL", "BRK.B", "MSFT"},
		Event:    post,
		Open:     func(*testing.T) sourcetest.Vendor { return newVendor() },
	})
}
