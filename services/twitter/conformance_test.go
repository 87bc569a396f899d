package twitter_test

import (
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

// firstPost is when the first post of tests is written.
var firstPost = time.Date(2026, 3, 16, 14, 0, 0, 0, time.UTC)

// numbered is the i-th post, about a ticker, with an id as X makes them.
func numbered(i int, ticker string) schemas.Event {
	at := firstPost.Add(time.Duration(i) * time.Second)
	tweet := &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: strconv.FormatInt((at.UnixMilli()-1288834974657)<<22, 10), CreatedAt: at,
		Text: fmt.Sprintf("post %d about $%s", i, ticker), Lang: "en",
		Tickers: []string{ticker}, Cashtags: []string{ticker}, Author: schemas.Author{ID: "7"},
	}
	return schemas.New(schemas.TweetID(tweet.Platform, tweet.PostID), schemas.SourceX, ticker, at, tweet)
}

// vendor is the stand-in as the suite drives it.
type vendor struct{ server *xd.Server }

func (v vendor) Source(t *testing.T, tickers ingest.Tickers, tally ingest.Tally) ingest.Source {
	t.Helper()
	config := hasty(v.server)
	config.Now = func() time.Time { return firstPost }
	source, err := twitter.New(config, tickers, tally, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func (v vendor) Publish(t *testing.T, events ...schemas.Event) {
	t.Helper()
	if err := v.server.Publish(events...); err != nil {
		t.Fatal(err)
	}
}

func (v vendor) Cut(*testing.T)    { v.server.Cut() }
func (v vendor) Garble(*testing.T) { v.server.Send([]byte(`{"data":{"id":"1","text":"$AAPL",,}}`)) }
func (v vendor) Refuse(*testing.T) { v.server.Revoke() }
func (v vendor) Connections() int  { return v.server.Connections() }

func TestSource(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Suite{
		Subjects: []string{"tweets.x.>"},
		Tickers:  []string{"AAPL", "AMZN", "MSFT"},
		Event:    numbered,
		Open: func(t *testing.T) sourcetest.Vendor {
			t.Helper()
			return vendor{xdtest.Start(t)}
		},
	})
}
