package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/flag"

	"github.com/oklog/ulid/v2"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.publish(t, sinktest.Tweet(1), sinktest.Tweet(2))
	c.put(t, "mongo", "off")

	table := c.cashtag(t, "status")
	table.want(t, exitDone, "")
	if got := table.row(t, "TWEETS"); got[1] != "2" || got[6]+" "+got[7] != timeText(sinktest.Tweet(2).Time) {
		t.Errorf("got %v, want 2 events and the last event's time %s", got, timeText(sinktest.Tweet(2).Time))
	}
	if got := table.row(t, "QUOTES"); got[1] != "0" || got[6] != "-" || got[7] != "-" {
		t.Errorf("got %v, want 0 events and no times", got)
	}
	if got, want := table.row(t, "mongo/TWEETS")[1:], []string{"0", "2", "0", "0", "0", "off"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, consumer := range streams.Consumers() {
		if consumer.Service == consumer.Owner() {
			table.row(t, consumer.Key())
		} else if strings.Contains(table.out, consumer.Key()) {
			t.Errorf("got %s, which never ran and which nobody chose", consumer.Key())
		}
	}

	object := c.cashtag(t, "status", "--json")
	object.want(t, exitDone, "")
	var status struct {
		Streams map[string]struct {
			Messages    uint64     `json:"messages"`
			Bytes       uint64     `json:"bytes"`
			LastEventAt *time.Time `json:"last_event_at"`
		} `json:"streams"`
		Consumers map[string]struct {
			Pending *uint64 `json:"pending"`
			Buried  *uint64 `json:"buried"`
			Flag    string  `json:"flag"`
		} `json:"consumers"`
		Flags map[string]string `json:"flags"`
	}
	if err := json.Unmarshal([]byte(object.out), &status); err != nil {
		t.Fatalf("%v in %s", err, object.out)
	}
	if got := status.Streams["TWEETS"]; got.Messages != 2 || got.Bytes == 0 || got.LastEventAt == nil || !got.LastEventAt.Equal(sinktest.Tweet(2).Time) {
		t.Errorf("got %+v, want 2 messages and the last event's time", got)
	}
	if got := status.Streams["QUOTES"]; got.LastEventAt != nil {
		t.Errorf("got a last event at %s in an empty stream", got.LastEventAt)
	}
	const unchosen = 3 // scorers beside the default one, and what trains models again
	got, ok := status.Consumers["mongo/TWEETS"]
	if !ok || got.Pending == nil || *got.Pending != 2 || got.Buried == nil || got.Flag != flag.Off {
		t.Errorf("got %+v, want 2 pending, 0 buried, flag off", got)
	}
	if len(status.Streams) != len(streams.StreamNames()) || len(status.Consumers) != len(streams.Consumers())-unchosen || len(status.Flags) != len(flag.Table()) {
		t.Errorf("got %d streams, %d consumers, %d flags, want all", len(status.Streams), len(status.Consumers), len(status.Flags))
	}
}

// A scorer that was chosen and has not run yet has all posts pending.
func TestStatusShowsChosenScorers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.publish(t, sinktest.Tweet(1))
	bucket, err := c.client.JS.KeyValue(t.Context(), streams.BucketConfig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.PutString(t.Context(), "scorer", "vader"); err != nil {
		t.Fatal(err)
	}
	got := c.cashtag(t, "status")
	got.want(t, exitDone, "")
	if row := got.row(t, "sentiment-vader/TWEETS"); row[2] != "1" {
		t.Errorf("got %v, want 1 pending", row)
	}
	if strings.Contains(got.out, "sentiment/TWEETS") {
		t.Errorf("got the default scorer, which nobody chose:\n%s", got.out)
	}
}

// What stands last in a stream need not be an event.
func TestStatusOfForeignBytes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.publishRaw(t, "retry.mongo.tweets.x.AAPL", "\x00")
	got := c.cashtag(t, "status")
	got.want(t, exitDone, "")
	if row := got.row(t, "RETRY"); row[1] != "1" || row[6] != "-" || row[7] == "-" {
		t.Errorf("got %v, want 1 message without an event's time and with a time of storing", row)
	}
}

// What a source said last about its connection stands in the log, whoever asks and
// wherever it runs.
func TestStatusOfSources(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	at := time.Now().UTC().Truncate(time.Second)
	logs := []struct {
		service, message string
		attributes       map[string]any
	}{
		{"bluesky", "source connected", nil},
		{"stocks", "source disconnected", map[string]any{"reason": "retrying", "error": "cboe's quote of AAPL: no such host"}},
		{"twitter", "source disconnected", map[string]any{"reason": "retrying", "error": "x: 503"}},
		{"twitter", "source reconnected", nil},
		{"bluesky", "frame is malformed", nil},
		{"mongo", "source disconnected", map[string]any{"reason": "closed"}},
	}
	for i, record := range logs {
		data := &schemas.Log{Service: record.service, Level: schemas.LevelInfo, Message: record.message, Attributes: record.attributes}
		c.publish(t, schemas.New(ulid.Make().String(), schemas.ServiceSource(record.service), record.service, at.Add(time.Duration(i)*time.Second), data))
	}
	c.publishRaw(t, "logs.stocks.info", "no event")
	c.put(t, "stocks", "off")

	got := c.cashtag(t, "status")
	got.want(t, exitDone, "")
	for name, want := range map[string]string{
		"twitter": "connected " + timeText(at.Add(3*time.Second)) + " on",
		"bluesky": "connected " + timeText(at) + " on",
		"stocks":  "retrying " + timeText(at.Add(time.Second)) + " off cboe's quote of AAPL: no such host",
	} {
		if row := strings.Join(got.row(t, name)[1:], " "); row != want {
			t.Errorf("%s: got %q, want %q", name, row, want)
		}
	}
	var status struct {
		Sources map[string]sourceStatus `json:"sources"`
	}
	if err := json.Unmarshal([]byte(c.cashtag(t, "status", "--json").out), &status); err != nil {
		t.Fatal(err)
	}
	if len(status.Sources) != 3 || status.Sources["stocks"].Error != "cboe's quote of AAPL: no such host" {
		t.Errorf("got %+v, want the three sources", status.Sources)
	}
}
