//go:build !external

package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/api"
	"cashtag/streams"
	"cashtag/streams/ingest"

	"github.com/nats-io/nats.go"
)

// liveServices are those that a live run of these tests has beside manager and
// counts.
const liveServices = "twitter,bluesky,stocks,sentiment,kinesis"

// live starts `cashtag up --live` with the flags, and has its sources read whatever
// the hour is.
func live(t *testing.T, flags, env map[string]string) (p *process, statusURL string) {
	t.Helper()
	for name, value := range env {
		t.Setenv(name, value)
	}
	args := upArgs(t, filepath.Join(t.TempDir(), "data"), "--live", "--json", "--only", liveServices, "--tickers", "AAPL,MSFT")
	for name, value := range flags {
		args = append(args, name, value)
	}
	p = startProcess(t, args...)
	statusURL = "http://127.0.0.1:" + p.httpPort() + "/status"
	await(t, "the market's state", func() bool { return messagesAt(t, statusURL, streams.Market) > 0 })
	client := p.operator(t)
	bucket, err := client.JS.KeyValue(t.Context(), streams.BucketConfig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.PutString(t.Context(), "hours", ingest.HoursAlways); err != nil {
		t.Fatal(err)
	}
	return p, statusURL
}

// operator connects as people do.
func (p *process) operator(t *testing.T) *streams.Client {
	t.Helper()
	conn, err := nats.Connect(p.natsURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	client, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (p *process) natsURL() string {
	i := slices.Index(p.cmd.Args, "--nats-port")
	return "nats://127.0.0.1:" + p.cmd.Args[i+1]
}

// interrupt ends the program as Ctrl-C does, and returns its last figures.
func (p *process) interrupt(t *testing.T) figures {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != exitDone {
		t.Errorf("exit code %d, want %d", code, exitDone)
	}
	var got figures
	if err := json.Unmarshal(p.stdout.Bytes(), &got); err != nil {
		t.Fatalf("standard output is no JSON object: %v\n%s", err, p.stdout.String())
	}
	return got
}

// sourcesAt asks a running program where its sources stand.
func sourcesAt(t *testing.T, url string) map[string]api.Source {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	var status api.Status
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil {
		return nil
	}
	all := make(map[string]api.Source)
	for _, source := range status.Sources {
		all[source.Name] = source
	}
	return all
}

// livePost is a post of now.
func livePost(platform, source, postID, author string, at time.Time) schemas.Event {
	return schemas.New(schemas.TweetID(platform, postID), source, "AAPL", at, &schemas.Tweet{
		Platform: platform, PostID: postID, CreatedAt: at, Text: "a good day to hold $AAPL", Lang: "en",
		Tickers: []string{"AAPL"}, Cashtags: []string{"AAPL"}, Author: schemas.Author{ID: author},
	})
}

// TestLive reads all vendors by their wire formats, with nothing of a tape, and
// ends with everything stored.
func TestLive(t *testing.T) {
	v := startVendors(t)
	p, url := live(t, v.flags, v.env)
	await(t, "every source listens", func() bool {
		return v.x.Connections() == 1 && v.sky.Subscribers() > 0 && v.market.Listeners() > 0
	})
	if err := v.market.Subscribed(t.Context(), "AAPL", "MSFT"); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	posts := []schemas.Event{
		livePost(schemas.PlatformX, schemas.SourceX, strconv.FormatInt((now.UnixMilli()-1288834974657)<<22, 10), "2244994945", now),
		livePost(schemas.PlatformBluesky, schemas.SourceBluesky, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/3kabc", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", now),
	}
	bar := minuteBar(now.Truncate(time.Minute))
	if err := v.x.Publish(posts[0]); err != nil {
		t.Fatal(err)
	}
	if err := v.sky.Publish(posts[1]); err != nil {
		t.Fatal(err)
	}
	if err := v.market.Publish(bar); err != nil {
		t.Fatal(err)
	}
	client := p.operator(t)
	for _, event := range append(posts, bar) {
		await(t, event.ID+" is stored", func() bool { return holds(t, client, event) })
	}
	for name, source := range sourcesAt(t, url) {
		if source.State != ingest.StateConnected || source.Error != "" {
			t.Errorf("%s: got %+v, want it connected", name, source)
		}
	}
	await(t, "the scores of the posts", func() bool { return messagesAt(t, url, streams.Sentiment) == 2 })
	got := p.interrupt(t)
	for key, want := range map[string]uint64{"sentiment/TWEETS": 2, "kinesis/TWEETS": 2} {
		if at := got.Consumers[key]; at.Stored != want || at.Pending != 0 || at.Buried != 0 {
			t.Errorf("%s: got %+v, want %d stored and nothing else", key, at, want)
		}
	}
	if at := got.Consumers["kinesis/QUOTES"]; at.Stored == 0 || at.Pending != 0 || at.Stored != got.Streams[streams.Quotes].Messages {
		t.Errorf("kinesis/QUOTES: got %+v of %+v, want all stored", at, got.Streams[streams.Quotes])
	}
	for name, value := range v.env {
		if strings.Contains(p.stdout.String()+p.stderr.String(), value) {
			t.Errorf("the value of %s is in the output", name)
		}
	}
}

// holds reports whether the newest message on an event's subject is the event, byte
// for byte.
func holds(t *testing.T, client *streams.Client, event schemas.Event) bool {
	t.Helper()
	subject, err := streams.Subject(event)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.JS.Stream(t.Context(), streams.StreamOf(subject))
	if err != nil {
		t.Fatal(err)
	}
	message, err := stream.GetLastMsgForSubject(t.Context(), subject)
	if err != nil {
		return false
	}
	stored, err := schemas.Decode(message.Data)
	return err == nil && stored.ID == event.ID && stored.Source == event.Source && stored.Time.Equal(event.Time)
}

// TestLiveWithoutANetwork starts where no vendor can be reached, says so in a line
// each, and tries again.
func TestLiveWithoutANetwork(t *testing.T) {
	flags := map[string]string{"--x-url": "http://" + nobody, "--bluesky-url": "ws://" + nobody, "--cboe-url": "http://" + nobody}
	p, url := live(t, flags, map[string]string{"X_BEARER_TOKEN": "hunter2", "APCA_API_KEY_ID": "", "APCA_API_SECRET_KEY": ""})
	names := []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks}
	await(t, "every source has tried", func() bool {
		all := sourcesAt(t, url)
		return len(all) == len(names) && !slices.ContainsFunc(slices.Collect(maps.Values(all)), func(s api.Source) bool { return s.Error == "" })
	})
	for name, source := range sourcesAt(t, url) {
		if source.State == ingest.StateConnected || source.State == ingest.StateEnded || !strings.Contains(source.Error, "connection refused") {
			t.Errorf("%s: got %+v, want it to try again, and why", name, source)
		}
	}
	cluster := &cluster{url: p.natsURL()}
	await(t, "cashtag status to show it", func() bool {
		out := cluster.cashtag(t, "status").out
		return !slices.ContainsFunc(names, func(name string) bool { return !strings.Contains(out, "\n"+name+" ") })
	})
	if row := strings.Join(cluster.cashtag(t, "status").row(t, streams.ServiceStocks), " "); !strings.Contains(row, "retrying") || !strings.Contains(row, "connection refused") {
		t.Errorf("cashtag status: got %q, want that it is retrying, and why", row)
	}
	if got := p.interrupt(t); got.Streams[streams.Tweets].Messages != 0 {
		t.Errorf("got %+v, want no posts", got.Streams[streams.Tweets])
	}
	said := p.stderr.String()
	for _, name := range []string{"x", "bluesky", "cboe"} {
		if strings.Count(said, "Cashtag: "+name+" cannot be read now, and is tried again while its hours last: connect: "+nobody) != 1 {
			t.Errorf("%s: got no line about it in\n%s", name, said)
		}
	}
	if strings.Contains(said, "hunter2") {
		t.Error("the token is in the output")
	}
}

// TestLiveRefused holds a mistake in the secrets against the user before anything
// starts.
func TestLiveRefused(t *testing.T) {
	v := startVendors(t)
	tests := []struct {
		name, variable, value, want string
	}{
		{"a wrong token of X", "X_BEARER_TOKEN", "hunter2", "x: GET /2/tweets/search/stream/rules: X answered 401"},
		{"a wrong key of Alpaca", "APCA_API_SECRET_KEY", "hunter2", "alpaca: "},
		{"a key without its secret", "APCA_API_SECRET_KEY", "", "APCA_API_KEY_ID is set without APCA_API_SECRET_KEY"},
		{"a token that is none", "X_BEARER_TOKEN", "Bearer hunter2", "bearer token"},
		{"a file that is not there", "X_BEARER_TOKEN_FILE", "/nowhere/hunter2", "both X_BEARER_TOKEN and X_BEARER_TOKEN_FILE are set"},
	}
	flags := make([]string, 0, 2*len(v.flags))
	for name, value := range v.flags {
		flags = append(flags, name, value)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range v.env {
				t.Setenv(name, value)
			}
			t.Setenv(test.variable, test.value)
			dir := filepath.Join(t.TempDir(), "data")
			c := bareCluster(t)
			for _, args := range [][]string{
				{"up", "--live", "--data", dir},
				{"run", "twitter", "stocks", "--http", ""},
			} {
				interrupts := make(chan os.Signal, 1)
				late := time.AfterFunc(20*time.Second, func() { interrupts <- os.Interrupt }) // it runs, as it should not
				ended := c.piped(t, strings.NewReader(""), interrupts, append(args, flags...)...)
				late.Stop()
				ended.want(t, exitUsage, test.want)
				if strings.Contains(ended.err+ended.out, "hunter2") || ended.out != "" {
					t.Errorf("%s: got %q and %q, want nothing started and no secret", args[0], ended.out, ended.err)
				}
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("got a data directory, want nothing started")
			}
		})
	}
}
