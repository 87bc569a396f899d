package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// The cuts of the last closes: up to where each stream was read for a close. They are
// written before anything is read, so that whoever takes up a close again after a kill
// reads the same, whatever came in meanwhile.
const (
	cutsKey   = "analysis.cuts"
	cutsKept  = 16
	cutsTries = 8
)

// closeCut is up to where each stream was read for a close.
type closeCut struct {
	Close string            `json:"close"`
	Last  map[string]uint64 `json:"last"` // by stream
}

type closeCuts struct {
	Cuts []closeCut `json:"cuts"` // the newest last
}

// cutOf returns the cut of a close, and makes it of what now returns where there is
// none yet.
func cutOf(ctx context.Context, client *streams.Client, closeID string, now func() (map[string]uint64, error)) (map[string]uint64, error) {
	bucket, err := client.JS.KeyValue(ctx, streams.BucketCheckpoints)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", streams.BucketCheckpoints, err)
	}
	for range cutsTries {
		kept, revision, err := readCuts(ctx, bucket)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(kept.Cuts, func(c closeCut) bool { return c.Close == closeID }); i >= 0 {
			return kept.Cuts[i].Last, nil
		}
		cut := closeCut{Close: closeID}
		if cut.Last, err = now(); err != nil {
			return nil, err
		}
		kept.Cuts = append(kept.Cuts, cut)
		kept.Cuts = kept.Cuts[max(0, len(kept.Cuts)-cutsKept):]
		value, err := json.Marshal(kept)
		if err != nil {
			return nil, fmt.Errorf("cut of %s: %w", closeID, err)
		}
		if revision == 0 {
			_, err = bucket.Create(ctx, cutsKey, value)
		} else {
			_, err = bucket.Update(ctx, cutsKey, value, revision)
		}
		if err == nil {
			return cut.Last, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return nil, fmt.Errorf("cut of %s: %w", closeID, err)
		}
	}
	return nil, fmt.Errorf("cut of %s: others write key %s all the time", closeID, cutsKey)
}

// readCuts reads the cuts with their revision, 0 where there are none. What is none of ours is written over.
func readCuts(ctx context.Context, bucket jetstream.KeyValue) (closeCuts, uint64, error) {
	var kept closeCuts
	entry, err := bucket.Get(ctx, cutsKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return kept, 0, nil
	}
	if err != nil {
		return kept, 0, fmt.Errorf("key %s: %w", cutsKey, err)
	}
	if err := json.Unmarshal(entry.Value(), &kept); err != nil {
		kept = closeCuts{}
	}
	return kept, entry.Revision(), nil
}
