package schemas

import "strings"

// Type names what an event says and in which version of its schema, such as
// cashtag.tweet.v1. A new version is a new Type beside the old one, because
// events of every version stay readable.
type Type string

// The types of event, each with a schema of the same name in json/.
const (
	TypeTweet     Type = "cashtag.tweet.v1"
	TypeQuote     Type = "cashtag.quote.v1"
	TypeSession   Type = "cashtag.session.v1"
	TypeSymbol    Type = "cashtag.symbol.v1"
	TypeClock     Type = "cashtag.clock.v1"
	TypeLog       Type = "cashtag.log.v1"
	TypeSentiment Type = "cashtag.sentiment.v1"
	TypeDead      Type = "cashtag.dead.v1"
	TypeCounts    Type = "cashtag.counts.v1"
	TypeFeature   Type = "cashtag.feature.v1"
	TypeAlert     Type = "cashtag.alert.v1"
	TypeOutcome   Type = "cashtag.outcome.v1"

	TypeTweetDeleted Type = "cashtag.tweet_deleted.v1"

	TypeModel      Type = "cashtag.model.v1"
	TypePrediction Type = "cashtag.prediction.v1"
)

// Types lists every type that Decode reads.
func Types() []Type {
	return []Type{
		TypeTweet, TypeTweetDeleted, TypeQuote, TypeSession, TypeSymbol, TypeClock,
		TypeLog, TypeSentiment, TypeDead, TypeFeature,
		TypeCounts, TypeAlert, TypeOutcome, TypeModel, TypePrediction,
	}
}

// Schema is the URI of the type's JSON Schema: the $id of json/<type>.json.
func (t Type) Schema() string {
	return "urn:cashtag:schema:" + strings.TrimPrefix(string(t), "cashtag.")
}

func newData(t Type) (Data, bool) {
	switch t {
	case TypeTweet:
		return new(Tweet), true
	case TypeTweetDeleted:
		return new(TweetDeleted), true
	case TypeQuote:
		return new(Quote), true
	case TypeSession:
		return new(Session), true
	case TypeSymbol:
		return new(Symbol), true
	case TypeClock:
		return new(Clock), true
	case TypeLog:
		return new(Log), true
	case TypeSentiment:
		return new(Sentiment), true
	case TypeDead:
		return new(Dead), true
	case TypeCounts:
		return new(Counts), true
	case TypeFeature:
		return new(Feature), true
	case TypeAlert:
		return new(Alert), true
	case TypeOutcome:
		return new(Outcome), true
	case TypeModel:
		return new(Model), true
	case TypePrediction:
		return new(Prediction), true
	default:
		return nil, false
	}
}
