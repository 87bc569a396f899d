package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cashtag/schemas"
	"cashtag/services/sentiment"
	"cashtag/services/twitter"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/flag"

	"github.com/dustin/go-humanize"
	"github.com/nats-io/nats.go/jetstream"
)

type statusCommand struct {
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help implements kong.HelpProvider.
func (statusCommand) Help() string {
	return `
For each stream: the events it holds and the time that its last event says. For each source: what it said last, within seven days, about its connection, and why it has none. For each consumer, since it was created: stored in the far end, still pending, buried (see cashtag dead ls), missing because the stream dropped them unread, dropped by an operator; and its flag. The exit code says whether the servers answered, not whether all is well.

  cashtag status
  cashtag status --json | jq .consumers`
}

// Run shows where streams and consumers stand.
func (c statusCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withFlags(ctx, console, connection, func(ctx context.Context, client *streams.Client, flags *flag.Set) error {
		status, err := readStatus(ctx, client, flags)
		if err != nil {
			return err
		}
		if c.JSON {
			if err := json.NewEncoder(console.Out).Encode(status); err != nil {
				return fmt.Errorf("write status: %w", err)
			}
			return nil
		}
		return status.print(console)
	})
}

// platformStatus is where everything stands, as the servers know it.
type platformStatus struct {
	Streams   map[string]streamStatus   `json:"streams"`
	Consumers map[string]consumerStatus `json:"consumers"` // by service/STREAM
	Flags     map[string]string         `json:"flags"`
	Sources   map[string]sourceStatus   `json:"sources,omitempty"` // by service; what each said last
	X         *readsStatus              `json:"x,omitempty"`       // what was read of X; nil where nothing ever was
}

// readsStatus is how many posts of X were read in the current UTC day and month:
// each is paid for.
type readsStatus struct {
	Today int `json:"reads_today"`
	Month int `json:"reads_this_month"`
}

// readsOfX reads the count that travels with the posts.
func readsOfX(ctx context.Context, client *streams.Client, now time.Time) (*readsStatus, error) {
	place, err := streams.LastPlace(ctx, client, streams.Tweets, streams.ServiceTwitter)
	if err != nil || place == "" {
		return nil, err
	}
	at, err := twitter.ParsePlace(place)
	if err != nil {
		return nil, err
	}
	spend := at.Spend.On(now)
	return &readsStatus{Today: spend.Today, Month: spend.Month}, nil
}

type streamStatus struct {
	Messages     uint64     `json:"messages"`
	Bytes        uint64     `json:"bytes"`
	MaxBytes     int64      `json:"max_bytes"`
	LastEventAt  *time.Time `json:"last_event_at,omitempty"`  // what the last event says
	LastStoredAt *time.Time `json:"last_stored_at,omitempty"` // when it was stored
}

type consumerStatus struct {
	Stored  uint64 `json:"stored"`
	Pending uint64 `json:"pending"`
	Buried  uint64 `json:"buried"`
	Missing uint64 `json:"missing"`
	Dropped uint64 `json:"dropped"`
	Flag    string `json:"flag,omitempty"` // empty where the service has none
}

func readStatus(ctx context.Context, client *streams.Client, flags *flag.Set) (platformStatus, error) {
	status := platformStatus{
		Streams:   make(map[string]streamStatus),
		Consumers: make(map[string]consumerStatus),
		Flags:     make(map[string]string),
	}
	for _, name := range streams.StreamNames() {
		stream, err := readStream(ctx, client, name)
		if err != nil {
			return platformStatus{}, err
		}
		status.Streams[name] = stream
	}
	var err error
	if status.X, err = readsOfX(ctx, client, time.Now()); err != nil {
		return platformStatus{}, err
	}
	for _, state := range flags.List() {
		status.Flags[state.Name] = state.Value
	}
	if status.Sources, err = readSources(ctx, client, time.Now().Add(-sourcesSince)); err != nil {
		return platformStatus{}, err
	}
	for name, source := range status.Sources {
		source.Flag = status.Flags[name]
		status.Sources[name] = source
	}
	scorers, err := chosenReaders(ctx, client)
	if err != nil {
		return platformStatus{}, err
	}
	for _, consumer := range streams.Consumers() {
		figures, err := durable.Inspect(ctx, client, consumer)
		if err != nil {
			return platformStatus{}, err
		}
		chosen := consumer.Owner() != streams.ServiceSentiment && consumer.Owner() != streams.ServiceAnalysis || slices.Contains(scorers, consumer)
		if !chosen && !figures.Ran {
			continue // nobody wants it to read anything
		}
		status.Consumers[consumer.Key()] = consumerStatus{
			Stored:  figures.Stored,
			Pending: figures.Pending,
			Buried:  figures.Buried,
			Missing: figures.Missing,
			Dropped: figures.Dropped,
			Flag:    status.Flags[consumer.Owner()],
		}
	}
	return status, nil
}

// chosenReaders lists the consumers of the scorers that the setting scorer names.
func chosenReaders(ctx context.Context, client *streams.Client) ([]streams.Consumer, error) {
	bucket, err := client.JS.KeyValue(ctx, streams.BucketConfig)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", streams.BucketConfig, err)
	}
	chosen := ""
	entry, err := bucket.Get(ctx, "scorer")
	switch {
	case err == nil:
		chosen = string(entry.Value())
	case !errors.Is(err, jetstream.ErrKeyNotFound):
		return nil, fmt.Errorf("setting scorer: %w", err)
	}
	names, err := sentiment.ParseScorers(chosen)
	if err != nil {
		names = []string{sentiment.DefaultScorer} // what is no choice changes nothing
	}
	consumers := make([]streams.Consumer, 0, len(names))
	for _, name := range names {
		consumers = append(consumers, sentiment.ConsumerOf(name))
	}
	return consumers, nil
}

func readStream(ctx context.Context, client *streams.Client, name string) (streamStatus, error) {
	stream, err := client.JS.Stream(ctx, name)
	if err != nil {
		return streamStatus{}, fmt.Errorf("stream %s: %w", name, err)
	}
	info := stream.CachedInfo()
	status := streamStatus{Messages: info.State.Msgs, Bytes: info.State.Bytes, MaxBytes: info.Config.MaxBytes}
	if info.State.Msgs == 0 {
		return status, nil
	}
	status.LastStoredAt = &info.State.LastTime
	last, err := stream.GetMsg(ctx, info.State.LastSeq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return status, nil // removed since, or by hand
	}
	if err != nil {
		return streamStatus{}, fmt.Errorf("last event of %s: %w", name, err)
	}
	if event, err := schemas.Decode(last.Data); err == nil { // RETRY holds what is no event
		status.LastEventAt = &event.Time
	}
	return status, nil
}

// print writes aligned tables.
func (s platformStatus) print(console Console) error {
	table := newGrid("STREAM", "EVENTS", "BYTES", "OF", "LAST EVENT", "LAST STORED")
	for _, name := range streams.StreamNames() {
		stream := s.Streams[name]
		table.add(said(name), counted(stream.Messages), sized(stream.Bytes), limited(stream.MaxBytes),
			timed(timeOf(stream.LastEventAt)), timed(timeOf(stream.LastStoredAt)))
	}
	if err := table.print(console); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(console.Out); err != nil {
		return err
	}
	if len(s.Sources) > 0 {
		sources := s.origins()
		if err := sources.print(console); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(console.Out); err != nil {
			return err
		}
	}
	table = newGrid("CONSUMER", "STORED", "PENDING", "BURIED", "MISSING", "DROPPED", "FLAG")
	for _, known := range streams.Consumers() {
		c, ok := s.Consumers[known.Key()]
		if !ok {
			continue
		}
		table.add(said(known.Key()), counted(c.Stored), counted(c.Pending), alarming(c.Buried), alarming(c.Missing),
			counted(c.Dropped), said(c.Flag).toned(flagTone(c.Flag)))
	}
	if err := table.print(console); err != nil || s.X == nil {
		return err
	}
	_, err := fmt.Fprintf(console.Out, "\nposts read of X: %s today, %s this month (UTC)\n",
		humanize.Comma(int64(s.X.Today)), humanize.Comma(int64(s.X.Month)))
	return err
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
