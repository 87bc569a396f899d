//go:build !external

package minimum

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cashtag/schemas"

	"github.com/nats-io/nats.go/jetstream"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// document is a post as its service stores it.
type document struct {
	ID              string        `json:"id" bson:"_id"`
	SpecVersion     string        `json:"specversion"`
	Source          string        `json:"source"`
	Type            string        `json:"type"`
	Subject         string        `json:"subject"`
	Time            time.Time     `json:"time"`
	DataContentType string        `json:"datacontenttype"`
	DataSchema      string        `json:"dataschema"`
	Data            schemas.Tweet `json:"data"`
	Stream          string        `json:"stream"`
	Sequence        uint64        `json:"sequence"`
	StoredAt        time.Time     `json:"stored_at"`
}

// Mongo inserts 1000 posts a call, unordered.
func Mongo(uri, database, collection string) (Path, error) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetBSONOptions(&options.BSONOptions{UseJSONStructTags: true}))
	if err != nil {
		return Path{}, fmt.Errorf("connect to mongodb: %w", err)
	}
	into := client.Database(database).Collection(collection)
	return Path{name: "mongo", batch: 1000, ack: jetstream.AckExplicitPolicy, store: func(ctx context.Context, batch []jetstream.Msg, _ bool) (bool, error) {
		documents := make([]document, len(batch))
		for i, msg := range batch {
			if err := json.Unmarshal(msg.Data(), &documents[i]); err != nil {
				return false, fmt.Errorf("decode post: %w", err)
			}
			meta, err := msg.Metadata()
			if err != nil {
				return false, fmt.Errorf("read metadata: %w", err)
			}
			documents[i].Stream, documents[i].Sequence, documents[i].StoredAt = meta.Stream, meta.Sequence.Stream, meta.Timestamp
		}
		if _, err := into.InsertMany(ctx, documents, options.InsertMany().SetOrdered(false)); err != nil {
			return false, fmt.Errorf("insert documents: %w", err)
		}
		return true, nil
	}}, nil
}
