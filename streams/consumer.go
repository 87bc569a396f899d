package streams

import "strings"

// Consumer is one service's durable reader of one stream.
type Consumer struct {
	// Service is also the durable's name. What stands behind a hyphen tells readers
	// of one service apart that each read on for themselves: sentiment-vader.
	Service string
	Stream  string
	// Ordered consumers acknowledge all up to a sequence and have one active
	// worker; the others acknowledge each message and may be doubled.
	Ordered bool
}

// Key is how people see a consumer: mongo/TWEETS.
func (c Consumer) Key() string { return c.Service + "/" + c.Stream }

// Owner is the service itself, whose flag, connection and permissions these are.
func (c Consumer) Owner() string {
	owner, _, _ := strings.Cut(c.Service, "-")
	return owner
}

// RetryDurable is the name of the consumer's durable on the stream RETRY.
func (c Consumer) RetryDurable() string { return c.Service + "-" + c.Stream }

// RetryFilter is the subject of dead letters requeued for this consumer.
func (c Consumer) RetryFilter() string {
	return RetrySubject(c.Service, strings.ToLower(c.Stream)) + ".>"
}

// DeadFilter is the subject of the dead letters of this consumer.
func (c Consumer) DeadFilter() string {
	return DeadSubject(c.Service, strings.ToLower(c.Stream)) + ".>"
}

// LeaseKey is the key of the bucket BucketBlocks that says which worker of an
// ordered consumer is the active one.
func (c Consumer) LeaseKey() string { return "lease." + c.Service + "." + c.Stream }

// The services that read streams.
const (
	ServiceKinesis   = "kinesis"
	ServiceMongo     = "mongo"
	ServiceSentiment = "sentiment"
	ServiceArchive   = "archive"
	ServiceFeatures  = "features"
	ServiceEraser    = "eraser"
	ServiceAlerts    = "alerts"
	ServiceOutcomes  = "outcomes"
	ServicePredictor = "predictor"
	ServiceAnalysis  = "analysis"
)

// persisted are the streams that MongoDB and the archive keep: all but those of dead
// letters.
var persisted = []string{Tweets, Quotes, Market, Counts, Sentiment, Features, Predictions, Outcomes, Alerts, Models, Logs}

// Consumers lists every durable consumer of the topology, upstream first.
func Consumers() []Consumer {
	consumers := []Consumer{
		{ServiceSentiment, Tweets, false},
		{ServiceSentiment + "-vader", Tweets, false},
		{ServiceSentiment + "-cashtag", Tweets, false},
		{ServiceKinesis, Tweets, true},
		{ServiceKinesis, Quotes, true},
	}
	for _, stream := range []string{Tweets, Quotes, Sentiment, Market} {
		consumers = append(consumers, Consumer{ServiceFeatures, stream, true})
	}
	consumers = append(consumers, Consumer{ServiceAlerts, Features, true})
	consumers = append(consumers, Consumer{ServicePredictor, Features, false})
	for _, stream := range []string{Quotes, Predictions, Market} {
		consumers = append(consumers, Consumer{ServiceOutcomes, stream, true})
	}
	consumers = append(consumers, Consumer{ServiceAnalysis + "-retrain", Market, false})
	for _, stream := range persisted {
		consumers = append(consumers, Consumer{ServiceMongo, stream, false})
	}
	for _, stream := range persisted {
		consumers = append(consumers, Consumer{ServiceArchive, stream, true})
	}
	return append(consumers, Consumer{ServiceEraser, Tweets, false})
}
