package streams_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

const sessions = "market.XNYS.session.>"

func sessionEvent(state string, at time.Time) schemas.Event {
	return schemas.New(schemas.SessionID(schemas.MICXNYS, state, at), schemas.SourceXNYS, schemas.MICXNYS, at, &schemas.Session{
		MIC: schemas.MICXNYS, State: state, Reason: schemas.ReasonCalendar, Date: "2024-03-01", OpensAt: at, ClosesAt: at,
	})
}

// expecting is a server whose streams forget ids at once, and a way to connect
// publishers to it.
func expecting(t *testing.T) (*streams.Client, func() *streams.Publisher) {
	t.Helper()
	server := natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false })
	client := inProcess(t, server)
	createStreams(t, client, func(c *jetstream.StreamConfig) { c.Duplicates = 100 * time.Millisecond })
	return client, func() *streams.Publisher { return newPublisher(t, inProcess(t, server), nil) }
}

func TestPublishAfter(t *testing.T) {
	t.Parallel()
	client, connect := expecting(t)
	publisher := connect()
	if _, sequence, err := publisher.Last(t.Context(), sessions); sequence != 0 || err != nil {
		t.Fatalf("last of none: got sequence %d, error %v, want 0 and nil", sequence, err)
	}
	opened, closed := sessionEvent(schemas.SessionOpened, postedAt), sessionEvent(schemas.SessionClosed, postedAt.Add(time.Hour))
	first, err := publisher.PublishAfter(t.Context(), sessions, 0, opened)
	if err != nil || first == 0 {
		t.Fatalf("after none: got sequence %d, error %v, want the event's sequence", first, err)
	}
	if err := publisher.Publish(t.Context(), tweet("1")); err != nil {
		t.Fatal(err)
	}
	for name, after := range map[string]uint64{"none": 0, "one to come": first + 5} {
		if _, err := publisher.PublishAfter(t.Context(), sessions, after, closed); !errors.Is(err, streams.ErrOutpaced) {
			t.Errorf("after %s: got %v, want %v", name, err, streams.ErrOutpaced)
		}
	}
	second, err := publisher.PublishAfter(t.Context(), sessions, first, closed)
	if err != nil || second <= first {
		t.Fatalf("after the first: got sequence %d, error %v, want one after %d", second, err, first)
	}
	last, sequence, err := publisher.Last(t.Context(), sessions)
	if err != nil || sequence != second || last.ID != closed.ID {
		t.Errorf("last: got %s at %d, error %v, want %s at %d", last.ID, sequence, err, closed.ID, second)
	}
	if last, sequence, err = publisher.Last(t.Context(), "market.XNYS.session.opened"); err != nil || sequence != first || last.ID != opened.ID {
		t.Errorf("last opened: got %s at %d, error %v, want %s at %d", last.ID, sequence, err, opened.ID, first)
	}
	message := contents(t, client, streams.Market)[0]
	if got := message.Headers().Get(jetstream.MsgIDHeader); got != opened.ID {
		t.Errorf("message id: got %q, want %q", got, opened.ID)
	}
	if got := message.Headers().Get("Content-Type"); got != schemas.ContentType {
		t.Errorf("content type: got %q, want %q", got, schemas.ContentType)
	}
}

// A repetition within the dedupe window is stored by nobody, so that its sequence
// may be that of an event long before the last.
func TestPublishAfterOfADuplicate(t *testing.T) {
	t.Parallel()
	server := natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false })
	client := inProcess(t, server)
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	first := sessionEvent(schemas.SessionOpened, postedAt)
	one, err := publisher.PublishAfter(t.Context(), sessions, 0, first)
	if err != nil {
		t.Fatal(err)
	}
	if sequence, err := publisher.PublishAfter(t.Context(), sessions, one, first); !errors.Is(err, streams.ErrOutpaced) {
		t.Errorf("got sequence %d and error %v, want %v", sequence, err, streams.ErrOutpaced)
	}
}

func TestPublishAfterRefuses(t *testing.T) {
	t.Parallel()
	client, connect := expecting(t)
	publisher := connect()
	event := sessionEvent(schemas.SessionOpened, postedAt)
	for name, test := range map[string]struct {
		subjects, want string
		event          schemas.Event
	}{
		"an invalid event":           {sessions, "mic", schemas.New("a", "/xnys", "XNYS", postedAt, &schemas.Clock{MIC: "?"})},
		"subjects of no stream":      {"nothing.>", "no stream keeps both", event},
		"subjects of another stream": {"tweets.>", "no stream keeps both", event},
	} {
		if _, err := publisher.PublishAfter(t.Context(), test.subjects, 0, test.event); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in an error", name, err, test.want)
		}
	}
	if _, _, err := publisher.Last(t.Context(), "nothing.>"); err == nil || !strings.Contains(err.Error(), "no stream keeps this subject") {
		t.Errorf("last on subjects of no stream: got %v", err)
	}
	if _, err := client.JS.Publish(t.Context(), "market.XNYS.session.opened", []byte("no event")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := publisher.Last(t.Context(), sessions); !errors.Is(err, schemas.ErrMalformed) || !strings.Contains(err.Error(), "sequence 1 of MARKET") {
		t.Errorf("last of bytes that are no event: got %v, want where they are", err)
	}
}

// Of many that race for every place, each place goes to one, though the stream
// forgets ids and though what they state differs.
func TestPublishAfterRace(t *testing.T) {
	t.Parallel()
	client, connect := expecting(t)
	const racers, places = 4, 50
	var won atomic.Int64
	var racing sync.WaitGroup
	for racer := range racers {
		publisher := connect()
		racing.Go(func() {
			after := uint64(0)
			for place := 0; place < places; {
				event := sessionEvent(schemas.SessionOpened, postedAt.Add(time.Duration(place)*time.Hour))
				event.ID += fmt.Sprint(":", racer)
				sequence, err := publisher.PublishAfter(t.Context(), sessions, after, event)
				if errors.Is(err, streams.ErrOutpaced) {
					if event, sequence, err = publisher.Last(t.Context(), sessions); err == nil && sequence == after {
						continue
					}
				} else if err == nil {
					won.Add(1)
				}
				if err != nil {
					t.Errorf("place %d: %v", place, err)
					return
				}
				after, place = sequence, 1+int(event.Time.Sub(postedAt)/time.Hour)
			}
		})
	}
	racing.Wait()
	stored := contents(t, client, streams.Market)
	if len(stored) != places || won.Load() != places {
		t.Fatalf("got %d stored and %d that succeeded, want %d", len(stored), won.Load(), places)
	}
	for place, message := range stored {
		event, err := schemas.Decode(message.Data())
		if err != nil || !event.Time.Equal(postedAt.Add(time.Duration(place)*time.Hour)) {
			t.Errorf("place %d: got %s, error %v", place, event.Time, err)
		}
	}
}

// A server that is away is waited for.
func TestPublishAfterWaits(t *testing.T) {
	t.Parallel()
	server := natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false })
	w := newWire(t, server)
	client := w.client(t)
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	after := uint64(0)
	for i := range 20 {
		if i%5 == 0 {
			w.cutAfter(1) // the next answer is lost
		}
		event := sessionEvent(schemas.SessionOpened, postedAt.Add(time.Duration(i)*time.Hour))
		sequence, err := publisher.PublishAfter(t.Context(), sessions, after, event)
		if errors.Is(err, streams.ErrOutpaced) { // stored by the attempt before the cut
			var last schemas.Event
			if last, sequence, err = publisher.Last(t.Context(), sessions); err == nil && last.ID != event.ID {
				t.Fatalf("got outpaced by %s", last.ID)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		after = sequence
	}
	if got := len(contents(t, inProcess(t, server), streams.Market)); got != 20 {
		t.Errorf("got %d stored, want 20", got)
	}
}
