package mongo

import (
	"context"
	"fmt"
	"time"

	"cashtag/streams"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

// Ensure returns once the server answers and the collection has its indexes. It
// returns one line that names the host, and no password, where it does not.
//
// Expiry is set where Config.TTL asks for it; a server that has none is said so
// in the log, and everything else goes on.
func (s *Sink) Ensure(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil {
		return err
	}
	for _, keys := range indexes(s.stream) {
		if err := s.createIndex(ctx, mongo.IndexModel{Keys: keys}); err != nil {
			return fmt.Errorf("create index of collection %s of mongodb at %s: %w", s.collection, s.store.hosts, err)
		}
	}
	if ttl, ok := s.store.cfg.TTL[s.stream]; ok {
		return s.expire(ctx, ttl)
	}
	return nil
}

// indexes lists the keys that the documents of a stream are looked up by.
func indexes(stream string) []bson.D {
	lists := []bson.D{{{Key: "subject", Value: 1}, {Key: "time", Value: 1}}}
	if stream == streams.Tweets {
		lists = append(lists, bson.D{{Key: "data.tickers", Value: 1}, {Key: "time", Value: 1}})
	}
	return lists
}

// Ping returns once the server that is written to answers, the user being known to
// it. It returns one line that names the host, and no password, where it does not.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*s.cfg.ConnectTimeout)
	defer cancel()
	err := s.client.Ping(ctx, readpref.Primary())
	switch {
	case err == nil:
		return nil
	case isRefusal(err):
		return fmt.Errorf("mongodb at %s refuses the user: check the user and the password: %w", s.hosts, err)
	default:
		return fmt.Errorf("mongodb at %s is not reachable: check that it runs, or give another uri: %w", s.hosts, err)
	}
}

// createIndex creates one index, which is no work where it exists.
func (s *Sink) createIndex(ctx context.Context, index mongo.IndexModel) error {
	ctx, cancel := context.WithTimeout(ctx, s.store.cfg.IndexTimeout)
	defer cancel()
	_, err := s.store.database.Collection(s.collection).Indexes().CreateOne(ctx, index)
	return err
}

// expire makes the server drop documents so long after the event was stored.
func (s *Sink) expire(ctx context.Context, ttl time.Duration) error {
	keys := bson.D{{Key: fieldStoredAt, Value: 1}}
	seconds := int32(min(ttl/time.Second, 1<<31-1))
	err := s.createIndex(ctx, mongo.IndexModel{Keys: keys, Options: options.Index().SetExpireAfterSeconds(seconds)})
	if codeOf(err) == codeIndexOptionsConflict { // it is there with another expiry
		err = s.store.database.RunCommand(ctx, bson.D{
			{Key: "collMod", Value: s.collection},
			{Key: "index", Value: bson.D{{Key: "keyPattern", Value: keys}, {Key: "expireAfterSeconds", Value: seconds}}},
		}).Err()
	}
	switch {
	case err == nil:
		return nil
	case codeOf(err) != 0 && !isRefusal(err):
		s.store.logger.WarnContext(ctx, "mongodb cannot expire documents, keeping them", "collection", s.collection, "ttl", ttl, "error", err)
		return nil
	default:
		return fmt.Errorf("set expiry of collection %s of mongodb at %s: %w", s.collection, s.store.hosts, err)
	}
}
