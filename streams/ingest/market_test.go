package ingest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

// tuesday is a trading day in March, when New York is four hours behind.
var tuesday = time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC)

func session(t *testing.T, state string, at time.Time) schemas.Event {
	t.Helper()
	s, ok := calendar.XNYS().Session(calendar.DateOf(at))
	if !ok {
		t.Fatalf("%s is no trading day", at)
	}
	event := s.Opened()
	data := *event.Data.(*schemas.Session)
	data.State = state
	return schemas.New(schemas.SessionID(schemas.MICXNYS, state, at), schemas.SourceXNYS, schemas.MICXNYS, at, &data)
}

func (r *rig) publish(t *testing.T, events ...schemas.Event) {
	t.Helper()
	if err := r.publisher.Publish(t.Context(), events...); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func (r *rig) follow(t *testing.T) *ingest.Market {
	t.Helper()
	market, err := ingest.FollowMarket(t.Context(), r.client, "test", r.log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(market.Close)
	return market
}

// followed waits until the market knows all that is stored.
func (r *rig) followed(t *testing.T, market *ingest.Market) {
	t.Helper()
	stream, err := r.client.JS.Stream(t.Context(), streams.Market)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), streamstest.Patience)
	defer cancel()
	if err := market.Wait(ctx, stream.CachedInfo().State.LastSeq); err != nil {
		t.Fatalf("market stands at %d: %v", market.Seen(), err)
	}
}

func TestMarketFollows(t *testing.T) {
	r := newRig(t)
	xnys := calendar.XNYS()
	market := r.follow(t)
	if market.On() || market.Extended() || !market.Now().IsZero() || market.Seen() != 0 {
		t.Error("an empty stream: got something, want a closed market")
	}
	for _, step := range []struct {
		name           string
		event          schemas.Event
		open, extended bool
	}{
		{"a clock alone, at night", xnys.Tick(tuesday.Add(7*time.Hour + 59*time.Minute)), false, false},
		{"04:00", xnys.Tick(tuesday.Add(8 * time.Hour)), false, true},
		{"a clock alone, open", xnys.Tick(tuesday.Add(13*time.Hour + 30*time.Minute)), true, true},
		{"opened", session(t, schemas.SessionOpened, tuesday.Add(13*time.Hour+30*time.Minute)), true, true},
		{"halted", session(t, schemas.SessionHalted, tuesday.Add(14*time.Hour)), true, true},
		{"resumed", session(t, schemas.SessionResumed, tuesday.Add(15*time.Hour)), true, true},
		{"closed", session(t, schemas.SessionClosed, tuesday.Add(20*time.Hour)), false, true},
		{"19:59", xnys.Tick(tuesday.Add(23*time.Hour + 59*time.Minute)), false, true},
		{"20:00", xnys.Tick(tuesday.Add(24 * time.Hour)), false, false},
		{"opened by hand at night", session(t, schemas.SessionOpened, tuesday.Add(24*time.Hour)), true, true},
		{"a clock that says otherwise", xnys.Tick(tuesday.Add(24*time.Hour + time.Minute)), true, true},
		{"closed early", session(t, schemas.SessionEarlyClose, tuesday.Add(25*time.Hour)), false, false},
		{"noon of a Saturday", xnys.Tick(tuesday.Add(4*24*time.Hour + 16*time.Hour)), false, false},
	} {
		changed := market.Changed()
		open, extended := market.On(), market.Extended()
		r.publish(t, step.event)
		r.followed(t, market)
		if market.On() != step.open || market.Extended() != step.extended {
			t.Errorf("%s: got open %t, extended %t, want %t, %t", step.name, market.On(), market.Extended(), step.open, step.extended)
		}
		select {
		case <-changed:
		default:
			if open != step.open || extended != step.extended {
				t.Errorf("%s: the change was not told", step.name)
			}
		}
		if step.event.Type == schemas.TypeClock && !market.Now().Equal(step.event.Time) {
			t.Errorf("%s: clock shows %s, want %s", step.name, market.Now(), step.event.Time)
		}
	}
	market.Close()
	again := r.follow(t)
	if again.On() || again.Extended() || again.Seen() != market.Seen() || !again.Now().Equal(market.Now()) {
		t.Errorf("followed anew: got open %t at %d, want as it was", again.On(), again.Seen())
	}
}

// The reader goes on after the server forgot it.
func TestMarketSurvivesBeingForgotten(t *testing.T) {
	r := newRig(t)
	market := r.follow(t)
	if err := r.client.JS.DeleteConsumer(t.Context(), streams.Market, "test"); err != nil {
		t.Fatal(err)
	}
	r.publish(t, session(t, schemas.SessionOpened, tuesday.Add(14*time.Hour)))
	streamstest.Eventually(t, "the opening", market.On)
}

// What somebody else was given is noticed by the next delivery, and read again.
func TestMarketNoticesAGap(t *testing.T) {
	r := newRig(t)
	market := r.follow(t)
	consumer, err := r.client.JS.Consumer(t.Context(), streams.Market, "test")
	if err != nil {
		t.Fatal(err)
	}
	steal := func(events ...schemas.Event) string {
		t.Helper()
		rival, err := consumer.Fetch(1, jetstream.FetchMaxWait(streamstest.Patience))
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			r.publish(t, event)
		}
		message, ok := <-rival.Messages()
		if !ok {
			t.Fatalf("the rival got nothing: %v", rival.Error())
		}
		return message.Subject()
	}
	at := tuesday.Add(14 * time.Hour)
	tick := func() schemas.Event {
		at = at.Add(time.Minute)
		return calendar.XNYS().Tick(at)
	}
	r.publish(t, session(t, schemas.SessionClosed, at)) // or the clock alone would tell
	r.followed(t, market)
	for steal(tick(), session(t, schemas.SessionOpened, at)) != "market.XNYS.session.opened" {
		r.publish(t, session(t, schemas.SessionClosed, at.Add(time.Second)), tick())
		r.followed(t, market)
	}
	r.publish(t, tick())
	r.followed(t, market)
	if !market.On() {
		t.Error("got a closed market, want what the rival was given read again")
	}
}

func TestMarketWithoutAStream(t *testing.T) {
	r := newRig(t)
	if err := r.client.JS.DeleteStream(t.Context(), streams.Market); err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.FollowMarket(t.Context(), r.client, "test", nil); err == nil {
		t.Error("got a market, want an error")
	}
	market := &ingest.Market{}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := market.Wait(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: got %v, want %v", err, context.Canceled)
	}
}

// word is ingest.Hours that a test sets by hand.
type word struct {
	*streamstest.Switch

	value atomic.Value
}

func hoursOf(value string) *word {
	w := &word{Switch: streamstest.NewSwitch(true)}
	w.value.Store(value)
	return w
}

func (w *word) Value() string { return w.value.Load().(string) }

func (w *word) set(value string) {
	w.value.Store(value)
	w.Set(true)
}

func TestGates(t *testing.T) {
	r := newRig(t)
	market := r.follow(t)
	flag, hours := streamstest.NewSwitch(false), hoursOf(ingest.HoursSession)
	source := newScript(answer{posts(0), "c1", nil}, answer{posts(1), "c2", errBroken})
	cfg := config()
	cfg.MinBackoff, cfg.MaxBackoff = time.Hour, time.Hour // a pause that only a gate ends
	run := r.start(t, source, ingest.Gates{Flag: flag, Hours: hours, Market: market}, cfg)
	state := func(want string) {
		t.Helper()
		streamstest.Eventually(t, want, func() bool { return run.Stats().State == want })
	}
	closed := func(want int) {
		t.Helper()
		if _, got := source.calls(); got != want {
			t.Errorf("closed: got %d times, want %d", got, want)
		}
	}
	state(ingest.StateOff)
	flag.Set(true)
	state(ingest.StateClosed)
	if cursors, _ := source.calls(); len(cursors) != 0 {
		t.Errorf("asked %d times behind closed gates", len(cursors))
	}
	r.publish(t, session(t, schemas.SessionOpened, tuesday.Add(14*time.Hour)))
	state(ingest.StateRetrying) // in its long pause
	r.publish(t, session(t, schemas.SessionClosed, tuesday.Add(20*time.Hour)))
	state(ingest.StateClosed)
	closed(1)
	r.publish(t, session(t, schemas.SessionOpened, tuesday.Add(38*time.Hour)))
	state(ingest.StateWaiting)
	flag.Set(false)
	state(ingest.StateOff)
	closed(2)
	r.publish(t, session(t, schemas.SessionClosed, tuesday.Add(44*time.Hour)))
	r.followed(t, market)
	flag.Set(true)
	state(ingest.StateClosed)
	r.publish(t, calendar.XNYS().Tick(tuesday.Add(44*time.Hour)))
	hours.set(ingest.HoursExtended)
	state(ingest.StateWaiting)
	r.publish(t, calendar.XNYS().Tick(tuesday.Add(48*time.Hour)))
	state(ingest.StateClosed)
	hours.set(ingest.HoursAlways)
	state(ingest.StateWaiting)
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	closed(4)
	cursors, _ := source.calls()
	check(t, "cursors", cursors, []string{"", "c1", "c2", "c2", "c2"})
}
