package schemas

import (
	"math"
	"time"
)

// The labels of a score.
const (
	LabelPositive = "positive"
	LabelNegative = "negative"
	LabelNeutral  = "neutral"
	LabelUnknown  = "unknown" // no word that the scorer knows
)

// Sentiment is what one scorer thinks of one post about one ticker. Its event
// time is the post's. Stream SENTIMENT, subject sentiment.<scorer>.<TICKER>.
type Sentiment struct {
	TweetID      string    `json:"tweet_id"` // event id of the post
	Ticker       string    `json:"ticker"`
	PostedAt     time.Time `json:"posted_at"`
	Scorer       string    `json:"scorer"`
	Version      string    `json:"version"`
	Label        string    `json:"label"`
	Probability  float64   `json:"probability"` // of the label, 0 to 1; 0 where the label is unknown
	FromStream   string    `json:"from_stream"` // where the post was read
	FromSequence uint64    `json:"from_sequence"`
}

// SentimentID is the deterministic event id of a score.
func SentimentID(tweetID, ticker, scorer, version string) string {
	return tweetID + ":" + ticker + ":" + scorer + ":" + version
}

// EventType implements Data.
func (*Sentiment) EventType() Type { return TypeSentiment }

// Validate implements Data.
func (s *Sentiment) Validate() error {
	if err := firstError(
		validTicker("ticker", s.Ticker),
		validTime("posted_at", s.PostedAt),
		validOneOf("label", s.Label, LabelPositive, LabelNegative, LabelNeutral, LabelUnknown),
	); err != nil {
		return err
	}
	switch {
	case s.TweetID == "":
		return fieldError("tweet_id", s.TweetID, "must not be empty")
	case !servicePattern.MatchString(s.Scorer):
		return fieldError("scorer", s.Scorer, "must be a scorer's name in lower case")
	case s.Version == "":
		return fieldError("version", s.Version, "must not be empty")
	case math.IsNaN(s.Probability) || s.Probability < 0 || s.Probability > 1:
		return fieldError("probability", s.Probability, "must be from 0 to 1")
	case s.FromStream == "":
		return fieldError("from_stream", s.FromStream, "must not be empty")
	case s.FromSequence == 0:
		return fieldError("from_sequence", s.FromSequence, "must be a stream sequence from 1 on")
	}
	return nil
}
