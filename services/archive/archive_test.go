package archive_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cashtag/embedded/s3d"
	"cashtag/services/archive"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

const (
	block1  = "TWEETS/00000000000000000001"
	block11 = "TWEETS/00000000000000000011"
	block21 = "TWEETS/00000000000000000021"
)

func payloads(first, last int) []string {
	var all []string
	for n := first; n <= last; n++ {
		all = append(all, fmt.Sprintf(`{"n":%d,"text":"$AAPL – up"}`, n))
	}
	return all
}

func TestArchive(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) archive.Config{"stand-in": onStandIn, "gofakes3": onFakeS3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := start(t)
			cfg.Prefix = "cashtag/test/"
			source := newSource(t)
			source.publish(t, payloads(1, 12)...)
			source.publish(t, "{\n  \"n\": 13\n}", "no event", "", `{"n":16}`)
			service := source.start(t, cfg)
			service.flush(t, 16)

			expect(t, "objects", names(t, cfg), []string{
				"cashtag/test/" + block1 + ".manifest.json", "cashtag/test/" + block1 + ".ndjson.zst",
				"cashtag/test/" + block11 + ".manifest.json", "cashtag/test/" + block11 + ".ndjson.zst",
			})
			manifest, lines := checkBlock(t, cfg, "cashtag/test/"+block1)
			if want := strings.Join(payloads(1, 10), "\n") + "\n"; lines != want {
				t.Errorf("lines of the first block: got %q, want %q", lines, want)
			}
			stream, err := source.Client.JS.Stream(t.Context(), streams.Tweets)
			if err != nil {
				t.Fatal(err)
			}
			first, err := stream.GetMsg(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			last, err := stream.GetMsg(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			want := archive.Manifest{
				Version: 1, Format: "ndjson+zstd", Stream: "TWEETS", StreamCreatedAt: stream.CachedInfo().Created.UTC(),
				First: 1, Last: 10, Events: 10, FirstStoredAt: first.Time.UTC(), LastStoredAt: last.Time.UTC(),
				Object: "cashtag/test/" + block1 + ".ndjson.zst",
				Bytes:  manifest.Bytes, SHA256: manifest.SHA256, // checked above
				CompressedBytes: manifest.CompressedBytes, CompressedSHA256: manifest.CompressedSHA256,
			}
			if manifest != want {
				t.Errorf("manifest: got %+v, want %+v", manifest, want)
			}
			manifest, _ = checkBlock(t, cfg, "cashtag/test/"+block11)
			if manifest.First != 11 || manifest.Last != 16 || manifest.Events != 6 || manifest.Invalid != 2 {
				t.Errorf("manifest of the second block: got %+v, want 6 events from 11 to 16, 2 of them invalid", manifest)
			}

			got, problems := read(t, service.Store())
			expect(t, "problems", problems, nil)
			expect(t, "lines", got, append(payloads(1, 12), `{"n":13}`,
				`{"invalid":true,"sequence":14,"subject":"tweets.x.AAPL","payload_base64":"bm8gZXZlbnQ="}`,
				`{"invalid":true,"sequence":15,"subject":"tweets.x.AAPL","payload_base64":""}`,
				`{"n":16}`))
			service.stop(t)
		})
	}
}

func TestArchiveSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	s3cfg := s3d.DefaultConfig()
	s3cfg.Dir = t.TempDir()
	server, err := s3d.Start(t.Context(), s3cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg := configFor(server)
	source := newSource(t)
	service := source.start(t, cfg)
	source.publish(t, payloads(1, 10)...)
	service.flush(t, 10)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}

	source.publish(t, payloads(11, 75)...)
	streamstest.Eventually(t, "a retry", func() bool { return service.Readers()[0].Stats().Retries > 0 })
	s3cfg.Addr = strings.TrimPrefix(server.Endpoint(), "http://")
	s3cfg.AccessKey, s3cfg.SecretKey = cfg.AccessKey, cfg.SecretKey
	if server, err = s3d.Start(t.Context(), s3cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	service.flush(t, 75)
	got, problems := read(t, service.Store())
	expect(t, "problems", problems, nil)
	expect(t, "lines", got, payloads(1, 75))
	if got := service.Readers()[0].Stats(); got.Stored != 75 || got.LastError != "" {
		t.Errorf("stats: got %+v, want 75 stored and no error any more", got)
	}
	service.stop(t)
}

func TestArchiveGoesOn(t *testing.T) {
	t.Parallel()
	cfg := onStandIn(t)
	source := newSource(t)
	service := source.start(t, cfg)
	source.publish(t, payloads(1, 14)...)
	service.flush(t, 14)
	before := fetch(t, cfg, block11+".ndjson.zst")
	service.stop(t)

	remove(t, cfg, block11+".manifest.json") // as a kill between the two leaves it
	source.publish(t, payloads(15, 23)...)
	service = source.start(t, cfg)
	service.flush(t, 23)
	if got := fetch(t, cfg, block11+".ndjson.zst"); string(got) != string(before) {
		t.Errorf("object stored again: got %d other bytes, want the same", len(got))
	}
	got, problems := read(t, service.Store())
	expect(t, "problems", problems, nil)
	expect(t, "lines", got, payloads(1, 23))
	service.stop(t)
}

func TestArchiveNeverOverwritesAnotherStream(t *testing.T) {
	t.Parallel()
	cfg := onStandIn(t)
	source := newSource(t)
	service := source.start(t, cfg)
	source.publish(t, payloads(1, 10)...)
	service.flush(t, 10)
	service.stop(t)

	other := newSource(t)
	other.publish(t, payloads(101, 120)...)
	service = other.start(t, cfg)
	if err := service.Wait(t); !durable.IsFatal(err) || !strings.Contains(err.Error(), "another stream TWEETS") {
		t.Errorf("run into another stream's archive: got %v, want a fatal error that says so", err)
	}
	got, problems := read(t, service.Store())
	expect(t, "problems", problems, nil)
	expect(t, "lines", got, payloads(1, 10))
}

func TestArchiveEndsWithoutItsBucket(t *testing.T) {
	t.Parallel()
	cfg := onStandIn(t)
	source := newSource(t)
	service := source.start(t, cfg)
	gone := cfg
	gone.Bucket = "gone"
	service.stop(t)
	broken, err := archive.New(t.Context(), gone, source.Client, streamstest.NewSwitch(true), discard())
	if err != nil {
		t.Fatal(err)
	}
	source.publish(t, payloads(1, 10)...)
	err = streamstest.Run(t, broken.Run).Wait(t)
	if !durable.IsFatal(err) || !strings.Contains(err.Error(), "create the bucket") {
		t.Errorf("run without a bucket: got %v, want a fatal error that says what to do", err)
	}
}

func TestEnsure(t *testing.T) {
	cfg := onStandIn(t)
	cases := []struct {
		name   string
		change func(*archive.Config)
		fatal  bool
		want   string
	}{
		{"creates", func(*archive.Config) {}, false, ""},
		{"finds", func(c *archive.Config) { c.Create = false }, false, ""},
		{"missing", func(c *archive.Config) { c.Bucket, c.Create = "missing", false }, true, "the bucket does not exist: create it"},
		{"wrong access key", func(c *archive.Config) { c.AccessKey = "nobody" }, true, "bucket cashtag-archive at http://"},
		{"wrong secret key", func(c *archive.Config) { c.SecretKey = "guessed" }, true, "bucket cashtag-archive at http://"},
		{"nobody there", func(c *archive.Config) { c.Endpoint = "http://127.0.0.1:1" }, false, "connection refused"},
	}
	for _, c := range cases { // in order: the first one creates
		t.Run(c.name, func(t *testing.T) {
			cfg := cfg
			c.change(&cfg)
			store, err := archive.NewStore(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			err = store.Ensure(t.Context())
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) || durable.IsFatal(err) != c.fatal {
				t.Errorf("got %v, want %q, fatal %t", err, c.want, c.fatal)
			}
			if c.name == "missing" && !errors.Is(err, archive.ErrNoBucket) {
				t.Errorf("got %v, want %v", err, archive.ErrNoBucket)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("got more than one line: %v", err)
			}
		})
	}
}
