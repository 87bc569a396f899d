package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// deletedSuffix ends the id of a deletion.
var deletedSuffix = schemas.TweetDeletedID("")

// tombstoneOf is the _id of the post that a message says was deleted, if it says
// so.
func (s *Sink) tombstoneOf(message *durable.Message) (string, bool) {
	if s.stream != streams.Tweets || message.Key != schemas.NoTicker {
		return "", false
	}
	post, ok := strings.CutSuffix(message.ID, deletedSuffix)
	return post, ok && post != ""
}

// entomb puts a deletion in the place of its post, whether or not that is there: a
// post that comes later finds its _id taken.
//
// It is one command a deletion. Some servers hang on many updates in one, or look
// through the whole collection for an _id: deletions are rare.
func (s *Sink) entomb(ctx context.Context, w *write, batch []durable.Message, i int) {
	if w.failed != nil {
		w.errs[i] = fmt.Errorf("%w: %w", errNotTried, w.failed)
		return
	}
	post, _ := s.tombstoneOf(&batch[i])
	document, err := s.transcoder.appendDocumentAs(nil, &batch[i], post)
	if err != nil {
		w.errs[i] = durable.Poison(fmt.Errorf("make tombstone for collection %s: %w", s.collection, err))
		return
	}
	if err := s.replace(ctx, post, document); err != nil {
		w.errs[i] = err
		if durable.IsUnavailable(err) || durable.IsFatal(err) {
			w.failed = err
		}
	}
}

// replace stores a document under an _id, instead of what is there.
func (s *Sink) replace(ctx context.Context, id string, document bson.Raw) error {
	ctx, cancel := context.WithTimeout(ctx, s.store.cfg.CallTimeout)
	defer cancel()
	journal := true
	concern := &writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal}
	collection := s.store.database.Collection(s.collection, options.Collection().SetWriteConcern(concern))
	_, err := collection.ReplaceOne(ctx, bson.D{{Key: fieldID, Value: id}}, document, options.Replace().SetUpsert(true))
	refused, ok := errors.AsType[mongo.WriteException](err)
	switch {
	case err == nil:
		return nil
	case !ok && mayBeOneDocument(err):
		return s.lonelyError(err)
	case !ok:
		return s.commandError(err)
	case len(refused.WriteErrors) == 0:
		return durable.Unavailable(fmt.Errorf("replace in collection %s: not confirmed by a majority: %w", s.collection, err))
	case refused.WriteErrors[0].Code == codeDuplicateKey: // the post was inserted meanwhile
		return durable.Unavailable(fmt.Errorf("replace in collection %s: %w", s.collection, err))
	default:
		return s.documentError(refused.WriteErrors[0])
	}
}
