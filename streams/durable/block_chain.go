package durable

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// pruneEvery is how many cuts are recorded between two prunings.
const pruneEvery = 64

// cut is where a block ends, once and for all. The cut at start 0 is the chain's
// origin: it says that the first block starts after End.
type cut struct {
	start     uint64    // from the key
	End       uint64    `json:"end"`
	CreatedAt time.Time `json:"stream_created_at"`
}

// chain is every cut of one stream that the bucket still has, ascending. It never
// lacks the newest.
type chain struct {
	kv        jetstream.KeyValue
	stream    string
	createdAt time.Time // of the stream
	kept      int
	cuts      []cut
	recorded  int // since the last pruning
}

// openChain reads the cuts of a stream, whose first block starts after origin.
func openChain(ctx context.Context, js jetstream.JetStream, stream string, createdAt time.Time, origin uint64, kept int) (*chain, error) {
	kv, err := js.KeyValue(ctx, streams.BucketBlocks)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", streams.BucketBlocks, err)
	}
	c := &chain{kv: kv, stream: stream, createdAt: createdAt, kept: kept, recorded: pruneEvery}
	if err := c.load(ctx); err != nil {
		return nil, err
	}
	if len(c.cuts) > 0 {
		return c, nil
	}
	if _, err := c.record(ctx, cut{start: 0, End: origin}); err != nil {
		return nil, err
	}
	return c, nil
}

// load reads the cuts anew. It returns a Fatal error when they are of another
// stream of this name: its archive must not be written over.
func (c *chain) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	watcher, err := c.kv.Watch(ctx, c.stream+".*", jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("read cuts of stream %s: %w", c.stream, err)
	}
	defer func() { _ = watcher.Stop() }()
	c.cuts = c.cuts[:0]
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("read cuts of stream %s: %w", c.stream, ctx.Err())
		case entry, ok := <-watcher.Updates():
			if !ok {
				return fmt.Errorf("read cuts of stream %s: %w", c.stream, context.Canceled)
			}
			if entry == nil { // all there are have come
				slices.SortFunc(c.cuts, func(a, b cut) int { return cmp.Compare(a.start, b.start) })
				return nil
			}
			cut, err := c.parse(entry)
			if err != nil {
				return err
			}
			c.cuts = append(c.cuts, cut)
		}
	}
}

// newest is the last cut of the chain.
func (c *chain) newest() cut { return c.cuts[len(c.cuts)-1] }

// record writes a cut down and returns the one that holds: an earlier one stands.
func (c *chain) record(ctx context.Context, wanted cut) (cut, error) {
	wanted.CreatedAt = c.createdAt
	value, err := json.Marshal(wanted)
	if err != nil {
		return cut{}, fmt.Errorf("encode cut: %w", err)
	}
	key := c.stream + "." + strconv.FormatUint(wanted.start, 10)
	_, err = c.kv.Create(ctx, key, value)
	if errors.Is(err, jetstream.ErrKeyExists) {
		entry, err := c.kv.Get(ctx, key)
		if err != nil {
			return cut{}, fmt.Errorf("read cut %s: %w", key, err)
		}
		if wanted, err = c.parse(entry); err != nil {
			return cut{}, err
		}
	} else if err != nil {
		return cut{}, fmt.Errorf("record cut %s: %w", key, err)
	}
	c.cuts = append(c.cuts, wanted)
	c.recorded++
	return wanted, nil
}

// prune drops the oldest cuts beyond those to keep, now and then.
func (c *chain) prune(ctx context.Context, js jetstream.JetStream) error {
	if c.recorded < pruneEvery {
		return nil
	}
	c.recorded = 0
	if excess := len(c.cuts) - c.kept; excess > 0 {
		c.cuts = slices.Delete(c.cuts, 0, excess)
	}
	kv, err := js.Stream(ctx, "KV_"+streams.BucketBlocks)
	if err != nil {
		return fmt.Errorf("prune cuts of stream %s: %w", c.stream, err)
	}
	subject := "$KV." + streams.BucketBlocks + "." + c.stream + ".*"
	if err := kv.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeKeep(uint64(c.kept))); err != nil {
		return fmt.Errorf("prune cuts of stream %s: %w", c.stream, err)
	}
	return nil
}

// parse returns a Fatal error for what is no cut, and for one of another stream of
// this name: its archive must not be written over.
func (c *chain) parse(entry jetstream.KeyValueEntry) (cut, error) {
	var parsed cut
	_, start, _ := strings.Cut(entry.Key(), ".")
	var err error
	if parsed.start, err = strconv.ParseUint(start, 10, 64); err == nil {
		err = json.Unmarshal(entry.Value(), &parsed)
	}
	if err == nil && parsed.End < parsed.start {
		err = fmt.Errorf("end %d is before its start", parsed.End)
	}
	if err != nil {
		return cut{}, Fatal(fmt.Errorf("cut %s of bucket %s: %w", entry.Key(), entry.Bucket(), err))
	}
	if !parsed.CreatedAt.Equal(c.createdAt) {
		return cut{}, Fatal(fmt.Errorf("cut %s of bucket %s is of another stream %s, made %s: archive this one elsewhere, "+
			"and purge the keys %s.*", entry.Key(), entry.Bucket(), c.stream, parsed.CreatedAt.Format(time.RFC3339), c.stream))
	}
	return parsed, nil
}
