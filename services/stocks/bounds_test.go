package stocks_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
)

// TestBarOfTheFuture keeps the bar, and the cursor where it can be.
func TestBarOfTheFuture(t *testing.T) {
	r := start(t, follow("AAPL"), nil)
	r.subscribed("AAPL")
	r.publish(bar("AAPL", 300))
	r.take(bar("AAPL", 300).ID)
	r.publish(bar("AAPL", 1))
	r.take(bar("AAPL", 1).ID)
	if got, want := r.cursor(), bar("AAPL", 1).Time.Format(time.RFC3339); got > want {
		t.Errorf("cursor: got %s, want at most %s", got, want)
	}
}

// TestManyBytesPass sends more than may wait at once.
func TestManyBytesPass(t *testing.T) {
	r := start(t, follow("AAPL"), nil)
	r.subscribed("AAPL")
	large := []byte("[" + strings.Repeat(" ", 1<<20-2) + "]")
	for range 20 {
		r.server.Garble(large)
	}
	var sent []schemas.Event
	for id := range 3 { // of which a snapshot may know one
		sent = append(sent, event(&schemas.Quote{
			Feed: schemas.FeedIEX, Kind: schemas.KindTrade, Ticker: "AAPL", Delay: schemas.DelayRealTime, QuotedAt: opening, Price: 10,
			Trade: &schemas.Trade{ID: strconv.Itoa(id), Size: 1},
		}))
	}
	r.publish(sent...)
	r.take(idsOf(sent)...)
	if got := strings.Count(r.logs.String(), "level=WARN"); got > 0 {
		t.Errorf("got %d warnings:\n%s", got, r.logs)
	}
}
