package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

// bury stores a letter as the engine does.
func (c *cluster) bury(t *testing.T, consumer streams.Consumer, sequence uint64, subject, payload string) {
	t.Helper()
	at := time.Date(2014, 5, 1, 5, 54, 53, 0, time.UTC)
	id := schemas.DeadID(consumer.Service, consumer.Stream, sequence)
	c.publish(t, schemas.New(id, schemas.ServiceSource(consumer.Service), streams.Key(subject), at, &schemas.Dead{
		Consumer: consumer.Service, Stream: consumer.Stream, Sequence: sequence, Subject: subject,
		Headers: map[string][]string{"Nats-Msg-Id": {"x:1"}, "X-Note": {"one", "two\x1b[2J"}},
		Payload: []byte(payload), Reason: "field data.text: too\x1b long", Tries: 5, BuriedAt: at,
	}))
}

// graveyard has letters of three consumers.
func graveyard(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t)
	for _, consumer := range []streams.Consumer{
		{Service: "mongo", Stream: "TWEETS"}, {Service: "kinesis", Stream: "TWEETS", Ordered: true}, {Service: "mongo", Stream: "QUOTES"},
	} {
		c.makeDurable(t, consumer)
	}
	c.bury(t, streams.Consumer{Service: "mongo", Stream: "TWEETS"}, 17, "tweets.x.AAPL", `{"a":[1,"x<y"]}`)
	c.bury(t, streams.Consumer{Service: "kinesis", Stream: "TWEETS"}, 17, "tweets.x.AAPL", "not\x00JSON")
	c.bury(t, streams.Consumer{Service: "mongo", Stream: "QUOTES"}, 4, "quotes.iex.GE", "")
	return c
}

// makeDurable makes a durable as the engine does, by running it for a moment.
func (c *cluster) makeDurable(t *testing.T, consumer streams.Consumer) {
	t.Helper()
	runner, err := durable.New(c.client, c.publisher, &picky{}, streamstest.NewSwitch(false), slog.New(slog.DiscardHandler),
		durable.DefaultConfig(consumer))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	soon(t, "durable of "+consumer.Key(), func() bool {
		_, err := c.client.JS.Consumer(t.Context(), streams.Retry, consumer.RetryDurable()) // made last
		return err == nil
	})
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestDeadLs(t *testing.T) {
	t.Parallel()
	c := graveyard(t)
	tests := []struct {
		name      string
		args      []string
		code      int
		numbers   []string
		complaint string
	}{
		{"all", nil, exitDone, []string{"1", "2", "3"}, ""},
		{"of a consumer", []string{"--consumer", "mongo"}, exitDone, []string{"1", "3"}, ""},
		{"of a stream", []string{"--stream", "tweets"}, exitDone, []string{"1", "2"}, ""},
		{"of both", []string{"--consumer", "mongo", "--stream", "TWEETS"}, exitDone, []string{"1"}, ""},
		{"of a key", []string{"--consumer", "mongo/QUOTES"}, exitDone, []string{"3"}, ""},
		{"of none", []string{"--consumer", "archive"}, exitDone, nil, "no dead letters"},
		{"unknown consumer", []string{"--consumer", "mango"}, exitUsage, nil, `--consumer is "mango": must be one of alerts, analysis-retrain, archive, eraser, features, kinesis, mongo, outcomes, predictor, sentiment, sentiment-cashtag, sentiment-vader`},
		{"wildcard", []string{"--consumer", "*"}, exitUsage, nil, "must be one of"},
		{"unknown stream", []string{"--stream", "TWEET"}, exitUsage, nil, `--stream is "TWEET": must be one of ALERTS, COUNTS, FEATURES, LOGS, MARKET, MODELS,`},
		{"contradiction", []string{"--consumer", "mongo/TWEETS", "--stream", "QUOTES"}, exitUsage, nil, "exclude each other"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := c.cashtag(t, append([]string{"dead", "ls"}, test.args...)...)
			got.want(t, test.code, test.complaint)
			var numbers []string
			for line := range strings.Lines(got.out) {
				if number := strings.Fields(line)[0]; number != "NUMBER" {
					numbers = append(numbers, number)
				}
			}
			if !slices.Equal(numbers, test.numbers) {
				t.Errorf("got letters %v, want %v", numbers, test.numbers)
			}
			if strings.Contains(got.out, "\x1b") {
				t.Errorf("got an escape sequence in %q", got.out)
			}
		})
	}
}

func TestDeadShow(t *testing.T) {
	t.Parallel()
	c := graveyard(t)
	got := c.cashtag(t, "dead", "show", "1")
	got.want(t, exitDone, "")
	want := `number     1
id         mongo:TWEETS:17
buried at  2014-05-01 05:54:53Z
consumer   mongo
sequence   TWEETS/17
subject    tweets.x.AAPL
tries      5
reason     field data.text: too· long
headers
  Nats-Msg-Id: x:1
  X-Note: one
  X-Note: two·[2J
payload    15 bytes
{
  "a": [
    1,
    "x<y"
  ]
}
`
	if got.out != want {
		t.Errorf("got\n%s\nwant\n%s", got.out, want)
	}
	dump := c.cashtag(t, "dead", "show", "2")
	if want := "payload    8 bytes\n00000000  6e 6f 74 00 4a 53 4f 4e                           |not.JSON|\n"; !strings.HasSuffix(dump.out, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", dump.out, want)
	}
	for number, want := range map[string]string{"1": `{"a":[1,"x<y"]}`, "2": "not\x00JSON", "3": ""} {
		raw := c.cashtag(t, "dead", "show", number, "--raw")
		raw.want(t, exitDone, "")
		if raw.out != want {
			t.Errorf("letter %s: got %q, want %q", number, raw.out, want)
		}
	}
	c.cashtag(t, "dead", "show", "99").want(t, exitFailed, "dead letter 99: no such dead letter: `cashtag dead ls`")
}

func TestDeadSettle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		args      []string
		code      int
		out       string
		complaint string
		left      uint64 // letters
		retry     uint64 // requeued messages
	}{
		{"requeue some", []string{"requeue", "1", "3"}, exitDone, "requeued 2\n", "", 1, 2},
		{"requeue all of one", []string{"requeue", "--all", "--consumer", "mongo"}, exitDone, "requeued 2\n", "", 1, 2},
		{"requeue all", []string{"requeue", "--all"}, exitDone, "requeued 3\n", "", 0, 3},
		{"requeue none", []string{"requeue", "--all", "--consumer", "archive"}, exitDone, "requeued 0\n", "", 3, 0},
		{"drop one", []string{"drop", "2"}, exitDone, "dropped 1\n", "", 2, 0},
		{"drop all", []string{"drop", "--all", "--yes"}, exitDone, "dropped 3\n", "", 0, 0},
		{"drop all of a stream", []string{"drop", "--all", "--yes", "--stream", "QUOTES"}, exitDone, "dropped 1\n", "", 2, 0},
		{"drop all without yes", []string{"drop", "--all"}, exitUsage, "", "then give --yes too", 3, 0},
		{"nothing named", []string{"drop", "--yes"}, exitUsage, "", "no letter is named", 3, 0},
		{"both named", []string{"requeue", "1", "--all"}, exitUsage, "", "keep one", 3, 0},
		{"filter without all", []string{"requeue", "1", "--consumer", "mongo"}, exitUsage, "", "give --all too", 3, 0},
		{"no number", []string{"requeue", "first"}, exitUsage, "", "", 3, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := graveyard(t)
			got := c.cashtag(t, append([]string{"dead"}, test.args...)...)
			if test.name != "no number" { // kong's own complaint has a hint below
				got.want(t, test.code, test.complaint)
			}
			if got.code != test.code || got.out != test.out {
				t.Errorf("got code %d and %q, want %d and %q", got.code, got.out, test.code, test.out)
			}
			if left := c.messages(t, streams.Dead); left != test.left {
				t.Errorf("got %d letters left, want %d", left, test.left)
			}
			if retry := c.messages(t, streams.Retry); retry != test.retry {
				t.Errorf("got %d messages requeued, want %d", retry, test.retry)
			}
		})
	}
}

// A letter that is not there does not keep the others from being settled.
func TestDeadSettleGone(t *testing.T) {
	t.Parallel()
	c := graveyard(t)
	got := c.cashtag(t, "dead", "drop", "1", "99", "2")
	if got.code != exitFailed || got.out != "dropped 2\n" {
		t.Errorf("got code %d and %q, want 1 and dropped 2", got.code, got.out)
	}
	for _, want := range []string{"dead letter 99 is not there\n", "1 of 3 letters are not there"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("got %q, want %q in it", got.err, want)
		}
	}
	if got := c.cashtag(t, "status").row(t, "mongo/TWEETS"); got[5] != "1" {
		t.Errorf("got %v, want 1 dropped", got)
	}
}
