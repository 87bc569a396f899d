package manager

import (
	"context"
	"errors"
	"slices"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
)

// behindPause is how long a manager waits for a replica that has not heard yet of
// the event that outpaced it.
const behindPause = 50 * time.Millisecond

// subjects is what one manager writes and knows of some subjects of MARKET.
type subjects struct {
	journal Journal
	source  string
	all     string   // what must not have changed since
	own     []string // the subjects among all that managers write

	known    bool
	last     schemas.Event // on own; zero where there is none, or none of this source
	sequence uint64        // of the last event on all
}

const market = "market." + schemas.MICXNYS

func sessionSubjects(journal Journal, source string) *subjects {
	s := &subjects{journal: journal, source: source, all: market + ".session.>"}
	for _, state := range []string{schemas.SessionOpened, schemas.SessionClosed, schemas.SessionEarlyClose} {
		s.own = append(s.own, market+".session."+state)
	}
	return s
}

func clockSubject(journal Journal, source string) *subjects {
	return &subjects{journal: journal, source: source, all: market + ".clock", own: []string{market + ".clock"}}
}

// read asks the stream for the last event, unless it is known.
func (s *subjects) read(ctx context.Context) error {
	if s.known {
		return nil
	}
	last, sequence, err := s.journal.Last(ctx, s.all)
	if err != nil {
		return err
	}
	if sequence > 0 && !s.written(last) { // a halt: what managers wrote is before it
		newest := uint64(0)
		last = schemas.Event{}
		for _, subject := range s.own {
			event, at, err := s.journal.Last(ctx, subject)
			if err != nil {
				return err
			}
			if at > newest {
				last, newest = event, at
			}
		}
	}
	if last.Source != s.source {
		last = schemas.Event{}
	}
	s.last, s.sequence, s.known = last, sequence, true
	return nil
}

// written reports whether a manager may have written the event.
func (s *subjects) written(event schemas.Event) bool {
	subject, err := streams.Subject(event)
	return err == nil && slices.Contains(s.own, subject)
}

// publish stores an event as the next one. It returns false when another was stored
// since: what is due has to be seen anew.
func (s *subjects) publish(ctx context.Context, event schemas.Event) (stored bool, err error) {
	before := s.sequence
	sequence, err := s.journal.PublishAfter(ctx, s.all, before, event)
	if err == nil {
		s.last, s.sequence = event, sequence
		return true, nil
	}
	s.known = false
	if !errors.Is(err, streams.ErrOutpaced) {
		return false, err
	}
	if err := s.read(ctx); err != nil {
		return false, err
	}
	if s.sequence == before {
		s.known = false
		if !pause(ctx, behindPause) {
			return false, context.Cause(ctx)
		}
	}
	return false, nil
}
