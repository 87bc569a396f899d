//go:build shared

package calendar_test

import (
	"cmp"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"cashtag/internal/calendar"
)

// TestRecordedSessions compares every weekday of 1990 to 2020 with the record.
func TestRecordedSessions(t *testing.T) {
	t.Parallel()
	rows := record(t, "sessions_1990_2020.csv")
	next := 0
	cal := calendar.XNYS()
	for d, end := date(t, "1990-01-01"), date(t, "2020-12-31"); d.Compare(end) <= 0; d = d.AddDays(1) {
		s, ok := cal.Session(d)
		recorded := next < len(rows) && rows[next][0] == d.String()
		if ok != recorded {
			t.Errorf("%s: got a session %t, want %t", d, ok, recorded)
		}
		if !recorded {
			continue
		}
		if got, want := s.Open.Format("15:04")+" "+s.Close.Format("15:04"), rows[next][1]+" "+rows[next][2]; ok && got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
		next++
	}
	if next != len(rows) || next < 7000 {
		t.Errorf("got %d rows compared, want all %d", next, len(rows))
	}
}

// TestRecordedExceptions compares the closed weekdays and the early closes.
func TestRecordedExceptions(t *testing.T) {
	t.Parallel()
	cal := calendar.XNYS()
	for _, row := range record(t, "exceptions_1990_2020.csv") {
		d := date(t, row[0])
		s, ok := cal.Session(d)
		name, holiday := cal.Holiday(d)
		switch row[1] {
		case "closed":
			if ok || !holiday || name == "" {
				t.Errorf("%s: got session %t, holiday %q, want a named holiday", d, ok, name)
			}
		case "early_close":
			if !ok || !s.Early || s.Why == "" {
				t.Errorf("%s: got session %t %+v, want a named early close", d, ok, s)
			}
		default:
			t.Errorf("%s: got kind %q", d, row[1])
		}
	}
}

func record(t *testing.T, name string) [][]string {
	t.Helper()
	root := cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data"))
	f, err := os.Open(filepath.Join(root, "xnys", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}
