package streams

import "sync/atomic"

// PublisherStats counts what a Publisher has done since it was made.
type PublisherStats struct {
	Events     uint64 // stored
	Batches    uint64 // stored whole
	Singles    uint64 // messages stored, or found to be stored, outside of a batch
	Duplicates uint64 // of those, found to be stored
	Retries    uint64 // attempts after the first
}

type counters struct {
	events, batches, singles, duplicates, retries atomic.Uint64
}

func (c *counters) snapshot() PublisherStats {
	return PublisherStats{
		Events:     c.events.Load(),
		Batches:    c.batches.Load(),
		Singles:    c.singles.Load(),
		Duplicates: c.duplicates.Load(),
		Retries:    c.retries.Load(),
	}
}
