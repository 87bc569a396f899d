package erase

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"cashtag/internal/recent"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// DefaultBound is how many ids Posts and Sink know of: about 25 MB.
const DefaultBound = 250_000

// Posts knows which posts of one source TWEETS holds and which were deleted. It is
// what a source asks whether a deletion matters, and what completes it. It is safe
// for concurrent use.
type Posts struct {
	eraser           *Eraser
	source, platform string

	mu      sync.Mutex
	stored  *recent.Map[string] // of each post, its ticker's token
	deleted *recent.Map[struct{}]
}

// OpenPosts reads which posts of a platform TWEETS holds. Source is the CloudEvents
// source of the deletions to be stated, such as schemas.SourceBluesky; bound is how
// many of the newest posts are known, DefaultBound where it is 0.
func OpenPosts(ctx context.Context, client *streams.Client, platform, source string, bound int) (*Posts, error) {
	if bound <= 0 {
		bound = DefaultBound
	}
	p := &Posts{
		eraser: New(client, nil), source: source, platform: platform,
		stored: recent.New[string](bound), deleted: recent.New[struct{}](bound),
	}
	tokens := map[string]string{} // one string for all posts of a ticker
	err := streams.Scan(ctx, client, subjectOf(platform, "*"), func(message *jetstream.RawStreamMsg) error {
		id := message.Header.Get(jetstream.MsgIDHeader)
		if post, ok := strings.CutSuffix(id, deletedSuffix); ok {
			p.deleted.Add(post, struct{}{})
			return nil
		}
		token, ok := tokens[streams.Key(message.Subject)]
		if !ok {
			token = strings.Clone(streams.Key(message.Subject))
			tokens[token] = token
		}
		p.stored.Add(id, token)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("posts of %s: %w", platform, err)
	}
	return p, nil
}

func (p *Posts) idOf(postID string) string {
	return (&schemas.TweetDeleted{Platform: p.platform, PostID: postID}).TweetID(p.source)
}

// Has reports whether TWEETS holds a post, by the platform's own id.
func (p *Posts) Has(postID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stored.Has(p.idOf(postID))
}

// Deleted is the event of a deletion with what the source alone knows. Amend
// completes it. It is false for a post whose deletion was stated before.
func (p *Posts) Deleted(postID string, at time.Time) (schemas.Event, bool) {
	id := p.idOf(postID)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deleted.Has(id) {
		return schemas.Event{}, false
	}
	return schemas.New(schemas.TweetDeletedID(id), p.source, schemas.NoTicker, at, &schemas.TweetDeleted{
		Platform: p.platform, PostID: postID, DeletedAt: at.UTC(),
		Tickers: []string{}, Scores: []schemas.DeletedScore{}, FromSequences: []uint64{},
	}), true
}

// Amend is ingest.Config.Amend of the source: it completes deletions, and drops
// posts that come again after theirs. A post whose deletion comes in the same batch
// is not stored yet, and its deletion says no more than the source knew.
func (p *Posts) Amend(ctx context.Context, event schemas.Event) (schemas.Event, bool, error) {
	switch data := event.Data.(type) {
	case *schemas.Tweet:
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.deleted.Has(event.ID) {
			return event, false, nil
		}
		if data.Platform == p.platform && len(data.Tickers) > 0 {
			p.stored.Add(event.ID, streams.TickerToken(data.Tickers[0]))
		}
		return event, true, nil
	case *schemas.TweetDeleted:
		completed, err := p.complete(ctx, event, data)
		if err != nil {
			return event, false, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.deleted.Add(data.TweetID(event.Source), struct{}{})
		return completed, true, nil
	default:
		return event, true, nil
	}
}

// complete looks for the post where it is known to be.
func (p *Posts) complete(ctx context.Context, event schemas.Event, deleted *schemas.TweetDeleted) (schemas.Event, error) {
	p.mu.Lock()
	token, ok := p.stored.Get(deleted.TweetID(event.Source))
	p.mu.Unlock()
	if ok && len(deleted.Tickers) == 0 {
		hint := *deleted
		hint.Tickers = []string{streams.TickerOf(token)}
		found := event
		found.Data = &hint
		completed, there, err := p.eraser.Complete(ctx, found)
		if err != nil {
			return event, err
		}
		if there {
			return completed, nil
		}
		return event, nil
	}
	completed, _, err := p.eraser.Complete(ctx, event)
	return completed, err
}
