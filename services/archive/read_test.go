package archive_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"cashtag/services/archive"
	"cashtag/streams"
	"cashtag/streams/durable"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

var created = time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)

// store writes one block of the messages n in first to last, without the service.
func store(t *testing.T, s *archive.Store, first, last int) {
	t.Helper()
	writer, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Discard()
	for n := first; n <= last; n++ {
		err := writer.Append(durable.Message{Sequence: uint64(n), Data: []byte(`{"n":` + strconv.Itoa(n) + `}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	err = writer.Seal(durable.Block{
		Stream: streams.Tweets, CreatedAt: created, First: uint64(first), Last: uint64(last), Events: uint64(last - first + 1),
		FirstAt: created.Add(time.Duration(first) * time.Second), LastAt: created.Add(time.Duration(last) * time.Second),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Store(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func numbers(first, last int) []string {
	var all []string
	for n := first; n <= last; n++ {
		all = append(all, `{"n":`+strconv.Itoa(n)+`}`)
	}
	return all
}

func TestReadAnEmptyArchive(t *testing.T) {
	t.Parallel()
	lines, problems := read(t, open(t, onFakeS3(t)))
	expect(t, "lines", lines, nil)
	expect(t, "problems", problems, nil)
}

func TestReadReportsAHole(t *testing.T) {
	t.Parallel()
	s := open(t, onFakeS3(t))
	store(t, s, 5, 10)
	store(t, s, 21, 22)
	lines, problems := read(t, s)
	expect(t, "lines", lines, append(numbers(5, 10), numbers(21, 22)...))
	expect(t, "problems", problems, []string{"the archive of stream TWEETS has no block for the sequences 11 to 20"})
	for _, err := range s.Read(t.Context(), streams.Tweets) {
		var hole *archive.HoleError
		if err != nil && (!errors.As(err, &hole) || hole.First != 11 || hole.Last != 20) {
			t.Errorf("got %#v, want a hole from 11 to 20", err)
		}
	}
}

func TestReadLeavesOutWhatAnEarlierCutLeft(t *testing.T) {
	t.Parallel()
	s := open(t, onFakeS3(t))
	store(t, s, 1, 4)
	store(t, s, 5, 10)
	store(t, s, 1, 7)
	store(t, s, 8, 10)
	lines, problems := read(t, s)
	expect(t, "lines", lines, numbers(1, 10))
	expect(t, "problems", problems, nil)
}

func TestReadFindsDamage(t *testing.T) {
	t.Parallel()
	s3cfg := onFakeS3(t)
	cases := []struct {
		name   string
		damage func(t *testing.T, cfg archive.Config)
	}{
		{"a flipped bit", func(t *testing.T, cfg archive.Config) {
			t.Helper()
			data := fetch(t, cfg, cfg.Prefix+block1+".ndjson.zst")
			data[len(data)/2] ^= 1
			put(t, cfg, cfg.Prefix+block1+".ndjson.zst", data)
		}},
		{"another block's object", func(t *testing.T, cfg archive.Config) {
			t.Helper()
			put(t, cfg, cfg.Prefix+block1+".ndjson.zst", fetch(t, cfg, cfg.Prefix+block11+".ndjson.zst"))
		}},
		{"a manifest with another count", func(t *testing.T, cfg archive.Config) {
			t.Helper()
			data := fetch(t, cfg, cfg.Prefix+block1+".manifest.json")
			put(t, cfg, cfg.Prefix+block1+".manifest.json", bytes.Replace(data, []byte(`"events":10`), []byte(`"events":9`), 1))
		}},
		{"a manifest that lies about the lines", func(t *testing.T, cfg archive.Config) {
			t.Helper()
			data := fetch(t, cfg, cfg.Prefix+block1+".manifest.json")
			manifest, _ := checkBlock(t, cfg, cfg.Prefix+block1)
			put(t, cfg, cfg.Prefix+block1+".manifest.json", bytes.Replace(data, []byte(manifest.SHA256), []byte(sum(nil)), 1))
		}},
	}
	open(t, s3cfg) // creates the bucket, which only one of the cases could
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := s3cfg
			cfg.Prefix = strconv.Itoa(i) + "/"
			s := open(t, cfg)
			store(t, s, 1, 10)
			store(t, s, 11, 20)
			c.damage(t, cfg)
			var got error
			for _, err := range s.Read(t.Context(), streams.Tweets) {
				got = errors.Join(got, err)
			}
			if !errors.Is(got, archive.ErrCorrupt) {
				t.Errorf("got %v, want %v", got, archive.ErrCorrupt)
			}
		})
	}
}

func TestReadRefusesAnotherVersion(t *testing.T) {
	t.Parallel()
	cfg := onFakeS3(t)
	s := open(t, cfg)
	store(t, s, 1, 10)
	data := fetch(t, cfg, block1+".manifest.json")
	put(t, cfg, block1+".manifest.json", bytes.Replace(data, []byte(`"version":1`), []byte(`"version":2`), 1))
	_, problems := read(t, s)
	if len(problems) != 1 || !bytes.Contains([]byte(problems[0]), []byte("is of version 2")) {
		t.Errorf("problems: got %q, want one about version 2", problems)
	}
}
