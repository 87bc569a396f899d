package erase

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// maxKept bounds the scores and the sequences that are kept of one post.
const maxKept = 1000

// remains is what the streams hold of one post.
type remains struct {
	data   schemas.TweetDeleted // all but when it was deleted
	source string               // of the post, "" where it was not found
	stated bool                 // its deletion was stated before
	buried bool                 // a dead letter or a requeued one holds it
}

// find looks for posts in TWEETS, DEAD and RETRY, and for what SENTIMENT says of
// them. Every target has an entry.
func (e *Eraser) find(ctx context.Context, targets []target) (map[string]*remains, error) {
	found := make(map[string]*remains, len(targets))
	for _, t := range targets {
		found[t.id] = &remains{data: schemas.TweetDeleted{
			Platform: t.platform, PostID: t.postID,
			Tickers: []string{}, Scores: []schemas.DeletedScore{}, FromSequences: []uint64{},
		}}
	}
	for _, subject := range subjectsOf(targets) {
		if err := e.findPosts(ctx, subject, found); err != nil {
			return nil, fmt.Errorf("find posts: %w", err)
		}
		if err := e.findBuried(ctx, subject, found); err != nil {
			return nil, fmt.Errorf("find posts: %w", err)
		}
	}
	if err := e.findScores(ctx, found); err != nil {
		return nil, fmt.Errorf("find scores: %w", err)
	}
	return found, nil
}

func (e *Eraser) findPosts(ctx context.Context, subject string, found map[string]*remains) error {
	return streams.Scan(ctx, e.client, subject, func(message *jetstream.RawStreamMsg) error {
		id := idOf(message.Header, message.Data)
		if post, ok := strings.CutSuffix(id, deletedSuffix); ok {
			if at, ok := found[post]; ok {
				at.stated = true
			}
			return nil
		}
		at, ok := found[id]
		if !ok {
			return nil
		}
		if len(at.data.FromSequences) < maxKept {
			at.data.FromSequences = append(at.data.FromSequences, message.Sequence)
		}
		at.take(message.Data)
		return nil
	})
}

// findBuried takes the facts of posts that TWEETS does not hold any more, but a
// letter does.
func (e *Eraser) findBuried(ctx context.Context, subject string, found map[string]*remains) error {
	err := streams.Scan(ctx, e.client, streams.RetrySubject("*", subject), func(message *jetstream.RawStreamMsg) error {
		if at, ok := found[idOf(message.Header, message.Data)]; ok {
			at.buried = true
			at.take(message.Data)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return streams.Scan(ctx, e.client, streams.DeadSubject("*", subject), func(message *jetstream.RawStreamMsg) error {
		at, ok := found[letterID(message.Data)]
		if !ok {
			return nil
		}
		at.buried = true
		if event, err := schemas.Decode(message.Data); err == nil {
			if dead, ok := event.Data.(*schemas.Dead); ok {
				at.take(dead.Payload)
			}
		}
		return nil
	})
}

// take keeps the facts of a post. A post that breaks its schema gives none: its
// deletion must still be a valid event.
func (r *remains) take(data []byte) {
	event, err := schemas.Decode(data)
	if err != nil || event.Validate() != nil {
		return
	}
	if post, ok := event.Data.(*schemas.Tweet); ok {
		r.source = event.Source
		r.data.Take(post)
	}
}

func (e *Eraser) findScores(ctx context.Context, found map[string]*remains) error {
	var tickers []string
	for _, at := range found {
		tickers = append(tickers, at.data.Tickers...)
	}
	slices.Sort(tickers)
	for _, ticker := range slices.Compact(tickers) {
		subject := "sentiment.*." + streams.TickerToken(ticker)
		err := streams.Scan(ctx, e.client, subject, func(message *jetstream.RawStreamMsg) error {
			// The id of a score starts with that of its post, which spares most of
			// them the decoding.
			before, _, _ := strings.Cut(message.Header.Get(jetstream.MsgIDHeader), ":"+ticker+":")
			at, ok := found[before]
			if !ok || len(at.data.Scores) == maxKept {
				return nil
			}
			event, err := schemas.Decode(message.Data)
			if err != nil || event.Validate() != nil {
				return nil //nolint:nilerr // what is no score is not kept
			}
			if score, ok := event.Data.(*schemas.Sentiment); ok && score.TweetID == before {
				at.data.Scores = append(at.data.Scores, schemas.DeletedScore{
					Scorer: score.Scorer, Version: score.Version, Ticker: score.Ticker,
					Label: score.Label, Probability: score.Probability,
				})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
