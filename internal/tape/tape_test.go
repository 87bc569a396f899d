package tape_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cashtag/internal/tape"
	"cashtag/schemas"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		fsys fs.FS
		want error
	}{
		{"empty", fstest.MapFS{}, tape.ErrNoTape},
		{"other files", fstest.MapFS{"README.md": file("hello")}, tape.ErrNoTape},
		{"folders without a file", fstest.MapFS{"tweet/raw/AAPL": {Mode: fs.ModeDir | 0o755}}, tape.ErrNoTape},
		{"strays beside the folders", fstest.MapFS{"tweet/raw/LICENSE": file("mit"), "tweet/raw/AAPL/2024-07-03": file(goodStatus)}, nil},
		{"events", fstest.MapFS{"a.ndjson": file(goodEvent)}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opened, err := tape.Open(test.fsys, tape.Options{})
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err == nil && opened.Bad() != 0 {
				t.Errorf("got %d bad rows, want 0", opened.Bad())
			}
		})
	}
}

// TestReadError checks that a file that cannot be read ends the tape with an
// error, in both layouts, and is not taken for a bad row.
func TestReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	stockNet := failing{fstest.MapFS{"tweet/raw/AAPL/2024-07-03": file(goodStatus)}, broken}
	if _, err := tape.OpenStockNet(stockNet, tape.Options{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of reading", err)
	}
	for _, names := range [][]string{{"a.ndjson"}, {"a.ndjson", "b.ndjson"}} {
		fsys := failing{fstest.MapFS{"a.ndjson": file(goodEvent), "b.ndjson": file(goodEvent)}, broken}
		opened, err := tape.OpenEvents(fsys, names, tape.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range opened.Events() {
			last = err
		}
		if !errors.Is(last, broken) || opened.Bad() != 0 {
			t.Errorf("%v: got %v and %d bad rows, want the error of reading", names, last, opened.Bad())
		}
	}
}

// failing is a file system whose files cannot be read.
type failing struct {
	fs.StatFS
	err error
}

func (f failing) Open(name string) (fs.File, error) {
	opened, err := f.StatFS.Open(name)
	if err != nil || strings.HasSuffix(name, "raw") || strings.HasSuffix(name, "AAPL") {
		return opened, err
	}
	return failingFile{opened, f.err}, nil
}

type failingFile struct {
	fs.File
	err error
}

func (f failingFile) Read([]byte) (int, error) { return 0, f.err }

func TestFingerprint(t *testing.T) {
	t.Parallel()
	tape1 := fstest.MapFS{"tweet/raw/AAPL/2024-07-03": file(goodStatus), "price/raw/AAPL.csv": file(goodHeader)}
	longer := fstest.MapFS{"tweet/raw/AAPL/2024-07-03": file(goodStatus + "\n"), "price/raw/AAPL.csv": file(goodHeader)}
	renamed := fstest.MapFS{"tweet/raw/AAPL/2024-07-04": file(goodStatus), "price/raw/AAPL.csv": file(goodHeader)}
	beside := fstest.MapFS{"tweet/raw/AAPL/2024-07-03": file(goodStatus), "price/raw/AAPL.csv": file(goodHeader), "README.md": file("x")}
	mark := func(fsys fs.FS, options tape.Options) string {
		opened, err := tape.Open(fsys, options)
		if err != nil {
			t.Fatal(err)
		}
		return opened.Fingerprint()
	}
	first := mark(tape1, tape.Options{})
	if len(first) != 12 {
		t.Errorf("got %q, want 12 hex digits", first)
	}
	if got := mark(beside, tape.Options{}); got != first {
		t.Errorf("got %s with a file beside the tape, want %s", got, first)
	}
	for name, got := range map[string]string{
		"a longer file": mark(longer, tape.Options{}),
		"a renamed one": mark(renamed, tape.Options{}),
		"all prices":    mark(tape1, tape.Options{AllPrices: true}),
	} {
		if got == first {
			t.Errorf("%s: got the same fingerprint %s, want another", name, got)
		}
	}
}

// TestEventsRoundTrip plays a StockNet tape, writes its events as NDJSON and
// plays those: the same events in the same order. Split by stream into two
// files they are merged by time.
func TestEventsRoundTrip(t *testing.T) {
	t.Parallel()
	want := events(t, os.DirFS(filepath.Join("testdata", "stocknet")), tape.Options{})
	var all, tweets, others strings.Builder
	for _, event := range want {
		encoded := encode(t, event) + "\n"
		all.WriteString(encoded)
		if _, tweet := event.Data.(*schemas.Tweet); tweet {
			tweets.WriteString(encoded)
		} else {
			others.WriteString(encoded)
		}
	}
	got := events(t, fstest.MapFS{"day.ndjson": file(all.String())}, tape.Options{})
	if !slices.Equal(encodeAll(t, got), encodeAll(t, want)) {
		t.Errorf("got %d events, want the same %d in the same order", len(got), len(want))
	}
	merged := events(t, fstest.MapFS{"tweets.ndjson": file(tweets.String()), "rest.ndjson": file(others.String())}, tape.Options{})
	if len(merged) != len(want) {
		t.Fatalf("got %d events merged, want %d", len(merged), len(want))
	}
	for i := range merged {
		if !merged[i].Time.Equal(want[i].Time) {
			t.Fatalf("event %d: got time %s, want %s", i, merged[i].Time, want[i].Time)
		}
	}
}

// TestEventsStop checks that a player may stop in the middle and begin again.
func TestEventsStop(t *testing.T) {
	t.Parallel()
	for name, fsys := range map[string]fs.FS{
		"stocknet": os.DirFS(filepath.Join("testdata", "stocknet")),
		"one file": fstest.MapFS{"a.ndjson": file(goodEvent + "\n" + goodEvent)},
		"merged":   fstest.MapFS{"a.ndjson": file(goodEvent + "\n" + goodEvent), "b.ndjson": file(goodEvent)},
	} {
		opened, err := tape.Open(fsys, tape.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			n := 0
			for _, err := range opened.Events() {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n == 2 {
					break
				}
			}
			if n != 2 {
				t.Errorf("%s: got %d events, want to stop at 2", name, n)
			}
		}
	}
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

// play returns all events of a tape and its bad rows, and checks what holds for
// every tape: its events are valid and their time never goes back.
func play(t *testing.T, fsys fs.FS, options tape.Options) ([]schemas.Event, []tape.BadRow) {
	t.Helper()
	var bad []tape.BadRow
	options.OnBad = func(row tape.BadRow) { bad = append(bad, row) }
	opened, err := tape.Open(fsys, options)
	if err != nil {
		t.Fatal(err)
	}
	var played []schemas.Event
	for event, err := range opened.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if err := event.Validate(); err != nil {
			t.Fatalf("event %s: %v", event.ID, err)
		}
		if n := len(played); n > 0 && event.Time.Before(played[n-1].Time) {
			t.Fatalf("event %s of %s comes after %s", event.ID, event.Time, played[n-1].Time)
		}
		played = append(played, event)
	}
	if int(opened.Bad()) != len(bad) {
		t.Errorf("got %d bad rows counted, want the %d reported", opened.Bad(), len(bad))
	}
	return played, bad
}

func events(t *testing.T, fsys fs.FS, options tape.Options) []schemas.Event {
	t.Helper()
	played, bad := play(t, fsys, options)
	if len(bad) != 0 {
		t.Fatalf("got bad rows %v, want none", bad)
	}
	return played
}

func only[T schemas.Data](played []schemas.Event) []T {
	var found []T
	for _, event := range played {
		if data, ok := event.Data.(T); ok {
			found = append(found, data)
		}
	}
	return found
}

func encode(t *testing.T, event schemas.Event) string {
	t.Helper()
	encoded, err := event.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func encodeAll(t *testing.T, played []schemas.Event) []string {
	t.Helper()
	lines := make([]string, len(played))
	for i, event := range played {
		lines[i] = encode(t, event)
	}
	return lines
}
