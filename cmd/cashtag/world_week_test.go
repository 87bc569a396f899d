//go:build !external

package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/services/manager"
	"cashtag/streams"
	"cashtag/streams/flag"
	"cashtag/streams/ingest"
	"cashtag/streams/setting"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

// movedClock runs as a real one does, from where it was moved to.
type movedClock struct {
	mu      sync.Mutex
	to      time.Time
	at      time.Time // by the real one
	changed chan struct{}
}

func newMovedClock(to time.Time) *movedClock {
	return &movedClock{to: to, at: time.Now(), changed: make(chan struct{})}
}

func (c *movedClock) move(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to, c.at = to, time.Now()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Now implements manager.Clock.
func (c *movedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.to.Add(time.Since(c.at)).UTC()
}

// Until implements manager.Clock.
func (c *movedClock) Until(ctx context.Context, t time.Time) error {
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		left := t.Sub(c.Now())
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// moment is one of the week, in the order of the week.
type moment struct {
	name  string
	at    string // New York time
	flag  string // what the flag market is set to, "" for nothing
	hours string // what the setting hours is set to, "" for nothing
	// open says whether every source is connected from here on.
	open bool
	// states what the manager says then, "" for nothing.
	states string
}

// thanksgiving is the week of 2026 whose Thursday is a holiday and whose Friday
// ends early.
var thanksgiving = []moment{
	{name: "Monday's opening", at: "2026-11-23 09:30", open: true, states: schemas.SessionOpened},
	{name: "Monday noon", at: "2026-11-23 12:00", open: true},
	{name: "Monday's close", at: "2026-11-23 16:00", states: schemas.SessionClosed},
	{name: "Monday night", at: "2026-11-23 21:00"},
	{name: "Tuesday before hours", at: "2026-11-24 04:00"},
	{name: "Tuesday's opening", at: "2026-11-24 09:30", open: true, states: schemas.SessionOpened},
	{name: "closed by hand", at: "2026-11-24 11:00", flag: flag.MarketClosed, states: schemas.SessionClosed},
	{name: "still closed by hand", at: "2026-11-24 13:30"},
	{name: "left to the calendar", at: "2026-11-24 14:00", flag: flag.MarketAuto, open: true, states: schemas.SessionOpened},
	{name: "Tuesday's close", at: "2026-11-24 16:00", states: schemas.SessionClosed},
	{name: "extended hours are set", at: "2026-11-25 02:00", hours: ingest.HoursExtended},
	{name: "Wednesday before hours", at: "2026-11-25 04:00", open: true},
	{name: "Wednesday's opening", at: "2026-11-25 09:30", open: true, states: schemas.SessionOpened},
	{name: "Wednesday's close", at: "2026-11-25 16:00", open: true, states: schemas.SessionClosed},
	{name: "Wednesday after hours", at: "2026-11-25 20:00"},
	{name: "hours are the session's again", at: "2026-11-25 22:00", hours: ingest.HoursSession},
	{name: "Thanksgiving", at: "2026-11-26 09:30"},
	{name: "opened by hand", at: "2026-11-26 10:00", flag: flag.MarketOpen, open: true, states: schemas.SessionOpened},
	{name: "left to the calendar on a holiday", at: "2026-11-26 11:00", flag: flag.MarketAuto, states: schemas.SessionClosed},
	{name: "a holiday's close", at: "2026-11-26 16:00"},
	{name: "Friday's opening", at: "2026-11-27 09:30", open: true, states: schemas.SessionOpened},
	{name: "Friday's early close", at: "2026-11-27 13:00", states: schemas.SessionEarlyClose},
	{name: "Friday's usual close", at: "2026-11-27 16:00"},
	{name: "Saturday", at: "2026-11-28 09:30"},
}

func (m moment) time(t *testing.T) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", m.at, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// Bounds of what follows a moment, in the world's time.
const (
	stateWithin   = time.Second
	connectWithin = 2 * time.Second
	lead          = 200 * time.Millisecond // of the clock before a moment
)

// week is a market, its manager and the sources, by a clock that is moved.
type week struct {
	t      *testing.T
	server *streamstest.Server
	market *market
	world  *runningWorld
	clock  *movedClock
	said   []schemas.Event // by the vendors
	number int
	over   bool             // no source opens again
	models [3]schemas.Event // a post of X, one of Bluesky and a bar

	mu   sync.Mutex
	seen map[string][]sighting // by source
}

// sighting is a source that came or went, as the vendor sees it.
type sighting struct {
	up bool
	at time.Time
}

// TestWeek takes the manager and all sources through a week with a holiday, an early
// close, overrides and a day of extended hours. Each source is connected when it is
// to be and at no other time, each transition is stated once, and each post stored
// once.
func TestWeek(t *testing.T) {
	t.Parallel()
	w := startWeek(t)
	for _, moment := range thanksgiving {
		w.live(moment)
	}
	w.checkSightings()
	w.checkTransitions()
	missed := w.say() // nobody listens any more
	w.world.end()
	want := encodedDay(t, seq(w.said[:len(w.said)-len(missed)]))
	checkStream(t, w.server.Client.JS, streams.Tweets, want[streams.Tweets])
	checkStream(t, w.server.Client.JS, streams.Quotes, want[streams.Quotes])
}

func startWeek(t *testing.T) *week {
	t.Helper()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &week{t: t, server: streamstest.Start(t), seen: map[string][]sighting{}, models: modelsOf(t, day)}
	w.clock = newMovedClock(thanksgiving[0].time(t).Add(-time.Hour))
	if w.market, err = newMarket(day); err != nil {
		t.Fatal(err)
	}
	all := w.market.configs(slog.New(slog.DiscardHandler))
	all.x.Now, all.alpaca.Now = w.clock.Now, w.clock.Now
	if err := w.market.start(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.market.close)
	ends := w.market.ends()
	ends.twitter.SearchLag = 5 * time.Millisecond
	ends.twitter.Now, ends.stocks.Now, ends.clock = w.clock.Now, w.clock.Now, w.clock
	ends.manager = manager.DefaultConfig()
	ends.manager.Source, ends.hours = schemas.SourceDemoXNYS, ingest.HoursSession
	watching, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() { defer close(watched); w.watch(watching) }()
	t.Cleanup(func() { stop(); <-watched })
	w.world = startWorld(t, w.server, w.market, ends, nil, t.TempDir())
	return w
}

// modelsOf are a post of X, one of Bluesky and a bar that speak of nothing else.
func modelsOf(t *testing.T, day *demo.Day) (models [3]schemas.Event) {
	t.Helper()
	for event, err := range day.Events() {
		if err != nil {
			t.Fatal(err)
		}
		switch data := event.Data.(type) {
		case *schemas.Tweet:
			if data.RepostOf+data.ReplyTo+data.QuoteOf == "" {
				models[map[string]int{schemas.PlatformX: 0, schemas.PlatformBluesky: 1}[data.Platform]] = event
			}
		case *schemas.Quote:
			models[2] = event
		}
	}
	return models
}

// up is whether each vendor has a listener.
func (w *week) up() map[string]bool {
	return map[string]bool{
		streams.ServiceTwitter: w.market.x.Connections() > 0,
		streams.ServiceBluesky: w.market.skyListeners() > 0,
		streams.ServiceStocks:  w.market.alpaca.Listeners() > 0,
	}
}

// watch notes who comes and goes.
func (w *week) watch(ctx context.Context) {
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	before := map[string]bool{}
	for {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return
		}
		now := w.up()
		for name, up := range now {
			if up != before[name] {
				w.mu.Lock()
				w.seen[name] = append(w.seen[name], sighting{up, w.clock.Now()})
				w.mu.Unlock()
			}
		}
		before = now
	}
}

// all reports whether every source was last seen connected, or none.
func (w *week) all(connected bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, seen := range w.seen {
		if seen[len(seen)-1].up {
			n++
		}
	}
	return n == map[bool]int{true: len(w.up())}[connected]
}

func (w *week) until(what string, yes func() bool) {
	w.t.Helper()
	if !until(w.t, what, yes) {
		w.t.FailNow()
	}
}

// live lets a moment come, and what the vendors say at it.
func (w *week) live(m moment) {
	w.t.Helper()
	at := m.time(w.t)
	w.clock.move(at.Add(-lead))
	if err := w.clock.Until(w.t.Context(), at); err != nil {
		w.t.Fatal(err)
	}
	if m.flag != "" {
		w.put(streams.BucketFlags, flag.Market, m.flag)
	}
	if m.hours != "" {
		w.put(streams.BucketConfig, setting.KeyHours, m.hours)
	}
	if err := w.world.sources.manager.Caught(w.t.Context(), at); err != nil {
		w.t.Fatal(err)
	}
	w.until(m.name, func() bool { return w.all(m.open) })
	if m.states == schemas.SessionEarlyClose { // nobody will listen again
		w.until("all is stored", func() bool { return w.stored() == len(w.said) })
		w.over = true
	}
	if w.over {
		return
	}
	w.say()
	if m.open {
		w.until(m.name+" is stored", func() bool { return w.stored() == len(w.said) })
	}
}

func (w *week) put(bucket, key, value string) {
	w.t.Helper()
	kv, err := w.server.Client.JS.KeyValue(w.t.Context(), bucket)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := kv.PutString(w.t.Context(), key, value); err != nil {
		w.t.Fatal(err)
	}
}

// say has each vendor say something now, and returns it.
func (w *week) say() []schemas.Event {
	w.t.Helper()
	now := w.clock.Now().Truncate(time.Millisecond)
	var said []schemas.Event
	for range 3 {
		w.number++
		said = append(said, w.post(0, fmt.Sprintf("%06d", w.number), now), w.post(1, "", now))
	}
	bar := *w.models[2].Data.(*schemas.Quote)
	bar.QuotedAt = now.Truncate(time.Minute)
	said = append(said, schemas.New(schemas.DemoPrefix+schemas.QuoteID(&bar), schemas.SourceDemoIEX, bar.Ticker, bar.QuotedAt, &bar))
	for _, event := range said {
		publish := w.market.alpaca.Publish
		if tweet, ok := event.Data.(*schemas.Tweet); ok {
			publish = map[string]func(...schemas.Event) error{schemas.PlatformX: w.market.x.Publish, schemas.PlatformBluesky: w.market.sky}[tweet.Platform]
		}
		if err := publish(event); err != nil {
			w.t.Fatal(err)
		}
	}
	w.said = append(w.said, said...)
	return said
}

func (w *week) post(model int, id string, at time.Time) schemas.Event {
	tweet := *w.models[model].Data.(*schemas.Tweet)
	if id == "" {
		id = fmt.Sprintf("%s/3%012d", tweet.Author.ID, w.number)
	}
	tweet.PostID, tweet.CreatedAt = id, at
	source := w.models[model].Source
	return schemas.New(schemas.DemoPrefix+schemas.TweetID(tweet.Platform, id), source, tweet.Tickers[0], at, &tweet)
}

// stored is how many events of the vendors the streams hold.
func (w *week) stored() int {
	w.t.Helper()
	n := 0
	for _, name := range []string{streams.Tweets, streams.Quotes} {
		stream, err := w.server.Client.JS.Stream(w.t.Context(), name)
		if err != nil {
			w.t.Fatal(err)
		}
		n += int(stream.CachedInfo().State.Msgs)
	}
	return n
}

// checkSightings wants each source to have come and gone with the market, each
// time within connectWithin, and at no other time.
func (w *week) checkSightings() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, seen := range w.seen {
		open := false
		for _, m := range thanksgiving {
			if m.open == open {
				continue
			}
			open = m.open
			if len(seen) == 0 {
				w.t.Errorf("%s: %s: nothing was seen, want connected %t", name, m.name, open)
				break
			}
			late := seen[0].at.Sub(m.time(w.t))
			if seen[0].up != open || late < 0 || late > connectWithin {
				w.t.Errorf("%s: %s: got connected %t after %s, want %t within %s", name, m.name, seen[0].up, late, open, connectWithin)
			}
			seen = seen[1:]
		}
		if len(seen) > 0 {
			w.t.Errorf("%s came or went %d times more than the market, first at %s", name, len(seen), seen[0].at)
		}
	}
	if len(w.seen) != 3 {
		w.t.Errorf("got %d sources, want 3", len(w.seen))
	}
}

// checkTransitions wants the session events of the week, in order and once each.
func (w *week) checkTransitions() {
	w.t.Helper()
	consumer, err := w.server.Client.JS.OrderedConsumer(w.t.Context(), streams.Market, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{"market." + schemas.MICXNYS + ".session.>"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	want := slices.DeleteFunc(slices.Clone(thanksgiving), func(m moment) bool { return m.states == "" })
	want = append([]moment{{name: "the close before", at: "2026-11-20 16:00", states: schemas.SessionClosed}}, want...)
	for _, m := range want {
		message, err := consumer.Next(jetstream.FetchMaxWait(time.Second))
		if err != nil {
			w.t.Fatalf("%s: %v, want it stated", m.name, err)
		}
		event, err := schemas.Decode(message.Data())
		if err != nil {
			w.t.Fatal(err)
		}
		late := event.Time.Sub(m.time(w.t))
		if got := event.Data.(*schemas.Session).State; got != m.states || late < 0 || late > stateWithin || m.flag == "" && late != 0 {
			w.t.Errorf("%s: got %s after %s, want %s", m.name, got, late, m.states)
		}
	}
	if message, err := consumer.Next(jetstream.FetchMaxWait(50 * time.Millisecond)); err == nil {
		w.t.Errorf("got %s more, want nothing", message.Subject())
	}
}

func seq(events []schemas.Event) iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for _, event := range events {
			if !yield(event, nil) {
				return
			}
		}
	}
}
