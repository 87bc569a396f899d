package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"cashtag/schemas"
	"cashtag/services/archive"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// streamsClient is what a connection opens.
type streamsClient = streams.Client

// datasetStreams are what features and labels are made from; posts are scored anew.
var datasetStreams = []string{streams.Tweets, streams.Quotes, streams.Market}

// datasetArchive says where the archive is.
type datasetArchive struct {
	S3Endpoint string `name:"s3-endpoint" env:"S3_ENDPOINT" placeholder:"URL" help:"URL of an S3 server other than Amazon's, for --from archive."`
	S3Bucket   string `name:"s3-bucket" env:"S3_BUCKET" default:"cashtag-archive" help:"Bucket of the archive, for --from archive."`
	AWSRegion  string `name:"aws-region" env:"AWS_REGION" placeholder:"REGION" help:"Region of S3, for --from archive."`
}

// archived reads the archive's blocks. A hole in it is said and passed over.
func (a datasetArchive) archived(ctx context.Context, notes *asides) (iter.Seq2[schemas.Event, error], error) {
	cfg := archive.DefaultConfig()
	cfg.Endpoint, cfg.Bucket, cfg.Region, cfg.PathStyle = a.S3Endpoint, a.S3Bucket, a.AWSRegion, a.S3Endpoint != ""
	store, err := archive.NewStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	var all []iter.Seq2[schemas.Event, error]
	for _, name := range datasetStreams {
		all = append(all, decoded(store.Read(ctx, name), name, notes))
	}
	return byTime(all), nil
}

// streamEvents reads what the streams hold now.
func streamEvents(ctx context.Context, client *streams.Client, notes *asides) (iter.Seq2[schemas.Event, error], error) {
	var all []iter.Seq2[schemas.Event, error]
	for _, name := range datasetStreams {
		stream, err := client.JS.Stream(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", name, err)
		}
		all = append(all, decoded(streamLines(ctx, client.JS, name, stream.CachedInfo().State), name, notes))
	}
	return byTime(all), nil
}

// streamLines yields the payloads of a stream up to the last that it held.
func streamLines(ctx context.Context, js jetstream.JetStream, name string, state jetstream.StreamState) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for next := state.FirstSeq; state.Msgs > 0 && next <= state.LastSeq; {
			run, err := jetstreamext.GetBatch(ctx, js, name, recordMessages,
				jetstreamext.GetBatchSeq(next), jetstreamext.GetBatchMaxBytes(recordBytes))
			if err != nil {
				yield(nil, fmt.Errorf("read stream %s: %w", name, err))
				return
			}
			before := next
			for message, err := range run {
				if errors.Is(err, jetstreamext.ErrNoMessages) {
					return // the rest was deleted
				}
				if err != nil {
					yield(nil, fmt.Errorf("read stream %s from %d: %w", name, next, err))
					return
				}
				if message.Sequence > state.LastSeq || !yield(message.Data, nil) {
					return
				}
				next = message.Sequence + 1
			}
			if next == before {
				yield(nil, fmt.Errorf("read stream %s from %d: no answer", name, next))
				return
			}
		}
	}
}

// decoded turns lines into events. What is none is said and left out; so is a hole in
// the archive.
func decoded(lines iter.Seq2[[]byte, error], stream string, notes *asides) iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for line, err := range lines {
			if hole, ok := errors.AsType[*archive.HoleError](err); ok {
				notes.say("%v", hole)
				continue
			}
			if err != nil {
				yield(schemas.Event{}, err)
				return
			}
			event, err := schemas.Decode(line)
			if err == nil {
				err = event.Validate()
			}
			if err != nil {
				notes.say("%s: left out: %v", stream, err)
				continue
			}
			if !yield(event, nil) {
				return
			}
		}
	}
}

// byTime yields the earliest of the sequences' next events, over and over; of two of
// the same time that of the first sequence.
func byTime(all []iter.Seq2[schemas.Event, error]) iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		heads := make([]*schemas.Event, len(all))
		pulls := make([]func() (schemas.Event, error, bool), len(all))
		for i, events := range all {
			next, stop := iter.Pull2(events)
			defer stop()
			pulls[i] = next
		}
		for {
			first := -1
			for i := range pulls {
				if heads[i] == nil && pulls[i] != nil {
					event, err, ok := pulls[i]()
					switch {
					case err != nil:
						yield(schemas.Event{}, err)
						return
					case ok:
						heads[i] = &event
					default:
						pulls[i] = nil
					}
				}
				if heads[i] != nil && (first < 0 || heads[i].Time.Before(heads[first].Time)) {
					first = i
				}
			}
			if first < 0 || !yield(*heads[first], nil) {
				return
			}
			heads[first] = nil
		}
	}
}
