//go:build compose

package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/embedded/blueskyd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startVendors starts stand-ins of what the sources read, with a bar of AAPL, and
// notes the variables that lead there.
func (w *world) startVendors(t *testing.T) {
	t.Helper()
	sky, err := blueskyd.Start(t.Context(), blueskyd.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sky.Close)
	w.sky = sky
	market, err := alpacad.Start(t.Context(), alpacad.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = market.Close() })
	at := time.Date(2026, time.March, 18, 14, 31, 0, 0, time.UTC)
	quote := &schemas.Quote{
		Feed: schemas.FeedIEX, Kind: schemas.KindBar, Ticker: "AAPL", Delay: schemas.DelayRealTime, QuotedAt: at, Price: 100,
		Bar: &schemas.Bar{IntervalS: 60, Open: 100, High: 101, Low: 99, Close: 100, Volume: 7, Trades: 2, VWAP: 100},
	}
	if err := market.Publish(schemas.New(schemas.QuoteID(quote), schemas.SourceIEX, "AAPL", at, quote)); err != nil {
		t.Fatal(err)
	}
	post := &schemas.Tweet{
		Platform: schemas.PlatformBluesky, PostID: "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/3kabc", CreatedAt: at, Text: "$AAPL", Lang: "en",
		Tickers: []string{"AAPL"}, Cashtags: []string{"AAPL"}, Author: schemas.Author{ID: "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"},
	}
	// Starts the clock of what is played.
	if err := sky.Publish(schemas.New(schemas.TweetID(post.Platform, post.PostID), schemas.SourceBluesky, "AAPL", at, post)); err != nil {
		t.Fatal(err)
	}
	w.vendors = map[string]string{
		"X_URL": xdtest.Start(t).URL(), "BLUESKY_URL": sky.URL(), "CBOE_URL": market.URL(),
		"ALPACA_STREAM_URL": market.StreamURL(), "ALPACA_DATA_URL": market.URL(), "ALPACA_TRADING_URL": market.URL(),
	}
}

// writeSecrets writes the files of the compose file's secrets and returns their
// directory.
func writeSecrets(t *testing.T) string {
	t.Helper()
	keys, dir := alpacad.DefaultConfig(), t.TempDir()
	for name, value := range map[string]string{"x_bearer_token": xdtest.Bearer, "apca_api_key_id": keys.Key, "apca_api_secret_key": keys.Secret} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// serving lists the containers that run services.
func (w *world) serving(t *testing.T) []string {
	t.Helper()
	var names []string
	for name, service := range ours(w.project) {
		if servicesOf(service) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) < 10 {
		t.Fatalf("got containers %q, want at least 10 that run services", names)
	}
	return names
}

// goLive starts what a profile asks for, whatever the hour is. Of two that read the
// same quotes the first ends before the second starts.
func (w *world) goLive(t *testing.T, running map[string]*container) {
	t.Helper()
	conn, err := nats.Connect(w.nats.ClientURL(), nats.UserInfo(streams.UserOperator, secrets(t)[streams.PasswordVariable(streams.UserOperator)]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := js.KeyValue(t.Context(), streams.BucketConfig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.PutString(t.Context(), "hours", ingest.HoursAlways); err != nil {
		t.Fatal(err)
	}
	byService := map[string]string{}
	for _, name := range w.serving(t) {
		service := w.project.Services[name]
		if service.Profiles == nil {
			continue
		}
		first := servicesOf(service)[0]
		if other, ok := byService[first]; ok {
			running[other].stop(t)
			delete(running, other)
		}
		byService[first] = name
		c := w.start(t, name)
		running[name] = c
		await(t, name+" is healthy", func() bool { return c.healthy(t) })
		for _, vendor := range []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks} {
			if first == vendor {
				await(t, name+" reads", func() bool {
					if err := w.sky.Noise(10); err != nil {
						t.Fatal(err)
					}
					sources := c.status(t).Sources
					return len(sources) == 1 && sources[0].Name == vendor && sources[0].State == ingest.StateConnected
				})
			}
		}
	}
}

// writeRetrain writes a file of cashtag analysis and returns its directory.
func writeRetrain(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	config := "data:\n  cutoff: \"16:00\"\ntargets: [direction]\nconfigurations:\n  - {name: features, columns: [\"*\"]}\n" +
		"models: [{name: direction, target: direction, configuration: features}]\n"
	if err := os.WriteFile(filepath.Join(dir, "analysis.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
