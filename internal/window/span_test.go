package window_test

import (
	"testing"
	"time"

	"cashtag/internal/window"
)

func at(t *testing.T, text string) int64 {
	t.Helper()
	when, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return when.UnixNano()
}

func text(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05") }

func TestOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind       window.Kind
		at         string
		start, end string // empty for no window
	}{
		"minute":                        {window.Minute, "2014-06-02 13:30:59", "2014-06-02 13:30:00", "2014-06-02 13:31:00"},
		"20m at its start":              {window.TwentyMinutes, "2014-06-02 13:30:00", "2014-06-02 13:30:00", "2014-06-02 13:50:00"},
		"20m at its last second":        {window.TwentyMinutes, "2014-06-02 13:29:59", "2014-06-02 13:10:00", "2014-06-02 13:30:00"},
		"20m over midnight":             {window.TwentyMinutes, "2014-06-02 00:05:00", "2014-06-01 23:50:00", "2014-06-02 00:10:00"},
		"preopen of Monday on a Sunday": {window.Preopen, "2014-06-01 12:00:00", "2014-05-30 20:00:00", "2014-06-02 13:30:00"},
		"preopen ends at the open":      {window.Preopen, "2014-06-02 13:30:00", "", ""},
		"session":                       {window.Session, "2014-06-02 13:30:00", "2014-06-02 13:30:00", "2014-06-02 20:00:00"},
		"session ends at the close":     {window.Session, "2014-06-02 20:00:00", "", ""},
		"early close":                   {window.Session, "2014-07-03 16:00:00", "2014-07-03 13:30:00", "2014-07-03 17:00:00"},
		"day over a holiday":            {window.WholeDay, "2014-07-04 12:00:00", "2014-07-03 17:00:00", "2014-07-07 20:00:00"},
		"day at the close is the next":  {window.WholeDay, "2014-06-02 20:00:00", "2014-06-02 20:00:00", "2014-06-03 20:00:00"},
		"session in winter":             {window.Session, "2014-12-01 14:30:00", "2014-12-01 14:30:00", "2014-12-01 21:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			span, ok := window.XNYS().Of(test.kind, at(t, test.at))
			if ok != (test.start != "") {
				t.Fatalf("got a window: %t, want %t", ok, test.start != "")
			}
			if ok && (text(span.Start) != test.start || text(span.End) != test.end) {
				t.Errorf("got %s to %s, want %s to %s", text(span.Start), text(span.End), test.start, test.end)
			}
		})
	}
}

func TestTrailing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind window.Kind
		at   string
		want []string // starts
	}{
		"day":               {window.WholeDay, "2014-07-07 15:00:00", []string{"2014-07-02 20:00:00", "2014-07-01 20:00:00"}},
		"session":           {window.Session, "2014-07-07 15:00:00", []string{"2014-07-03 13:30:00", "2014-07-02 13:30:00"}},
		"20m":               {window.TwentyMinutes, "2014-07-07 15:00:00", []string{"2014-07-03 14:50:00", "2014-07-02 14:50:00"}},
		"20m after a close": {window.TwentyMinutes, "2014-07-07 22:00:00", []string{"2014-07-03 21:50:00", "2014-07-02 21:50:00"}},
		"minute, Saturday":  {window.Minute, "2014-07-05 15:00:30", []string{"2014-07-03 15:00:00", "2014-07-02 15:00:00"}},
		"minute over the change of clocks": {
			window.Minute, "2014-03-10 14:00:00", []string{"2014-03-07 15:00:00", "2014-03-06 15:00:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			market := window.XNYS()
			span, ok := market.Of(test.kind, at(t, test.at))
			if !ok {
				t.Fatal("no window")
			}
			got := market.Trailing(nil, test.kind, span, len(test.want))
			if len(got) != len(test.want) {
				t.Fatalf("got %d spans, want %d", len(got), len(test.want))
			}
			for i, want := range test.want {
				if text(got[i].Start) != want {
					t.Errorf("span %d: got %s, want %s", i, text(got[i].Start), want)
				}
			}
		})
	}
}

func TestDayIsOneOfEveryMoment(t *testing.T) {
	t.Parallel()
	market := window.XNYS()
	for moment := at(t, "2014-06-28 00:00:00"); moment < at(t, "2014-07-12 00:00:00"); moment += int64(7 * time.Minute) {
		span, ok := market.Of(window.WholeDay, moment)
		day := market.Day(moment)
		if !ok || span != (window.Span{Start: market.Start(day), End: market.Close(day)}) {
			t.Fatalf("%s: got %v, %t", text(moment), span, ok)
		}
		_, preopen := market.Of(window.Preopen, moment)
		_, session := market.Of(window.Session, moment)
		if preopen == session {
			t.Fatalf("%s: in the preopen %t, in the session %t", text(moment), preopen, session)
		}
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	for _, kind := range window.Kinds() {
		if got, err := window.ParseKind(kind.String()); err != nil || got != kind {
			t.Errorf("%s: got %v, %v", kind, got, err)
		}
	}
	if _, err := window.ParseKind("5m"); err == nil {
		t.Error("5m: got no error")
	}
}
