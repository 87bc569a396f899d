package streams

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// The kinds of thing that a Change is about.
const (
	KindStream = "stream"
	KindBucket = "bucket"
)

// The ways in which Apply makes a change.
const (
	ActionCreate  = "create"  // it is not there
	ActionUpdate  = "update"  // its messages stay, but for those that a new limit drops
	ActionReplace = "replace" // a server cannot change this: delete it, with its consumers, and make it anew
)

// Change is one difference between a server and a Topology.
type Change struct {
	Kind   string // KindStream or KindBucket
	Name   string
	Action string // ActionCreate, ActionUpdate or ActionReplace
	Field  string // as NATS names it, such as max bytes; "" when all of it is missing
	From   string // on the server
	To     string // in the topology
	Loses  bool   // stored messages would be lost, or could be
}

// String is one line for people.
func (c Change) String() string {
	if c.Action == ActionCreate {
		return fmt.Sprintf("%s %s: create", c.Kind, c.Name)
	}
	line := fmt.Sprintf("%s %s: %s %s -> %s", c.Kind, c.Name, c.Field, c.From, c.To)
	if c.Action == ActionReplace {
		line += ": delete and make anew"
	}
	if c.Loses {
		line += " (loses data)"
	}
	return line
}

// Diff lists what Apply would change on the server, in the order of the topology.
// Every setting of a stream counts, also one that the topology leaves at its
// default, but for placement and metadata where the topology has none: those
// belong to whoever runs the servers. Streams and buckets that are not in the
// topology are nobody's business.
func Diff(ctx context.Context, client *Client, topology Topology) ([]Change, error) {
	var changes []Change
	for _, item := range topology.items() {
		_, is, err := item.compare(ctx, client)
		if err != nil {
			return nil, err
		}
		changes = append(changes, is...)
	}
	return changes, nil
}

// item is a stream of the topology, or the stream that a bucket is.
type item struct {
	kind, name string
	config     jetstream.StreamConfig
}

func (t Topology) items() []item {
	items := make([]item, 0, len(t.Streams)+len(t.Buckets))
	for _, config := range t.Streams {
		items = append(items, item{kind: KindStream, name: config.Name, config: config})
	}
	for _, config := range t.Buckets {
		items = append(items, item{kind: KindBucket, name: config.Bucket, config: bucketConfig(config)})
	}
	return items
}

// compare returns what to apply to the server and how that differs from what is
// there.
func (i item) compare(ctx context.Context, client *Client) (jetstream.StreamConfig, []Change, error) {
	want := defaulted(i.config)
	stream, err := client.JS.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return want, []Change{{Kind: i.kind, Name: i.name, Action: ActionCreate}}, nil
	}
	if err != nil {
		return want, nil, fmt.Errorf("compare %s %s: %w", i.kind, i.name, err)
	}
	is := stream.CachedInfo().Config
	is.Metadata = maps.Clone(is.Metadata)
	maps.DeleteFunc(is.Metadata, func(key, _ string) bool { return strings.HasPrefix(key, "_nats.") })
	if want.Placement == nil {
		want.Placement = is.Placement
	}
	if want.Metadata == nil {
		want.Metadata = is.Metadata
	}
	changes := differences(is, want)
	for n := range changes {
		changes[n].Kind, changes[n].Name = i.kind, i.name
	}
	return want, changes, nil
}

func bucketStream(bucket string) string { return "KV_" + bucket }

// bucketConfig is the stream that a bucket is, as ADR-8 of NATS has it.
func bucketConfig(bucket jetstream.KeyValueConfig) jetstream.StreamConfig {
	config := jetstream.StreamConfig{
		Name:                   bucketStream(bucket.Bucket),
		Description:            bucket.Description,
		Subjects:               []string{"$KV." + bucket.Bucket + ".>"},
		MaxMsgsPerSubject:      max(1, int64(bucket.History)),
		MaxBytes:               bucket.MaxBytes,
		MaxAge:                 bucket.TTL,
		MaxMsgSize:             bucket.MaxValueSize,
		Storage:                bucket.Storage,
		Replicas:               bucket.Replicas,
		Placement:              bucket.Placement,
		Metadata:               bucket.Metadata,
		Discard:                jetstream.DiscardNew,
		AllowRollup:            true,
		DenyDelete:             true,
		AllowDirect:            true,
		AllowMsgTTL:            bucket.LimitMarkerTTL != 0,
		SubjectDeleteMarkerTTL: bucket.LimitMarkerTTL,
	}
	if bucket.Compression {
		config.Compression = jetstream.S2Compression
	}
	return config
}

// defaulted puts what a server takes where a setting is not given.
func defaulted(config jetstream.StreamConfig) jetstream.StreamConfig {
	for _, limit := range []*int64{&config.MaxMsgs, &config.MaxBytes, &config.MaxMsgsPerSubject} {
		if *limit == 0 {
			*limit = -1
		}
	}
	if config.MaxMsgSize == 0 {
		config.MaxMsgSize = -1
	}
	if config.MaxConsumers == 0 {
		config.MaxConsumers = -1
	}
	config.Replicas = max(1, config.Replicas)
	if config.Duplicates == 0 {
		config.Duplicates = dedupeWindow
		if config.MaxAge > 0 {
			config.Duplicates = min(dedupeWindow, config.MaxAge)
		}
	}
	return config
}
