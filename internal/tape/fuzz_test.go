package tape_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"cashtag/internal/tape"
	"cashtag/schemas"
)

// Each line of a fuzzed file either plays as a valid event (play checks that) or
// is reported, and nothing panics.

func FuzzTweetLine(f *testing.F) {
	f.Add(goodStatus)
	f.Add(`{"id":12,"created_at":"Thu May 01 05:54:53 +0000 2014","full_text":"$a$b.c- \ud83d","user":{"id":1}}`)
	f.Add(`{"id_str":"1","created_at":"Thu May 01 05:54:53 +0000 2014","retweeted_status":null,"extended_tweet":null}`)
	f.Fuzz(func(t *testing.T, line string) {
		line, _, _ = strings.Cut(line, "\n")
		played, bad := play(t, fstest.MapFS{"tweet/raw/AAPL/d": file(line)}, tape.Options{})
		rows := len(only[*schemas.Tweet](played)) + len(bad)
		if want := rowsIn(line); rows != want {
			t.Errorf("got %d rows played or reported, want %d", rows, want)
		}
	})
}

func FuzzPriceRow(f *testing.F) {
	f.Add("2014-05-01,95.1,96.4,94.9,96.4,87.1,91973000")
	f.Add("2014-05-01,null,1e309,-0,0x1p-2,NaN,1.5")
	f.Fuzz(func(t *testing.T, line string) {
		line, _, _ = strings.Cut(line, "\n")
		played, bad := play(t, fstest.MapFS{"price/raw/AAPL.csv": file(goodHeader + line)}, tape.Options{})
		rows := len(only[*schemas.Quote](played)) + len(bad)
		if want := rowsIn(line); rows != want {
			t.Errorf("got %d rows played or reported, want %d", rows, want)
		}
	})
}

func FuzzEventLine(f *testing.F) {
	f.Add(goodEvent)
	f.Add(`{"type":"cashtag.tweet.v1","data":null}`)
	f.Fuzz(func(t *testing.T, line string) {
		line, _, _ = strings.Cut(line, "\n")
		played, bad := play(t, fstest.MapFS{"a.ndjson": file(line)}, tape.Options{})
		if rows, want := len(played)+len(bad), rowsIn(line); rows != want {
			t.Errorf("got %d rows played or reported, want %d", rows, want)
		}
	})
}

func rowsIn(line string) int {
	if strings.TrimSpace(line) == "" {
		return 0
	}
	return 1
}
