//go:build !external

package minimum

import (
	"context"
	"encoding/json"
	"fmt"

	"cashtag/internal/text"
	"cashtag/schemas"

	"github.com/cdipaolo/sentiment"
	"github.com/nats-io/nats.go/jetstream"
)

// The scorer as its events name it: as long as the service's own.
const (
	scorer  = "cdipaolo"
	version = "c697f64e7f10-0"
)

// Sentiment scores 500 posts and publishes their scores as one atomic batch. It
// loads the model.
func Sentiment(js jetstream.JetStream) (Path, error) {
	models, err := sentiment.Restore()
	if err != nil {
		return Path{}, fmt.Errorf("restore model: %w", err)
	}
	model := models[sentiment.English]
	return Path{name: "sentiment", batch: 500, ack: jetstream.AckExplicitPolicy, store: func(ctx context.Context, batch []jetstream.Msg, _ bool) (bool, error) {
		var scores []schemas.Event
		for _, msg := range batch {
			var post struct {
				ID   string        `json:"id"`
				Data schemas.Tweet `json:"data"`
			}
			if err := json.Unmarshal(msg.Data(), &post); err != nil {
				return false, fmt.Errorf("decode post: %w", err)
			}
			meta, err := msg.Metadata()
			if err != nil {
				return false, fmt.Errorf("read metadata: %w", err)
			}
			class, probability := model.Probability(text.Clean(post.Data.Text))
			label := schemas.LabelNegative
			if class == 1 {
				label = schemas.LabelPositive
			}
			for _, ticker := range post.Data.Tickers {
				id := schemas.SentimentID(post.ID, ticker, scorer, version)
				scores = append(scores, schemas.New(id, schemas.SourceDemoSentiment, ticker, post.Data.CreatedAt, &schemas.Sentiment{
					TweetID:      post.ID,
					Ticker:       ticker,
					PostedAt:     post.Data.CreatedAt,
					Scorer:       scorer,
					Version:      version,
					Label:        label,
					Probability:  probability,
					FromStream:   meta.Stream,
					FromSequence: meta.Sequence.Stream,
				}))
			}
		}
		return true, PublishBatch(ctx, js, scores)
	}}, nil
}
