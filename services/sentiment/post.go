package sentiment

import (
	"errors"
	"fmt"
	"time"

	"cashtag/schemas"
	"cashtag/streams/durable"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// post is what of a tweet event a score is made from. The rest is skipped, by a
// decoder that makes one pass: decoding is most of what a score costs.
type post struct {
	ID     string       `json:"id"`
	Source string       `json:"source"`
	Type   schemas.Type `json:"type"`
	Data   struct {
		CreatedAt time.Time `json:"created_at"`
		Text      string    `json:"text"`
		Tickers   []string  `json:"tickers"`
	} `json:"data"`
}

// lenient takes what schemas.Decode takes of broken UTF-8 and of a name that is
// there twice.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// errDeleted says that an event is about a post that was deleted.
var errDeleted = errors.New("a deleted post")

// decodePost returns an error that says why the bytes are no tweet event.
func decodePost(data []byte) (post, error) {
	var p post
	err := json.Unmarshal(data, &p, lenient)
	switch {
	case p.Type == schemas.TypeTweetDeleted:
		return post{}, errDeleted
	case p.Type != schemas.TypeTweet && p.Type != "":
		return post{}, fmt.Errorf("an event of type %q is no post", p.Type)
	case err != nil:
		return post{}, fmt.Errorf("%w: %w", schemas.ErrMalformed, err)
	case p.Type == "":
		return post{}, fmt.Errorf("%w: no type", schemas.ErrMalformed)
	case len(p.Data.Tickers) == 0:
		return post{}, errors.New("a post without tickers")
	}
	return p, nil
}

// event is what score says of the post about one of its tickers.
func (p *post) event(score Score, ticker string, from durable.Message) schemas.Event {
	source := schemas.ServiceSource("sentiment")
	if schemas.IsDemo(p.Source) {
		source = schemas.SourceDemoSentiment
	}
	id := schemas.SentimentID(p.ID, ticker, score.Scorer, score.Version)
	return schemas.New(id, source, ticker, p.Data.CreatedAt, &schemas.Sentiment{
		TweetID:      p.ID,
		Ticker:       ticker,
		PostedAt:     p.Data.CreatedAt,
		Scorer:       score.Scorer,
		Version:      score.Version,
		Label:        score.Label,
		Probability:  score.Probability,
		FromStream:   from.Stream,
		FromSequence: from.Sequence,
	})
}
