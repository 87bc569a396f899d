package mongo

import (
	"context"
	"fmt"
	"strings"

	"cashtag/streams/durable"
)

const (
	// maxCommandBytes closes an insert. A command may hold 16 MiB of documents.
	maxCommandBytes = 12 << 20
	// maxDocumentBytes is the most that a server takes as one document.
	maxDocumentBytes = 16 << 20
	// maxKeptBytes is the largest buffer that is kept for the next batch.
	maxKeptBytes = 4 << 20
)

// Sink inserts the messages of one stream into its collection. Make it with
// Store.Sink.
type Sink struct {
	store      *Store
	stream     string
	collection string

	transcoder transcoder
	docs       []byte     // the documents of one insert, one behind the other
	pending    []document // where they are
	command    []byte
	deleted    []int // indices in the batch
}

// document is one message's document in Sink.docs.
type document struct {
	message    int // index in the batch
	start, end int
}

var _ durable.Sink = (*Sink)(nil)

// Sink returns the sink of a stream, such as TWEETS.
func (s *Store) Sink(stream string) *Sink {
	return &Sink{store: s, stream: stream, collection: strings.ToLower(stream)}
}

// Write implements durable.Sink.
func (s *Sink) Write(ctx context.Context, batch []durable.Message) []error {
	errs := make([]error, len(batch))
	w := &write{errs: errs, splits: maxSplits}
	s.reset()
	s.deleted = s.deleted[:0]
	for i := range batch {
		if _, ok := s.tombstoneOf(&batch[i]); ok {
			s.deleted = append(s.deleted, i)
			continue
		}
		s.add(ctx, w, &batch[i], i)
	}
	s.insert(ctx, w, s.pending)
	for _, i := range s.deleted { // behind the posts of the same batch
		s.entomb(ctx, w, batch, i)
	}
	for _, err := range errs {
		if err != nil {
			return errs
		}
	}
	return nil
}

// write is one call of Write.
type write struct {
	errs []error
	// failed is set once no further insert makes sense.
	failed error
	// splits is how many more refused inserts may be split.
	splits int
}

func (s *Sink) reset() {
	if cap(s.docs) > maxKeptBytes {
		s.docs = nil
	}
	if cap(s.command) > maxKeptBytes {
		s.command = nil
	}
	s.docs, s.pending = s.docs[:0], s.pending[:0]
}

// add makes the document of a message, and inserts those before it first when
// they would not fit into one command with it.
func (s *Sink) add(ctx context.Context, w *write, message *durable.Message, i int) {
	start := len(s.docs)
	docs, err := s.transcoder.appendDocument(s.docs, message)
	if err == nil && len(docs)-start > maxDocumentBytes {
		err = fmt.Errorf("document of %d bytes: mongodb takes at most %d", len(docs)-start, maxDocumentBytes)
	}
	if err != nil {
		s.docs = docs[:start]
		w.errs[i] = durable.Poison(fmt.Errorf("make document for collection %s: %w", s.collection, err))
		return
	}
	s.docs = docs
	if len(docs) > maxCommandBytes && start > 0 {
		s.insert(ctx, w, s.pending)
		s.docs = s.docs[:copy(s.docs, s.docs[start:])]
		s.pending, start = s.pending[:0], 0
	}
	s.pending = append(s.pending, document{message: i, start: start, end: len(s.docs)})
}
