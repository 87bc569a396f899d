//go:build peers

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/flag"

	"github.com/nats-io/nats.go/jetstream"
)

// natsCLI runs the nats CLI that CASHTAG_NATS_CLI names, v0.5.1:
//
//	go build -modfile=tools/nats/go.mod -o /tmp/nats github.com/nats-io/natscli/nats
func (c *cluster) natsCLI(t *testing.T, in string, args ...string) string {
	t.Helper()
	path := os.Getenv("CASHTAG_NATS_CLI")
	if path == "" {
		t.Fatal("CASHTAG_NATS_CLI names no nats CLI: build it with `go build -modfile=tools/nats/go.mod -o /tmp/nats github.com/nats-io/natscli/nats`")
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--server", c.url, "--no-context"}, args...)...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Stdin = strings.NewReader(in)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("nats %s: %v: %s%s", strings.Join(args, " "), err, out.String(), complaint.String())
	}
	return out.String()
}

func TestNATSCLIVersion(t *testing.T) {
	t.Parallel()
	c := &cluster{url: "nats://127.0.0.1:1"}
	if got := c.natsCLI(t, "", "--version"); !strings.Contains(got, "0.5.1") {
		t.Errorf("got version %q, want 0.5.1", got)
	}
}

// TestNATSCLISetsFlags turns a flag by hand in every way that people do.
func TestNATSCLISetsFlags(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	flags, err := flag.Open(t.Context(), c.client, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer flags.Close()
	gate := flags.Gate("mongo", true)
	revisionOf := func() uint64 {
		for _, state := range flags.List() {
			if state.Name == "mongo" {
				return state.Revision
			}
		}
		return 0
	}
	steps := []struct {
		name     string
		stdin    string
		args     []string
		on       bool
		revision uint64 // of the value that holds
	}{
		{"off", "", []string{"kv", "put", "flags", "mongo", "off"}, false, 1},
		{"not a word of the flag", "", []string{"kv", "put", "flags", "mongo", "TRUE"}, false, 1},
		{"in capitals", "", []string{"kv", "put", "flags", "mongo", "ON"}, true, 3},
		{"quoted", "", []string{"kv", "put", "flags", "mongo", `"off"`}, false, 4},
		{"from standard input", "on\n", []string{"kv", "put", "flags", "mongo"}, true, 5},
		{"another process's", "", []string{"kv", "put", "flags", "kinesis", "off"}, true, 5},
		{"off again", "", []string{"kv", "put", "flags", "mongo", "off"}, false, 7},
		{"deleted", "", []string{"kv", "del", "flags", "mongo", "--force"}, true, 8},
	}
	for _, step := range steps {
		c.natsCLI(t, step.stdin, step.args...)
		soon(t, step.name, func() bool { return gate.On() == step.on && revisionOf() == step.revision })
	}

	history := c.cashtag(t, "flags", "history", "mongo")
	history.want(t, exitDone, "")
	for revision, want := range map[string]string{
		"1": `off "off"`,
		"2": `not allowed "TRUE": changed nothing`,
		"3": `on "ON"`,
		"4": `off "\"off\""`,
		"5": `on "on\n"`,
		"7": `off "off"`,
		"8": `on deleted: the default`,
	} {
		if got := strings.Join(history.row(t, revision)[3:], " "); got != want {
			t.Errorf("revision %s: got %q, want %q", revision, got, want)
		}
	}
	c.natsCLI(t, "", "kv", "put", "flags", "mongo", "yes")
	c.cashtag(t, "flags").want(t, exitDone, `flag mongo: stored value "yes" (revision 9) is not allowed, so it stays on`)

	c.cashtag(t, "flags", "set", "mongo", "off").want(t, exitDone, "")
	if got := c.natsCLI(t, "", "kv", "get", "flags", "mongo", "--raw"); strings.TrimSpace(got) != flag.Off {
		t.Errorf("got %q from the nats CLI, want off as cashtag set it", got)
	}
}

func TestNATSCLISeesTheStreams(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	const stored = 500
	events, lines := tweets(t, stored)
	c.publish(t, events...)

	names := strings.Fields(c.natsCLI(t, "", "stream", "ls", "--names"))
	for _, name := range streams.StreamNames() {
		if !slices.Contains(names, name) {
			t.Errorf("got streams %v, want %s among them", names, name)
		}
	}

	var info jetstream.StreamInfo
	if err := json.Unmarshal([]byte(c.natsCLI(t, "", "stream", "info", "TWEETS", "--json")), &info); err != nil {
		t.Fatal(err)
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(topology.Streams, func(s jetstream.StreamConfig) bool { return s.Name == streams.Tweets })
	want := topology.Streams[i]
	got := info.Config
	if !slices.Equal(got.Subjects, want.Subjects) || got.MaxBytes != want.MaxBytes || got.MaxAge != want.MaxAge ||
		got.Duplicates != want.Duplicates || got.Compression != want.Compression || !got.AllowAtomicPublish {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if info.State.Msgs != stored {
		t.Errorf("got %d messages, want %d", info.State.Msgs, stored)
	}

	raw := c.natsCLI(t, "", "sub", "--stream", "TWEETS", "--start-sequence", "1", "--count", "500", "--raw")
	if tape := c.cashtag(t, "tape", "record", "--stream", "TWEETS"); raw != tape.out || raw != strings.Join(lines, "") {
		t.Errorf("got %d bytes by the nats CLI and %d by tape record, want both to be the %d events", len(raw), len(tape.out), stored)
	}
}

func TestNATSCLISeesTheConsumer(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	sink := &picky{}
	c.consume(t, sink)
	c.publish(t, sinktest.Tweet(1), sinktest.Tweet(2), sinktest.Tweet(3))
	soon(t, "all stored", func() bool { return c.cashtag(t, "status").row(t, "mongo/TWEETS")[1] == "3" })
	var info jetstream.ConsumerInfo
	if err := json.Unmarshal([]byte(c.natsCLI(t, "", "consumer", "info", "TWEETS", "mongo", "--json")), &info); err != nil {
		t.Fatal(err)
	}
	if info.AckFloor.Stream != 3 || info.NumPending != 0 || info.NumAckPending != 0 {
		t.Errorf("got %+v, want all 3 settled", info)
	}
	if info.Config.MaxDeliver != -1 || info.Config.AckPolicy != jetstream.AckExplicitPolicy {
		t.Errorf("got max deliver %d and ack policy %s, want -1 and explicit", info.Config.MaxDeliver, info.Config.AckPolicy)
	}
}

// A tape of the nats CLI plays too: it is the payloads, one a line.
func TestNATSCLITapePlays(t *testing.T) {
	t.Parallel()
	c, elsewhere := newCluster(t), newCluster(t)
	events, _ := tweets(t, 20)
	c.publish(t, events...)
	raw := c.natsCLI(t, "", "sub", "--stream", "TWEETS", "--start-sequence", "1", "--count", "20", "--raw")
	elsewhere.cashtag(t, "tape", "play", tapeFile(t, raw)).want(t, exitDone, "played 20 events")
	if n := elsewhere.messages(t, streams.Tweets); n != 20 {
		t.Errorf("got %d events, want 20", n)
	}
}
