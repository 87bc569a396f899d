package demo

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// version changes whenever the day does: a place in the old day means nothing
// in the new one.
const version = "demo-2"

// seed is what everything is drawn from.
const seed = 20260318

// Date is the day that is made up.
var Date = calendar.Date{Year: 2026, Month: time.March, Day: 18}

// Day is the made-up day. It is played like a tape.
type Day struct {
	events []schemas.Event
}

// New makes up the day, which takes a fraction of a second and about 20 MB.
func New() (*Day, error) {
	session, ok := calendar.XNYS().Session(Date)
	if !ok {
		return nil, fmt.Errorf("demo day: no session on %s", Date)
	}
	common := tide(newDice(seed, 0))
	paths := make([]*path, len(roles))
	var events []schemas.Event
	for i, r := range roles {
		paths[i] = walk(newDice(seed, uint64(1+i)), r, session, common)
		events = append(events, paths[i].bars...)
		events = append(events, haltEvents(r, session)...)
	}
	words := newDice(seed, uint64(1+len(roles)))
	posts := &writer{dice: words, session: session, people: crowd(words), paths: paths}
	events = append(events, posts.write()...)
	events = append(events, marketEvents(session)...)
	slices.SortStableFunc(events, func(a, b schemas.Event) int {
		if order := a.Time.Compare(b.Time); order != 0 {
			return order
		}
		return rank(a) - rank(b)
	})
	return &Day{events: events}, nil
}

// Events yields the events of the day, and never an error. They are shared
// between calls: they must not be changed.
func (d *Day) Events() iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for _, event := range d.events {
			if !yield(event, nil) {
				return
			}
		}
	}
}

// Fingerprint tells the day from every tape, and from a day that another
// version made up.
func (d *Day) Fingerprint() string { return version }

// Tickers are the followed tickers, in alphabetical order.
func (d *Day) Tickers() []string {
	tickers := make([]string, len(roles))
	for i, r := range roles {
		tickers[i] = r.ticker
	}
	slices.Sort(tickers)
	return tickers
}

// marketEvents are the opening, the close and a tick each minute, to past the
// last post.
func marketEvents(session calendar.Session) []schemas.Event {
	events := []schemas.Event{session.Opened(), session.Closed()}
	for minute := firstMinute; minute <= lastMinute; minute++ {
		events = append(events, calendar.XNYS().Tick(session.Open.Add(time.Duration(minute)*time.Minute)))
	}
	for i := range events {
		events[i].ID = schemas.DemoPrefix + events[i].ID
		events[i].Source = schemas.SourceDemoXNYS
	}
	return events
}

// rank orders what happens at the same instant, as tapes do.
func rank(event schemas.Event) int {
	switch data := event.Data.(type) {
	case *schemas.Session:
		if data.State == schemas.SessionOpened {
			return 0
		}
		return 4
	case *schemas.Symbol:
		return 1
	case *schemas.Tweet:
		return 2
	case *schemas.Quote:
		return 3
	default:
		return 5
	}
}
