package archive_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"cashtag/schemas"
	"cashtag/services/archive"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"

	"github.com/nats-io/nats.go/jetstream"
)

// stateDeleted is the event of a deletion of a post that stood at sequences.
func stateDeleted(post schemas.Event, sequences ...uint64) schemas.Event {
	tweet := post.Data.(*schemas.Tweet)
	data := &schemas.TweetDeleted{
		Platform: tweet.Platform, PostID: tweet.PostID, DeletedAt: created, Scores: []schemas.DeletedScore{},
		FromSequences: append([]uint64{}, sequences...),
	}
	data.Take(tweet)
	return schemas.New(schemas.TweetDeletedID(post.ID), post.Source, data.Ticker(), created, data)
}

// publishEvents stores events as a publisher does.
func (s *source) publishEvents(t *testing.T, events ...schemas.Event) {
	t.Helper()
	for _, event := range events {
		line, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		subject, err := streams.Subject(event)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Client.JS.Publish(t.Context(), subject, line, jetstream.WithMsgID(event.ID)); err != nil {
			t.Fatal(err)
		}
	}
}

func posts(first, last int) []schemas.Event {
	var events []schemas.Event
	for i := first; i <= last; i++ {
		events = append(events, sinktest.Tweet(i))
	}
	return events
}

// holds reports whether some object of the archive has the post's own line.
func holds(t *testing.T, cfg archive.Config, post schemas.Event) bool {
	t.Helper()
	for _, name := range names(t, cfg) {
		if base, ok := strings.CutSuffix(name, ".manifest.json"); ok {
			if _, lines := checkBlock(t, cfg, base); strings.Contains(lines, `"id":"`+post.ID+`"`) {
				return true
			}
		}
	}
	return false
}

// TestErase states deletions where the archive meets them.
func TestErase(t *testing.T) {
	t.Parallel()
	post := sinktest.Tweet(5)
	for name, test := range map[string]struct {
		before   []schemas.Event // in order behind the posts 1 to 10
		manifest string
	}{
		"in the next block":             {append(posts(11, 14), stateDeleted(post, 5)), block1},
		"two blocks on":                 {append(posts(11, 24), stateDeleted(post, 5)), block1},
		"by nobody who knew its place":  {append(posts(11, 14), stateDeleted(post)), block1},
		"among others of its own block": {nil, block1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, source := onFakeS3(t), newSource(t)
			last := uint64(10 + len(test.before))
			if test.before == nil {
				source.publishEvents(t, append(posts(1, 9), stateDeleted(post, 5))...)
			} else {
				source.publishEvents(t, append(posts(1, 10), test.before...)...)
			}
			service := source.start(t, cfg)
			service.flush(t, last)
			service.stop(t)
			if holds(t, cfg, post) {
				t.Error("the archive still holds the post")
			}
			manifest, _ := checkBlock(t, cfg, test.manifest)
			if manifest.First != 1 || manifest.Last != 10 || manifest.Events != 9 || manifest.Gaps != 1 {
				t.Errorf("got %+v, want 9 events and a gap from 1 to 10", manifest)
			}
			lines, problems := read(t, service.Store())
			expect(t, "problems", problems, nil)
			if got, want := len(lines), int(last)-1; got != want {
				t.Errorf("got %d lines, want %d", got, want)
			}
		})
	}
}

// archived is a store with one block of the posts 1 to 10.
func archived(t *testing.T) (archive.Config, *archive.Store) {
	t.Helper()
	cfg, source := onFakeS3(t), newSource(t)
	source.publishEvents(t, posts(1, 10)...)
	service := source.start(t, cfg)
	service.flush(t, 10)
	service.stop(t)
	return cfg, service.Store()
}

func TestEraseIsRepeatable(t *testing.T) {
	t.Parallel()
	cfg, store := archived(t)
	post := sinktest.Tweet(5)
	oldObject, oldManifest := fetch(t, cfg, block1+".ndjson.zst"), fetch(t, cfg, block1+".manifest.json")
	erase := func() {
		t.Helper()
		if err := store.Erase(t.Context(), streams.Tweets, 5, post.ID); err != nil {
			t.Fatal(err)
		}
	}
	erase()
	object, manifest := fetch(t, cfg, block1+".ndjson.zst"), fetch(t, cfg, block1+".manifest.json")
	if bytes.Equal(object, oldObject) || bytes.Equal(manifest, oldManifest) || holds(t, cfg, post) {
		t.Fatal("nothing was erased")
	}
	same := func(when string) {
		t.Helper()
		if !bytes.Equal(object, fetch(t, cfg, block1+".ndjson.zst")) || !bytes.Equal(manifest, fetch(t, cfg, block1+".manifest.json")) {
			t.Errorf("%s: got another block", when)
		}
	}
	erase()
	same("again")
	put(t, cfg, block1+".manifest.json", oldManifest) // killed between the two
	erase()
	same("after a kill")
	put(t, cfg, block1+".ndjson.zst", oldObject)
	put(t, cfg, block1+".manifest.json", oldManifest)
	erase()
	same("from the start")
	for _, sequence := range []uint64{11, 1 << 40} {
		if err := store.Erase(t.Context(), streams.Tweets, sequence, "x:404"); err != nil {
			t.Errorf("sequence %d: got %v, want nothing to do", sequence, err)
		}
	}
	if err := store.Erase(t.Context(), streams.Quotes, 5, post.ID); err != nil {
		t.Errorf("a stream without blocks: got %v, want nothing to do", err)
	}
	same("of others")
}

func TestEraseFromADamagedBlock(t *testing.T) {
	t.Parallel()
	cfg, store := archived(t)
	object := fetch(t, cfg, block1+".ndjson.zst")
	put(t, cfg, block1+".ndjson.zst", object[:len(object)/2])
	err := store.Erase(t.Context(), streams.Tweets, 5, sinktest.Tweet(5).ID)
	if !errors.Is(err, archive.ErrCorrupt) || !durable.IsFatal(err) {
		t.Errorf("got %v, want a fatal error that says the block is damaged", err)
	}
}
