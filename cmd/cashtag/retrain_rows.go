package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/services/analysis"
	"cashtag/services/analysis/retrain"
	"cashtag/services/archive"
	"cashtag/services/features/dataset"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// historyRows makes rows of all that was recorded: what the archive has, and after it
// what the streams hold.
type historyRows struct {
	client *streams.Client
	store  *archive.Store
	scorer string
	notes  *asides
}

var _ retrain.Rows = historyRows{}

// Table implements retrain.Rows.
func (r historyRows) Table(ctx context.Context, of retrain.Close, cutoff string) (*analysis.Table, error) {
	last, err := cutOf(ctx, r.client, of.ID, func() (map[string]uint64, error) { return lastOf(ctx, r.client) })
	if err != nil {
		return nil, err
	}
	events, err := historyEvents(ctx, r.client, r.store, last, r.notes)
	if err != nil {
		return nil, err
	}
	return buildRows(ctx, rowsPlan{cutoff: cutoff, scorer: r.scorer, until: of.At}, func(add addEvent, _ *dataset.Builder) error {
		return addAll(ctx, add, events)
	})
}

// rowsPlan says what rows are made.
type rowsPlan struct {
	cutoff, scorer string
	until          time.Time // of the newest event that counts; zero for all
}

// addEvent takes in one event.
type addEvent func(ctx context.Context, event schemas.Event) error

// addAll takes in events.
func addAll(ctx context.Context, add addEvent, events iter.Seq2[schemas.Event, error]) error {
	for event, err := range events {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = add(ctx, event)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// buildRows makes the rows of `cashtag dataset build` of what feed hands to it. That
// there is nothing to make them of is refused.
func buildRows(ctx context.Context, plan rowsPlan, feed func(add addEvent, builder *dataset.Builder) error) (*analysis.Table, error) {
	builder, _, err := datasetBuildCommand{Cutoff: plan.cutoff, Scorer: plan.scorer}.builder(ctx)
	if err != nil {
		return nil, err
	}
	err = feed(func(ctx context.Context, event schemas.Event) error {
		if !plan.until.IsZero() && event.Time.After(plan.until) {
			return nil
		}
		return builder.Add(ctx, event)
	}, builder)
	if err != nil {
		return nil, err
	}
	return rowsOf(builder, plan)
}

// rowsOf is what a builder comes to, as analysis reads it from a file.
func rowsOf(builder *dataset.Builder, plan rowsPlan) (*analysis.Table, error) {
	made, err := builder.Table()
	if errors.Is(err, dataset.ErrNoPrices) || errors.Is(err, dataset.ErrNoRows) {
		return nil, fmt.Errorf("%w: %w", retrain.ErrRefused, err)
	}
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := made.WriteCSV(&file); err != nil {
		return nil, err
	}
	table, err := analysis.ReadCSV(&file, "what was recorded", plan.cutoff)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", retrain.ErrRefused, err)
	}
	return table, nil
}

// archivedEvents yields what the archive has.
func archivedEvents(ctx context.Context, store *archive.Store, notes *asides) iter.Seq2[schemas.Event, error] {
	all := make([]iter.Seq2[schemas.Event, error], 0, len(datasetStreams))
	for _, name := range datasetStreams {
		all = append(all, decoded(store.Read(ctx, name), name, notes))
	}
	return byTime(all)
}

// lastOf is the last sequence of each stream that rows are made from.
func lastOf(ctx context.Context, client *streams.Client) (map[string]uint64, error) {
	last := make(map[string]uint64, len(datasetStreams))
	for _, name := range datasetStreams {
		stream, err := client.JS.Stream(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", name, err)
		}
		last[name] = stream.CachedInfo().State.LastSeq
	}
	return last, nil
}

// historyEvents yields what was recorded up to the last sequence of each stream.
func historyEvents(ctx context.Context, client *streams.Client, store *archive.Store, last map[string]uint64, notes *asides) (iter.Seq2[schemas.Event, error], error) {
	all := make([]iter.Seq2[schemas.Event, error], 0, len(datasetStreams))
	for _, name := range datasetStreams {
		stream, err := client.JS.Stream(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", name, err)
		}
		all = append(all, decoded(historyLines(ctx, client.JS, store, stream.CachedInfo(), last[name]), name, notes))
	}
	return byTime(all), nil
}

// historyLines yields the lines of the blocks that end by a sequence, and then those of
// the stream from there up to it. Blocks of an earlier stream of the name are passed
// over.
func historyLines(ctx context.Context, js jetstream.JetStream, store *archive.Store, info *jetstream.StreamInfo, last uint64) iter.Seq2[[]byte, error] {
	name := info.Config.Name
	return func(yield func([]byte, error) bool) {
		next := uint64(1)
		for manifest, err := range store.Manifests(ctx, name) {
			if _, hole := errors.AsType[*archive.HoleError](err); hole {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !manifest.StreamCreatedAt.Equal(info.Created) {
				continue
			}
			if manifest.Last > last {
				break
			}
			for line, err := range store.ReadBlock(ctx, manifest) {
				if !yield(line, err) || err != nil {
					return
				}
			}
			next = manifest.Last + 1
		}
		if next < info.State.FirstSeq && next > 1 && !yield(nil, &archive.HoleError{Stream: name, First: next, Last: info.State.FirstSeq - 1}) {
			return
		}
		rest := jetstream.StreamState{Msgs: info.State.Msgs, FirstSeq: max(next, info.State.FirstSeq), LastSeq: min(last, info.State.LastSeq)}
		for line, err := range streamLines(ctx, js, name, rest) {
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// maxNoted bounds what is logged of events that are left out at one close.
const maxNoted = 20

// noteWriter logs what an asides says.
type noteWriter struct {
	logger *slog.Logger
	said   int
}

// Write implements io.Writer.
func (w *noteWriter) Write(text []byte) (int, error) {
	if w.said++; w.said <= maxNoted {
		w.logger.Warn("something recorded is left out", "what", strings.TrimSpace(string(text))) //nolint:sloglint // a writer without a context
	}
	return len(text), nil
}
