package bluesky

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cashtag/streams/ingest"

	"github.com/coder/websocket"
)

// dialWithin bounds one attempt to connect, and one to read a dictionary.
const dialWithin = 10 * time.Second

// The errors by name that v2 answers a connect with.
const (
	nameTooOld     = "CursorTooOld"
	nameDictionary = "UnknownZstdDictionary"
)

// connect goes through the instances until one answers.
func (s *Source) connect(ctx context.Context, at place) (*link, error) {
	if at == (place{}) {
		at = s.origin
	}
	var failed connectError
	var v2 error
	for i, in := range s.order() {
		if said := s.resting[in.base]; said != nil && time.Now().Before(said.until) {
			failed = append(failed, said)
			continue
		}
		l, err := s.open(ctx, in, at)
		if ctx.Err() != nil {
			if l != nil {
				l.close()
			}
			return nil, ctx.Err()
		}
		if err != nil {
			failed = append(failed, err)
			if said, ok := errors.AsType[*refusal](err); ok && !said.until.IsZero() {
				s.resting[in.base] = said
			}
			if in.version == V2 {
				v2 = err
			}
			continue
		}
		if in.version == V1 && v2 != nil {
			s.once("fallback", func() {
				s.cfg.Logger.WarnContext(ctx, "bluesky is read by jetstream v1, since v2 refused", "instance", in.base, "error", v2)
			})
		}
		s.turn += i
		return l, nil
	}
	if failed.forGood() {
		return nil, ingest.Fatal(failed)
	}
	if until := failed.until(); !until.IsZero() {
		return nil, &ingest.Retry{After: time.Until(until), Err: failed}
	}
	return nil, failed
}

// connectError is why no instance answered, one error each.
type connectError []error

// Error is one line: of each kind of failure, which mostly is that of all, the
// first.
func (e connectError) Error() string {
	var said []string
	kinds := map[int]bool{}
	for _, err := range e {
		status := 0 // it did not answer
		if refused, ok := errors.AsType[*refusal](err); ok {
			status = refused.status
		}
		if !kinds[status] {
			kinds[status] = true
			said = append(said, err.Error())
		}
	}
	if len(e) == 1 {
		return "connect to bluesky: " + said[0]
	}
	return fmt.Sprintf("connect to bluesky: none of %d instances takes us: %s", len(e), strings.Join(said, "; "))
}

// forGood reports whether every instance answered that it will not have us: what
// is configured is wrong, and waiting does not mend it.
func (e connectError) forGood() bool {
	for _, err := range e {
		var refused *refusal
		if !errors.As(err, &refused) {
			return false
		}
		switch refused.status {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		default:
			return false
		}
	}
	return true
}

// until is when the first instance is to be asked again, where each one said when.
func (e connectError) until() time.Time {
	var first time.Time
	for _, err := range e {
		refused, ok := errors.AsType[*refusal](err)
		if !ok || refused.until.IsZero() {
			return time.Time{}
		}
		if first.IsZero() || refused.until.Before(first) {
			first = refused.until
		}
	}
	return first
}

// Unwrap returns the errors.
func (e connectError) Unwrap() []error { return e }

// order is the order in which instances are tried: v2 before v1, each beginning
// with the one whose turn it is.
func (s *Source) order() []instance {
	ordered := make([]instance, 0, len(s.cfg.V2)+len(s.cfg.V1))
	for i := range s.cfg.V2 {
		ordered = append(ordered, newInstance(V2, s.cfg.V2[(s.turn+i)%len(s.cfg.V2)]))
	}
	for i := range s.cfg.V1 {
		ordered = append(ordered, newInstance(V1, s.cfg.V1[(s.turn+i)%len(s.cfg.V1)]))
	}
	return ordered
}

// open connects to one instance, at the place or as near as it allows.
func (s *Source) open(ctx context.Context, in instance, at place) (*link, error) {
	cursor, skipTo := s.cursorFor(in, at)
	dict := s.dictionaryFor(ctx, in)
	var lost bool
	for {
		conn, err := s.dial(ctx, in.subscription(cursor, dict.id), in)
		var refused *refusal
		switch {
		case err == nil:
			return s.begin(ctx, in, conn, dict, skipTo, at, lost)
		case errors.As(err, &refused) && refused.name == nameTooOld && cursor < timeCursor:
			// By time v2 begins with the oldest that it has.
			cursor, skipTo, lost = max(timeCursor, at.byTime(s.cfg.Rewind)), 0, true
		case errors.As(err, &refused) && refused.name == nameDictionary && dict.there():
			dict = s.newDictionary(ctx, in, dict)
		default:
			return nil, err
		}
	}
}

// newDictionary replaces one that the instance retired: by the next, or by none.
func (s *Source) newDictionary(ctx context.Context, in instance, old dictionary) dictionary {
	delete(s.dictionaries, in.dictionaryURL())
	if next := s.dictionaryFor(ctx, in); next.id != old.id {
		return next
	}
	return dictionary{}
}

// cursorFor is the cursor of a place in an instance, and the sequence number up to
// which what comes was taken before.
func (s *Source) cursorFor(in instance, at place) (cursor, skipTo int64) {
	switch seq := at.seqAt(in.host); {
	case at == (place{}) && s.cfg.FromOldest:
		return timeCursor, 0
	case at == (place{}):
		return 0, 0
	case in.version == V2 && seq > 0 && !s.byTime:
		return seq, seq
	default:
		return at.byTime(s.cfg.Rewind), 0
	}
}

// begin starts a link on a connection.
func (s *Source) begin(ctx context.Context, in instance, conn *websocket.Conn, dict dictionary, skipTo int64, at place, lost bool) (*link, error) {
	l := &link{
		instance: in,
		packed:   dict.there(),
		conn:     conn,
		decoder:  s.decoder,
		tally:    s.cfg.Tally,
		sample:   s.sample,
		silence:  s.cfg.Silence,
		skipTo:   skipTo,
		from:     at,
	}
	if skipTo == 0 {
		l.from.seq, l.from.host = 0, "" // resumed by time: the numbers begin anew
	}
	if dict.there() {
		inflate, err := dict.decoder()
		if err != nil {
			_ = conn.CloseNow()
			return nil, fmt.Errorf("%s: dictionary %d: %w", in.base, dict.id, err)
		}
		l.inflate = inflate
	}
	s.gap = gap{from: at, lost: lost, open: at != place{}}
	if at == (place{}) && !s.cfg.FromOldest {
		// What comes from now on is not lost, though this connection should end
		// before any of it was stored.
		s.origin = place{micros: s.cfg.Now().UnixMicro()}
	}
	if s.plain != nil {
		s.plain()
	}
	// The connection outlives the call: Close ends it.
	l.start(context.WithoutCancel(ctx))
	s.cfg.Logger.InfoContext(ctx, "bluesky connected", "instance", in.base, "version", int(in.version), "compressed", l.packed)
	return l, nil
}

func (s *Source) dial(ctx context.Context, address string, in instance) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	options := &websocket.DialOptions{HTTPClient: s.cfg.Client}
	if in.version == V2 {
		options.Subprotocols = []string{subprotocol}
	}
	conn, answer, err := websocket.Dial(ctx, address, options) //nolint:bodyclose // the library closes it
	if err == nil {
		conn.SetReadLimit(-1) // link bounds what it keeps of a frame
		return conn, nil
	}
	if answer == nil || answer.StatusCode == http.StatusSwitchingProtocols {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // the address stands in front already
		}
		return nil, fmt.Errorf("%s: %w", in.base, err)
	}
	return nil, refusalOf(in, answer)
}

// placeOf reads a cursor that this package wrote.
func placeOf(cursor string) (place, error) {
	at, err := parsePlace(cursor)
	if err != nil {
		return place{}, ingest.Fatal(fmt.Errorf("bluesky: %w", err))
	}
	return at, nil
}
