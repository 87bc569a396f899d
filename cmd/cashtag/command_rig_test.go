package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
)

// cluster is a server to run commands against, with an operator's view of it.
type cluster struct {
	url       string
	client    *streams.Client
	publisher *streams.Publisher
}

// bareCluster has JetStream and nothing in it.
func bareCluster(t *testing.T) *cluster {
	t.Helper()
	server := natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false })
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	c := &cluster{url: server.ClientURL()}
	if c.client, err = streams.NewClient(conn); err != nil {
		t.Fatal(err)
	}
	if c.publisher, err = streams.NewPublisher(c.client, streams.DefaultPublisherConfig()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.publisher.Close(context.WithoutCancel(t.Context())) })
	return c
}

// newCluster has the topology.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := bareCluster(t)
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range topology.Streams {
		if _, err := c.client.JS.CreateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	for _, config := range topology.Buckets {
		if _, err := c.client.JS.CreateKeyValue(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *cluster) publish(t *testing.T, events ...schemas.Event) {
	t.Helper()
	if err := c.publisher.Publish(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// publishRaw stores bytes that need not be an event.
func (c *cluster) publishRaw(t *testing.T, subject, payload string) {
	t.Helper()
	if _, err := c.client.JS.Publish(t.Context(), subject, []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// put stores a flag as a person would by hand.
func (c *cluster) put(t *testing.T, flag, value string) {
	t.Helper()
	bucket, err := c.client.JS.KeyValue(t.Context(), streams.BucketFlags)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.PutString(t.Context(), flag, value); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) messages(t *testing.T, stream string) uint64 {
	t.Helper()
	s, err := c.client.JS.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// ended is what a run of the program left behind.
type ended struct {
	code     int
	out, err string
}

// cashtag runs the real program against the cluster.
func (c *cluster) cashtag(t *testing.T, args ...string) ended {
	t.Helper()
	return c.piped(t, strings.NewReader(""), nil, args...)
}

func (c *cluster) piped(t *testing.T, in io.Reader, interrupts <-chan os.Signal, args ...string) ended {
	t.Helper()
	var out, err bytes.Buffer
	code := Main(t.Context(), append(args, "--nats-url", c.url), Console{In: in, Out: &out, Err: &err, Interrupts: interrupts})
	return ended{code, out.String(), err.String()}
}

// want checks the exit code and what stands on standard error; "" wants nothing
// there, and one line otherwise.
func (e ended) want(t *testing.T, code int, complaint string) {
	t.Helper()
	if e.code != code {
		t.Errorf("got exit code %d, want %d; standard error: %s", e.code, code, e.err)
	}
	if complaint == "" && e.err != "" {
		t.Errorf("got %q on standard error, want nothing", e.err)
	}
	if !strings.Contains(e.err, complaint) {
		t.Errorf("got %q on standard error, want %q in it", e.err, complaint)
	}
	if code != exitDone && strings.Count(strings.TrimSpace(e.err), "\n") != 0 {
		t.Errorf("got %q on standard error, want one line", e.err)
	}
}

// row finds the line of a table that starts with name, as its fields.
func (e ended) row(t *testing.T, name string) []string {
	t.Helper()
	for line := range strings.Lines(e.out) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == name {
			return fields
		}
	}
	t.Fatalf("no line starts with %s in:\n%s", name, e.out)
	return nil
}

// tweets are events and the lines that they are on a tape.
func tweets(t *testing.T, n int) (events []schemas.Event, lines []string) {
	t.Helper()
	for i := range n {
		event := sinktest.Tweet(i)
		events, lines = append(events, event), append(lines, tapeOf(t, event))
	}
	return events, lines
}

// tapeOf is the content of a file that holds the events.
func tapeOf(t *testing.T, events ...schemas.Event) string {
	t.Helper()
	var content strings.Builder
	for _, event := range events {
		line, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		content.Write(line)
		content.WriteByte('\n')
	}
	return content.String()
}

// tapeFile writes a file into a directory of the test.
func tapeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "day.ndjson")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
