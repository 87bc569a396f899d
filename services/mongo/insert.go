package mongo

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"cashtag/streams/durable"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// maxSplits bounds how many inserts of one Write are tried again in halves.
const maxSplits = 64

var errNotTried = errors.New("not tried: an insert before it failed")

// insert stores documents in one command and notes the error of each that was
// not stored.
//
// It is the command itself rather than InsertMany, because that decodes every
// document again to learn its _id and copies it element by element: seven times
// the CPU of all the rest.
func (s *Sink) insert(ctx context.Context, w *write, docs []document) {
	if len(docs) == 0 {
		return
	}
	if w.failed != nil {
		w.fail(docs, fmt.Errorf("%w: %w", errNotTried, w.failed))
		return
	}
	stored, err := s.run(ctx, docs)
	var refused mongo.WriteException
	switch {
	case errors.As(err, &refused):
		s.settle(w, docs, stored, refused)
	case err != nil && mayBeOneDocument(err):
		s.split(ctx, w, docs, err)
	case err != nil:
		w.failed = s.commandError(err)
		w.fail(docs, w.failed)
	case stored != len(docs):
		w.fail(docs, durable.Unavailable(fmt.Errorf("insert into collection %s: server stored %d of %d documents and names no error", s.collection, stored, len(docs))))
	}
}

func (w *write) fail(docs []document, err error) {
	for _, doc := range docs {
		w.errs[doc.message] = err
	}
}

// run sends the command and returns how many documents the server says it
// stored.
func (s *Sink) run(ctx context.Context, docs []document) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, s.store.cfg.CallTimeout)
	defer cancel()
	s.command = s.appendCommand(s.command[:0], docs)
	reply, err := s.store.database.RunCommand(ctx, bson.Raw(s.command)).Raw()
	stored, _ := reply.Lookup("n").AsInt64OK()
	return int(stored), err
}

// appendCommand appends the command that inserts docs:
// https://www.mongodb.com/docs/manual/reference/command/insert/
func (s *Sink) appendCommand(dst []byte, docs []document) []byte {
	command, dst := bsoncore.AppendDocumentStart(dst)
	dst = bsoncore.AppendStringElement(dst, "insert", s.collection)
	dst = bsoncore.AppendBooleanElement(dst, "ordered", false)
	concern, dst := bsoncore.AppendDocumentElementStart(dst, "writeConcern")
	dst = bsoncore.AppendStringElement(dst, "w", "majority")
	dst = bsoncore.AppendBooleanElement(dst, "j", true)
	dst = endDocument(dst, concern)
	array, dst := bsoncore.AppendArrayElementStart(dst, "documents")
	for n, doc := range docs {
		dst = bsoncore.AppendType(dst, bsoncore.TypeEmbeddedDocument)
		dst = strconv.AppendInt(dst, int64(n), 10)
		dst = append(dst, 0)
		dst = append(dst, s.docs[doc.start:doc.end]...)
	}
	dst = endDocument(dst, array)
	return endDocument(dst, command)
}

// settle notes what became of each document of an insert that failed in part.
func (s *Sink) settle(w *write, docs []document, stored int, refused mongo.WriteException) {
	for _, one := range refused.WriteErrors {
		if one.Index < 0 || one.Index >= len(docs) {
			w.fail(docs, durable.Unavailable(fmt.Errorf("insert into collection %s: server names document %d of %d", s.collection, one.Index, len(docs))))
			return
		}
	}
	if concern := refused.WriteConcernError; concern != nil {
		w.fail(docs, durable.Unavailable(fmt.Errorf("insert into collection %s: not confirmed by a majority: %w", s.collection, concern)))
	} else if stored+len(refused.WriteErrors) != len(docs) {
		w.fail(docs, durable.Unavailable(fmt.Errorf("insert into collection %s: server stored %d of %d documents and names %d errors",
			s.collection, stored, len(docs), len(refused.WriteErrors))))
	}
	for _, one := range refused.WriteErrors {
		if err := s.documentError(one); err != nil {
			w.errs[docs[one.Index].message] = err
		} else if refused.WriteConcernError == nil {
			w.errs[docs[one.Index].message] = nil
		}
	}
}

// split inserts the halves of a command that was refused as a whole, to find the
// document that is to blame. Refusals are bounded: where everything is refused it
// gives up, and what is left counts as not tried.
func (s *Sink) split(ctx context.Context, w *write, docs []document, refusal error) {
	if len(docs) == 1 {
		w.fail(docs, s.lonelyError(refusal))
		return
	}
	if w.splits--; w.splits < 0 {
		w.failed = durable.Unavailable(fmt.Errorf("insert into collection %s: refused again and again: %w", s.collection, refusal))
		w.fail(docs, w.failed)
		return
	}
	middle := len(docs) / 2
	s.insert(ctx, w, docs[:middle])
	s.insert(ctx, w, docs[middle:])
}
