package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The kinds of thing that a Change is about.
const (
	KindStream = "stream"
	KindBucket = "bucket"
)

// Change is one difference between a server and a Topology.
type Change struct {
	Kind  string // KindStream or KindBucket
	Name  string
	Field string // "" when all of it is missing on the server
	From  string // on the server
	To    string // in the topology
	Loses bool   // stored messages would be lost
}

// String is one line for people.
func (c Change) String() string {
	if c.Field == "" {
		return fmt.Sprintf("%s %s: create", c.Kind, c.Name)
	}
	line := fmt.Sprintf("%s %s: %s %s -> %s", c.Kind, c.Name, c.Field, c.From, c.To)
	if c.Loses {
		line += " (loses data)"
	}
	return line
}

// Diff lists what Apply would change on the server, in the order of the topology.
// Streams and buckets that are not in the topology are nobody's business.
func Diff(ctx context.Context, client *Client, topology Topology) ([]Change, error) {
	var changes []Change
	for _, want := range topology.Streams {
		stream, err := client.JS.Stream(ctx, want.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			changes = append(changes, Change{Kind: KindStream, Name: want.Name})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("compare stream %s: %w", want.Name, err)
		}
		changes = append(changes, compareStream(stream.CachedInfo().Config, want)...)
	}
	for _, want := range topology.Buckets {
		// A bucket is a stream: its own configuration says what is there.
		stream, err := client.JS.Stream(ctx, bucketStream(want.Bucket))
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			changes = append(changes, Change{Kind: KindBucket, Name: want.Bucket})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("compare bucket %s: %w", want.Bucket, err)
		}
		changes = append(changes, compareBucket(stream.CachedInfo().Config, want)...)
	}
	return changes, nil
}

func bucketStream(bucket string) string { return "KV_" + bucket }

// differ collects the differences of one stream or bucket.
type differ struct {
	kind, name string
	changes    []Change
}

func (d *differ) field(name, from, to string, loses bool) {
	if from != to {
		d.changes = append(d.changes, Change{Kind: d.kind, Name: d.name, Field: name, From: from, To: to, Loses: loses})
	}
}

func compareStream(is, want jetstream.StreamConfig) []Change {
	d := differ{kind: KindStream, name: want.Name}
	d.field("subjects", strings.Join(is.Subjects, ","), strings.Join(want.Subjects, ","), narrows(is.Subjects, want.Subjects))
	d.field("description", strconv.Quote(is.Description), strconv.Quote(want.Description), false)
	d.field("retention", is.Retention.String(), want.Retention.String(), true)
	d.field("discard", is.Discard.String(), want.Discard.String(), false)
	d.field("storage", is.Storage.String(), want.Storage.String(), true)
	d.field("compression", is.Compression.String(), want.Compression.String(), false)
	d.field("replicas", strconv.Itoa(is.Replicas), strconv.Itoa(want.Replicas), false)
	d.field("max age", age(is.MaxAge), age(want.MaxAge), shrinks(int64(is.MaxAge), int64(want.MaxAge)))
	d.field("max bytes", limit(is.MaxBytes), limit(want.MaxBytes), shrinks(is.MaxBytes, want.MaxBytes))
	d.field("max messages", limit(is.MaxMsgs), limit(want.MaxMsgs), shrinks(is.MaxMsgs, want.MaxMsgs))
	d.field("max messages per subject", limit(is.MaxMsgsPerSubject), limit(want.MaxMsgsPerSubject), shrinks(is.MaxMsgsPerSubject, want.MaxMsgsPerSubject))
	d.field("max message size", limit(int64(is.MaxMsgSize)), limit(int64(want.MaxMsgSize)), false)
	d.field("dedupe window", is.Duplicates.String(), want.Duplicates.String(), false)
	d.field("direct get", strconv.FormatBool(is.AllowDirect), strconv.FormatBool(want.AllowDirect), false)
	d.field("atomic publish", strconv.FormatBool(is.AllowAtomicPublish), strconv.FormatBool(want.AllowAtomicPublish), false)
	return d.changes
}

func compareBucket(is jetstream.StreamConfig, want jetstream.KeyValueConfig) []Change {
	d := differ{kind: KindBucket, name: want.Bucket}
	d.field("description", strconv.Quote(is.Description), strconv.Quote(want.Description), false)
	d.field("history", limit(is.MaxMsgsPerSubject), limit(int64(want.History)), shrinks(is.MaxMsgsPerSubject, int64(want.History)))
	d.field("storage", is.Storage.String(), want.Storage.String(), true)
	d.field("replicas", strconv.Itoa(is.Replicas), strconv.Itoa(want.Replicas), false)
	d.field("max age", age(is.MaxAge), age(want.TTL), shrinks(int64(is.MaxAge), int64(want.TTL)))
	d.field("max bytes", limit(is.MaxBytes), limit(want.MaxBytes), shrinks(is.MaxBytes, want.MaxBytes))
	return d.changes
}

// narrows reports whether a subject of is would no longer be kept.
func narrows(is, want []string) bool {
	return slices.ContainsFunc(is, func(subject string) bool {
		return !slices.ContainsFunc(want, func(filter string) bool { return covers(filter, subject) })
	})
}

// covers reports whether every subject that matches pattern matches filter too.
func covers(filter, pattern string) bool {
	wanted, tokens := strings.Split(filter, "."), strings.Split(pattern, ".")
	for i, token := range wanted {
		if token == ">" {
			return len(tokens) > i
		}
		if i >= len(tokens) || tokens[i] == ">" || (token != "*" && token != tokens[i]) {
			return false
		}
	}
	return len(wanted) == len(tokens)
}

// shrinks compares limits, of which 0 and less mean none.
func shrinks(is, want int64) bool { return want > 0 && (is <= 0 || want < is) }

func limit(n int64) string {
	if n <= 0 {
		return "unlimited"
	}
	return strconv.FormatInt(n, 10)
}

func age(d time.Duration) string {
	if d <= 0 {
		return "unlimited"
	}
	return d.String()
}
