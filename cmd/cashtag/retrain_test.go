//go:build !external

package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/analysis/retrain"
	"cashtag/services/archive"
	"cashtag/services/predictor"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

// TestRetrain lets the real program train after close upon close.
func TestRetrain(t *testing.T) {
	c := newTrainer(t)
	all := season()
	for day := 1; day < 70; day++ {
		c.publish(t, seasonDay(day)...)
	}
	// Killed between the file and its event: nothing is said, and the file is there.
	stored := c.bucket.hush()
	first := c.start(t)
	c.publish(t, seasonDay(70)...)
	<-stored
	first.kill()
	c.takeBack(t)
	if n := c.messages(t, streams.Models); n != 0 {
		t.Fatalf("got %d events of models, want none before the restart", n)
	}
	// What comes in meanwhile is of the session that is worked on, and is not seen.
	c.publish(t, seasonPost("991", "AAA", all[69].Open), seasonPost("992", "AAA", all[70].Open))
	second := c.start(t)
	c.settled(t)
	versions := c.versions(t)
	if len(versions) != 1 || c.messages(t, streams.Models) != 1 {
		t.Fatalf("got %v, want one version in one event", versions)
	}
	if keys := c.objects(); len(keys) != 1 || !strings.HasSuffix(keys[0], "/direction/"+versions[0].Model.Version) {
		t.Errorf("got objects %q, want the file of version %s alone", keys, versions[0].Model.Version)
	}
	if v := versions[0]; v.By != "service analysis" || !v.At.Equal(all[70].Close) || !strings.HasPrefix(v.Model.Version, "20140611-") {
		t.Errorf("got %s by %s at %s, want what the service trained up to %s, at its close", v.Model.Version, v.By, v.At, all[70].Date)
	}
	second.awaits(t, "model not promoted") // the log comes through a pipe
	if got := second.log.lines("model not promoted"); len(got) != 1 || !strings.Contains(got[0], "no version is promoted") {
		t.Errorf("got %q, want why it was not promoted", got)
	}

	// One that is worse predicts: better is said, and by default nothing is done.
	worse := c.install(t, versions[0].Model, -1, all[35].Date.String())
	c.publish(t, seasonDay(71)...)
	c.settled(t)
	if now := c.promotedNow(t); now != worse {
		t.Errorf("got %s promoted, want %s still: nobody said otherwise", now, worse)
	}
	second.awaits(t, "the rule is never") // the log comes through a pipe
	if got := second.log.lines("the rule is never"); len(got) != 1 || !strings.Contains(got[0], "better: auc ") {
		t.Errorf("got %q, want that it is better", got)
	}
	// The setting is live.
	c.set(t, "promote", "better")
	second.awaits(t, "setting changed")
	c.publish(t, seasonDay(72)...)
	c.settled(t)
	versions = c.versions(t)
	at := slices.IndexFunc(versions, func(v predictor.Version) bool { return v.Promoted })
	if at < 0 || versions[at].By != "service analysis, rule better" || !versions[at].At.Equal(all[72].Close) {
		t.Fatalf("got %v, want the newest promoted by the service and its rule", versions)
	}
	// As good as the new one, by the same sessions: it stays.
	same := c.install(t, versions[at].Model, 1, all[36].Date.String())
	c.publish(t, seasonDay(73)...)
	c.settled(t)
	if now := c.promotedNow(t); now != same {
		t.Errorf("got %s promoted, want %s: the new one is not better beyond its interval", now, same)
	}
	second.awaits(t, "not better beyond its interval") // the log comes through a pipe
	if got := second.log.lines("not better beyond its interval"); len(got) != 1 {
		t.Errorf("got %q, want why it was not promoted", got)
	}
	// Why is in LOGS too.
	streamstest.Eventually(t, "the log events", func() bool {
		said := c.logged(t, "model promoted", "model not promoted")
		return len(said) == 4 && said[2] == "model promoted" && slices.Index(said, "model promoted") == 2
	})
	trained := slices.DeleteFunc(c.verbs(t), func(verb string) bool { return verb != schemas.VerbTrained })
	if len(trained) != 4+2 {
		t.Errorf("got %d trained, want one for each of four closes, and two by hand", len(trained))
	}
}

// logged are the messages of the service in LOGS that are among some, in order.
func (c *trainer) logged(t *testing.T, among ...string) []string {
	t.Helper()
	var said []string
	_, err := streams.ReadSince(t.Context(), c.client, streams.Logs, 0, func(_ uint64, data []byte) {
		event, err := schemas.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if log := event.Data.(*schemas.Log); log.Service == streams.ServiceAnalysis && slices.Contains(among, log.Message) {
			said = append(said, log.Message)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// What synthetic events trained is marked as such, and is a version all the same.
func TestSyntheticModels(t *testing.T) {
	c := newTrainer(t)
	file, err := os.ReadFile(modelFile(t, 0.1))
	if err != nil {
		t.Fatal(err)
	}
	by := retrain.Statement{By: "ada", At: season()[3].Close, Demo: true}
	version, known, err := c.shelf().Push(t.Context(), "direction", file, by)
	if err != nil || known {
		t.Fatalf("got known %t, %v, want a new version", known, err)
	}
	if err := c.shelf().Promote(t.Context(), "direction", version, by); err != nil {
		t.Fatal(err)
	}
	if again, known, err := c.shelf().Push(t.Context(), "direction", file, by); err != nil || !known || again != version {
		t.Errorf("got %s, known %t, %v, want %s once more", again, known, err, version)
	}
	if now := c.promotedNow(t); now != version || c.messages(t, streams.Models) != 2 {
		t.Errorf("got %q promoted in %d events, want %s in 2", now, c.messages(t, streams.Models), version)
	}
	_, err = streams.ReadSince(t.Context(), c.client, streams.Models, 0, func(_ uint64, data []byte) {
		event, err := schemas.Decode(data)
		if err != nil || !schemas.IsDemo(event.Source) || !strings.HasPrefix(event.ID, schemas.DemoPrefix) {
			t.Errorf("got %s of %s, %v, want it marked as synthetic", event.ID, event.Source, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.shelf().Promote(t.Context(), "direction", "7", by); err == nil || !strings.Contains(err.Error(), "says nothing of version 7") {
		t.Errorf("got %v for a version that nobody trained, want an error", err)
	}
}

func TestRetrainByHand(t *testing.T) {
	c := newTrainer(t)
	var events []schemas.Event
	for day := 1; day < 72; day++ {
		events = append(events, seasonDay(day)...)
	}
	c.publish(t, events...)
	by := func(args ...string) ended {
		t.Helper()
		return c.cashtag(t, append([]string{"models", "retrain", "--config", c.file, "--s3-endpoint", c.bucket.url, "--by", "ada"}, args...)...)
	}
	ran := by()
	ran.want(t, exitDone, "")
	row := ran.row(t, "direction")
	version := row[2]
	if row[1] != "none" || row[len(row)-1] != "stored" || !strings.Contains(ran.out, "no version is promoted") {
		t.Errorf("got\n%s\nwant a version that is stored", ran.out)
	}
	// The same from every source, and said once.
	tape := filepath.Dir(tapeFile(t, tapeOf(t, events...)))
	for _, from := range [][]string{{"--from", "streams"}, {"--from", "tape", "--tape", tape}} {
		again := by(from...)
		again.want(t, exitDone, "")
		if got := again.row(t, "direction")[2]; got != version {
			t.Errorf("%v: got version %s, want %s", from, got, version)
		}
	}
	if n := c.messages(t, streams.Models); n != 1 {
		t.Errorf("got %d events, want 1", n)
	}
	// Old against new, and promoted where it is told to.
	worse := c.install(t, c.versions(t)[0].Model, -1, season()[35].Date.String())
	ran = by("--promote", "better")
	ran.want(t, exitDone, "")
	if row := ran.row(t, "direction"); row[1] != worse || row[2] != version || row[len(row)-1] != "promoted" || !strings.Contains(ran.out, "better: auc ") {
		t.Errorf("got\n%s\nwant %s in place of %s", ran.out, version, worse)
	}
	if now := c.promotedNow(t); now != version || c.versions(t)[0].By != "ada, rule better" {
		t.Errorf("got %s promoted, want %s by ada", now, version)
	}
	tooFew := by("--from", "tape", "--tape", filepath.Dir(tapeFile(t, tapeOf(t, events[:600]...))))
	empty := newTrainer(t)
	for name, test := range map[string]struct {
		ran  ended
		code int
		says string
	}{
		"no file":    {c.cashtag(t, "models", "retrain", "--config", "nowhere.yaml"), exitUsage, "there is no file"},
		"no models":  {c.cashtag(t, "models", "retrain", "--config", retrainFileOf(t, "c: [1]\n")), exitUsage, "models is empty"},
		"a model":    {by("--model", "volume"), exitUsage, `--model is "volume": must be one of direction`},
		"tape alone": {by("--tape", "x"), exitUsage, "--tape DIR goes with --from tape"},
		"no rows": {
			empty.cashtag(t, "models", "retrain", "--config", c.file, "--s3-endpoint", empty.bucket.url),
			exitFailed, "no prices: labels are made from bars, and there is none",
		},
		"too few days": {tooFew, exitFailed, "model direction: not trained: too few days"},
		"no flag":      {c.cashtag(t, "run", "analysis"), exitUsage, "name files by --retrain"},
		"how often": {
			c.cashtag(t, "run", "analysis", "--retrain", c.file, "--retrain-every", "0"), exitUsage, "--retrain-every is 0: must be from 1 to 250",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.ran.code != test.code || !strings.Contains(test.ran.err, test.says) {
				t.Errorf("got %d and %q, want %d and %q", test.ran.code, test.ran.err, test.code, test.says)
			}
		})
	}
}

// What the streams dropped is read from the archive's blocks, and only what is not in
// one from the streams.
func TestRetrainReadsTheArchiveAndThenTheStreams(t *testing.T) {
	c := newTrainer(t)
	byStream := make(map[string][]schemas.Event)
	for day := 1; day < 75; day++ {
		events := seasonDay(day)
		c.publish(t, events...)
		for _, event := range events {
			subject, err := streams.Subject(event)
			if err != nil {
				t.Fatal(err)
			}
			byStream[streams.StreamOf(subject)] = append(byStream[streams.StreamOf(subject)], event)
		}
	}
	train := func(from string) string {
		t.Helper()
		ran := c.cashtag(t, "models", "retrain", "--config", c.file, "--s3-endpoint", c.bucket.url, "--from", from)
		ran.want(t, exitDone, "")
		return ran.row(t, "direction")[2]
	}
	whole := train("streams")
	for name, events := range byStream {
		stream, err := c.client.JS.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if last := stream.CachedInfo().State.LastSeq; last != uint64(len(events)) {
			t.Fatalf("%s: got %d messages, want %d", name, last, len(events))
		}
		most := len(events) * 2 / 3
		archiveBlock(t, c.bucket.store, name, stream.CachedInfo().Created, 1, events[:most])
		// A block of an earlier stream of the name says nothing of this one.
		archiveBlock(t, c.bucket.store, name, stream.CachedInfo().Created.Add(-time.Hour), most+1, events[:10])
		if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(uint64(most/2))); err != nil {
			t.Fatal(err)
		}
	}
	if got := train("history"); got != whole {
		t.Errorf("got version %s of archive and streams, want %s", got, whole)
	}
	for _, from := range []string{"archive", "streams"} {
		if got := train(from); got == whole {
			t.Errorf("--from %s: got the version of all, want one of less", from)
		}
	}
}

// archiveBlock stores events as the block of a stream that begins with a sequence.
func archiveBlock(t *testing.T, store *archive.Store, stream string, created time.Time, first int, events []schemas.Event) {
	t.Helper()
	writer, err := store.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Discard()
	block := durable.Block{
		Stream: stream, CreatedAt: created, First: uint64(first), Last: uint64(first + len(events) - 1), Events: uint64(len(events)),
		FirstAt: created, LastAt: created,
	}
	for i, event := range events {
		line, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Append(durable.Message{Stream: stream, Sequence: uint64(first + i), Data: line}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(writer.Seal(block), writer.Store(t.Context())); err != nil {
		t.Fatal(err)
	}
}
