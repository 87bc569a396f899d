package streams_test

import (
	"strconv"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"
	"cashtag/streams/setting"
)

// ingests does what a source's engine does: it reads the settings, follows the
// market, reads its past and publishes with a place.
func ingests(service, subject string, events ...schemas.Event) func(*testing.T, *streams.Client, *streams.Publisher) {
	return func(t *testing.T, client *streams.Client, publisher *streams.Publisher) {
		t.Helper()
		settings, err := setting.Open(t.Context(), client, nil, setting.DefaultConfig("AAPL"))
		if err != nil {
			t.Fatalf("open settings: %v", err)
		}
		defer settings.Close()
		for range 2 { // the second time there is a consumer to take over
			market, err := ingest.FollowMarket(t.Context(), client, service, nil)
			if err != nil {
				t.Fatalf("follow the market: %v", err)
			}
			market.Close()
		}
		for i, event := range events {
			placed := streams.Placed{Event: event, Place: strconv.Itoa(i)}
			must(t, "publish", publisher.PublishPlaced(t.Context(), service, placed))
			must(t, "publish", publisher.Publish(t.Context(), event))
		}
		if place, err := streams.LastPlace(t.Context(), client, streams.StreamOf(subject), service); err != nil || place != "0" {
			t.Errorf("place: got %q, %v, want 0", place, err)
		}
		if ids, err := streams.LastIDs(t.Context(), client, subject, 1); err != nil || len(ids) != 1 || ids[0] != events[0].ID {
			t.Errorf("last ids: got %q, %v, want %s", ids, err, events[0].ID)
		}
	}
}

func bluePost() schemas.Event {
	data := *tweet("blue").Data.(*schemas.Tweet)
	data.Platform, data.PostID = schemas.PlatformBluesky, "did:plc:a/3k"
	return schemas.New(schemas.TweetID(data.Platform, data.PostID), "/test", "AAPL", postedAt, &data)
}

func iexBar() schemas.Event {
	bar := &schemas.Quote{
		Feed: schemas.FeedIEX, Kind: schemas.KindBar, Ticker: "AAPL", Delay: schemas.DelayRealTime, QuotedAt: postedAt,
		Price: 1, Bar: &schemas.Bar{IntervalS: 60, Open: 1, High: 1, Low: 1, Close: 1},
	}
	return schemas.New(schemas.QuoteID(bar), "/test", "AAPL", postedAt, bar)
}

func halts() []schemas.Event {
	symbol := &schemas.Symbol{MIC: schemas.MICXNYS, Ticker: "AAPL", Status: schemas.SymbolHalted, ChangedAt: postedAt}
	session := &schemas.Session{
		MIC: schemas.MICXNYS, State: schemas.SessionHalted, Reason: schemas.ReasonFeed, Date: "2026-03-18",
		OpensAt: postedAt, ClosesAt: postedAt.Add(time.Hour),
	}
	return []schemas.Event{
		schemas.New(schemas.SymbolID(symbol.MIC, symbol.Ticker, symbol.Status, postedAt), "/test", "AAPL", postedAt, symbol),
		schemas.New(schemas.SessionID(session.MIC, session.State, postedAt), "/test", schemas.MICXNYS, postedAt, session),
	}
}
