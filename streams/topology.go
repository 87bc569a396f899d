package streams

import (
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams. Each keeps the events of one kind.
const (
	Tweets      = "TWEETS"
	Quotes      = "QUOTES"
	Market      = "MARKET"
	Logs        = "LOGS"
	Counts      = "COUNTS"
	Sentiment   = "SENTIMENT"
	Features    = "FEATURES"
	Predictions = "PREDICTIONS"
	Outcomes    = "OUTCOMES"
	Alerts      = "ALERTS"
	Models      = "MODELS"
	Dead        = "DEAD"
	Retry       = "RETRY"
)

// The key-value buckets.
const (
	BucketFlags  = "flags"  // feature flags, one key a service
	BucketConfig = "config" // what may change while running
	BucketBlocks = "blocks" // where an archive block was cut
	BucketLatest = "latest" // the last word on each ticker
	// BucketCheckpoints has what a service's state was, and what it was made from.
	BucketCheckpoints = "checkpoints"
)

// Topology is everything that a server must have before a service starts.
type Topology struct {
	Streams []jetstream.StreamConfig
	Buckets []jetstream.KeyValueConfig
}

// Size fits the topology to a server.
type Size struct {
	// Replicas of every stream and bucket: 1 on one server, 3 in a cluster.
	Replicas int
	// TotalBytes is shared out among the streams as their MaxBytes. What the
	// buckets take comes on top: Topology.Reserved is the sum.
	TotalBytes int64
}

// DefaultSize fits one machine: one replica, 1.25 GiB.
func DefaultSize() Size { return Size{Replicas: 1, TotalBytes: 1280 << 20} }

// Validate returns an error that names the field, its value and what is allowed.
func (s Size) Validate() error {
	if s.Replicas < 1 || s.Replicas > 5 || s.Replicas%2 == 0 {
		return fmt.Errorf("replicas is %d: must be 1, 3 or 5", s.Replicas)
	}
	if s.TotalBytes < 64<<20 {
		return fmt.Errorf("total bytes is %d: must be at least 64 MiB", s.TotalBytes)
	}
	return nil
}

const (
	day = 24 * time.Hour
	// dedupeWindow is how long a server remembers message ids. A publisher's own
	// retries fall inside it; a longer pause is covered by the place that a source
	// keeps in its stream.
	dedupeWindow = 2 * time.Minute
	// maxMessageBytes leaves room beside an event of schemas.MaxEventBytes for
	// headers; a dead letter holds such an event in base64.
	maxMessageBytes     = 1<<20 + 64<<10
	maxDeadMessageBytes = 2 * maxMessageBytes
	// MaxPayload is what a server must accept as one message, in bytes.
	MaxPayload = maxDeadMessageBytes
)

// streamSpec is one row of the topology. Share is in thousandths of
// Size.TotalBytes.
type streamSpec struct {
	name, subjects, says string
	share                int64
	maxAge               time.Duration
}

var streamSpecs = []streamSpec{
	{Tweets, "tweets.>", "one post, by source and ticker", 310, 30 * day},
	{Quotes, "quotes.>", "trades, quotes and bars, by feed and ticker", 210, 30 * day},
	{Market, "market.>", "market sessions, symbol status and the market's clock", 30, 365 * day},
	{Logs, "logs.>", "log events, by service and level", 50, 14 * day},
	{Counts, "counts.>", "events seen, accepted and dropped per minute, by source", 30, 90 * day},
	{Sentiment, "sentiment.>", "one score of one post for one ticker, by scorer", 160, 30 * day},
	{Features, "features.>", "windowed aggregates of one ticker, by window", 70, 90 * day},
	{Predictions, "predictions.>", "probabilities over a horizon, by model and ticker", 25, 365 * day},
	{Outcomes, "outcomes.>", "predictions joined with what happened", 25, 365 * day},
	{Alerts, "alerts.>", "attention alerts with their evidence", 15, 365 * day},
	{Models, "models.>", "models trained, scored, promoted and retired", 10, 3650 * day},
	{Dead, "dead.>", "buried messages with their bytes, reason and position", 50, 90 * day},
	{Retry, "retry.>", "dead letters requeued for the consumer that buried them", 15, 7 * day},
}

// NewTopology is the topology of the given size.
func NewTopology(size Size) (Topology, error) {
	if err := size.Validate(); err != nil {
		return Topology{}, err
	}
	topology := Topology{Buckets: buckets(size)}
	for _, spec := range streamSpecs {
		topology.Streams = append(topology.Streams, spec.config(size))
	}
	return topology, nil
}

func (s streamSpec) config(size Size) jetstream.StreamConfig {
	config := jetstream.StreamConfig{
		Name:               s.name,
		Description:        s.says,
		Subjects:           []string{s.subjects},
		Retention:          jetstream.LimitsPolicy,
		Discard:            jetstream.DiscardOld,
		Storage:            jetstream.FileStorage,
		Compression:        jetstream.S2Compression,
		Replicas:           size.Replicas,
		MaxAge:             s.maxAge,
		MaxBytes:           size.TotalBytes / 1000 * s.share,
		MaxMsgSize:         maxMessageBytes,
		Duplicates:         dedupeWindow,
		AllowDirect:        true,
		AllowAtomicPublish: true,
	}
	if s.name == Dead || s.name == Retry {
		config.MaxMsgSize = maxDeadMessageBytes
	}
	return config
}

// Reserved is what a server sets aside for the topology, in bytes: it refuses a
// stream or bucket that its store has no room for.
func (t Topology) Reserved() int64 {
	var sum int64
	for _, config := range t.Streams {
		sum += config.MaxBytes
	}
	for _, config := range t.Buckets {
		sum += config.MaxBytes
	}
	return sum
}

// wholeBuckets is the Size.TotalBytes from which on buckets have their whole size.
// Below it they shrink as the streams do.
const wholeBuckets = 512 << 20

func buckets(size Size) []jetstream.KeyValueConfig {
	bucket := func(name, says string, history uint8, maxBytes int64) jetstream.KeyValueConfig {
		return jetstream.KeyValueConfig{
			Bucket: name, Description: says, History: history,
			MaxBytes: maxBytes * min(size.TotalBytes, wholeBuckets) / wholeBuckets,
			Storage:  jetstream.FileStorage, Replicas: size.Replicas,
		}
	}
	return []jetstream.KeyValueConfig{
		bucket(BucketFlags, "feature flags, one key a service: on or off", 64, 4<<20),
		bucket(BucketConfig, "what may change while running", 64, 4<<20),
		bucket(BucketBlocks, "where an archive block was cut", 1, 16<<20),
		bucket(BucketLatest, "last quote, sentiment, feature and prediction per ticker", 1, 16<<20),
		bucket(BucketCheckpoints, "the state of services that read several streams", 1, 64<<20),
	}
}

// StreamOf names the stream that keeps a subject, or "" where none does.
func StreamOf(subject string) string {
	root, _, _ := strings.Cut(subject, ".")
	for _, spec := range streamSpecs {
		if strings.HasPrefix(spec.subjects, root+".") {
			return spec.name
		}
	}
	return ""
}

// StreamNames lists every stream in the order of the topology.
func StreamNames() []string {
	names := make([]string, 0, len(streamSpecs))
	for _, spec := range streamSpecs {
		names = append(names, spec.name)
	}
	return names
}
