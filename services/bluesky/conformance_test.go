package bluesky_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"cashtag/embedded/blueskyd"
	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

// vendor is the stand-in as the suite drives it, read by one version.
type vendor struct {
	server  *blueskyd.Server
	version bluesky.Version
}

func (v vendor) Source(t *testing.T, tickers ingest.Tickers, tally ingest.Tally) ingest.Source {
	t.Helper()
	cfg := configFor(v.server)
	cfg.FromOldest = false
	cfg.Now = func() time.Time { return time.Date(2026, 3, 16, 13, 59, 0, 0, time.UTC) }
	cfg.Tickers, cfg.Tally = tickers, tally
	if v.version == bluesky.V1 {
		cfg.V2 = nil
	}
	s, err := bluesky.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (v vendor) Publish(t *testing.T, events ...schemas.Event) {
	t.Helper()
	for _, event := range events {
		noise(t, v.server, 2)
		publish(t, v.server, event)
	}
}

func (v vendor) Cut(*testing.T)    { v.server.Cut() }
func (v vendor) Garble(*testing.T) { v.server.Raw([]byte(`{"text":"$AAPL",,}`)) }
func (v vendor) Refuse(*testing.T) { v.server.Refuse(1_000_000, http.StatusForbidden, 0) }
func (v vendor) Connections() int  { return v.server.Subscribers() }

func TestSource(t *testing.T) {
	for _, version := range []bluesky.Version{bluesky.V2, bluesky.V1} {
		t.Run(fmt.Sprintf("v%d", version), func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Suite{
				Subjects: []string{"tweets.bluesky.>"},
				Tickers:  []string{"AAPL", "AMZN", "MSFT"},
				Event: func(i int, ticker string) schemas.Event {
					did := "did:plc:demoaaaaaaaaaaaaaaaaaaaa"
					at := time.Date(2026, 3, 16, 14, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second)
					tweet := &schemas.Tweet{
						Platform: schemas.PlatformBluesky, PostID: fmt.Sprintf("%s/3%s%06d", did, ticker, i), CreatedAt: at,
						Text: fmt.Sprintf("post %d about $%s", i, ticker), Lang: "en",
						Tickers: []string{ticker}, Cashtags: []string{ticker}, Author: schemas.Author{ID: did},
					}
					id := schemas.DemoPrefix + schemas.TweetID(tweet.Platform, tweet.PostID)
					return schemas.New(id, schemas.SourceDemoBluesky, ticker, at, tweet)
				},
				Open: func(t *testing.T) sourcetest.Vendor {
					t.Helper()
					return vendor{serve(t), version}
				},
			})
		})
	}
}
