package twitter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// wait returns the events of the next batch of the stream, none where it is time
// to look again.
func (s *Source) wait(ctx context.Context) ([]schemas.Event, error) {
	pause := s.cfg.Silence - s.conn.quiet()
	if s.gap.open {
		pause = min(pause, time.Until(s.gap.due))
	}
	timer := time.NewTimer(max(pause, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case b, ok := <-s.conn.batches:
		return s.receive(ctx, b, ok)
	case <-s.changed:
		return nil, s.refollow(ctx)
	case <-timer.C:
	}
	select { // a batch that waits is no silence
	case b, ok := <-s.conn.batches:
		return s.receive(ctx, b, ok)
	default:
	}
	if s.conn.quiet() >= s.cfg.Silence {
		return nil, fmt.Errorf("%w for %s", ErrSilent, s.cfg.Silence)
	}
	return nil, nil
}

// refollow takes over a changed list of tickers. The stream goes on meanwhile.
func (s *Source) refollow(ctx context.Context) error {
	s.changed = s.tickers.Changed()
	list := slices.Clone(s.tickers.List())
	if slices.Equal(list, s.followed) {
		return nil
	}
	if len(list) == 0 {
		s.followed = nil
		s.drop()
		return s.connect(ctx)
	}
	s.followed = list
	s.gap.began = time.Time{} // its queries are those of the old list
	if err := s.setRules(ctx); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "stream of X follows other tickers", "tickers", len(list))
	return nil
}

// receive decodes a batch.
func (s *Source) receive(ctx context.Context, b batch, ok bool) ([]schemas.Event, error) {
	if !ok {
		return nil, s.conn.err
	}
	events := make([]schemas.Event, 0, len(b.lines))
	for range b.long {
		s.malformed(ctx, fmt.Errorf("%w: a line of more than %d bytes", ErrMalformed, maxLineBytes))
	}
	for _, line := range b.lines {
		decoded, err := s.decode.Decode(line)
		if inStream, ok := errors.AsType[*StreamError](err); ok {
			return events, inStream
		}
		post, ok := s.take(ctx, decoded, err)
		s.advance(decoded.ID)
		if ok {
			events = append(events, post.Event)
		}
	}
	if len(events) > 0 {
		s.failures.healthy()
	}
	return events, nil
}

// rest ends the stream and returns the events of what came before its end, which
// is paid.
func (s *Source) rest(ctx context.Context) []schemas.Event {
	if s.conn == nil {
		return nil
	}
	s.conn.end()
	var events []schemas.Event
	for b := range s.conn.batches {
		more, err := s.receive(ctx, b, true)
		events = append(events, more...)
		if err != nil {
			break
		}
	}
	return events
}

// advance moves the place to a post of the stream. What is still missing of a gap
// is held back in cursor.
func (s *Source) advance(postID string) {
	if postID != "" && (s.place.PostID == "" || compareIDs(postID, s.place.PostID) > 0) {
		s.place.PostID, s.place.Since = postID, time.Time{}
	}
}

// take counts a decoded post, and reports whether it becomes an event.
func (s *Source) take(ctx context.Context, decoded Post, err error) (Post, bool) {
	if decoded.ID != "" {
		s.meter.read(decoded.ID)
	}
	if err != nil {
		s.malformed(ctx, err)
		return decoded, false
	}
	if decoded.Excluded() {
		s.tally.Count(decoded.Ticker, ingest.Filtered, 1)
		return decoded, false
	}
	return decoded, true
}

// malformedEvery is how often the log shows a frame that could not be decoded.
const malformedEvery = time.Minute

// malformed counts what could not be decoded and shows a sample of it.
func (s *Source) malformed(ctx context.Context, err error) {
	s.tally.Count("", ingest.Malformed, 1)
	s.malformedN++
	if now := time.Now(); s.malformedAt.IsZero() || now.Sub(s.malformedAt) >= malformedEvery {
		s.log.WarnContext(ctx, "malformed post of X passed over", "error", err, "since_last", s.malformedN)
		s.malformedAt, s.malformedN = now, 0
	}
}
