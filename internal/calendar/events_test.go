package calendar_test

import (
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	cal := calendar.XNYS()
	full, ok := cal.Session(date(t, "2026-12-23"))
	if !ok {
		t.Fatal("got no session on 2026-12-23, want one")
	}
	early, ok := cal.Session(date(t, "2026-12-24"))
	if !ok {
		t.Fatal("got no session on 2026-12-24, want one")
	}
	tests := []struct {
		name  string
		event schemas.Event
		id    string
		at    time.Time
	}{
		{"opened", full.Opened(), "XNYS:session:opened:2026-12-23T14:30:00Z", full.Open},
		{"closed", full.Closed(), "XNYS:session:closed:2026-12-23T21:00:00Z", full.Close},
		{"early close", early.Closed(), "XNYS:session:early_close:2026-12-24T18:00:00Z", early.Close},
		{"tick at the opening", cal.Tick(full.Open), "XNYS:clock:opened:2026-12-23T14:30:00Z", full.Open},
		{"tick at the close", cal.Tick(full.Close), "XNYS:clock:closed:2026-12-23T21:00:00Z", full.Close},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := test.event.Validate(); err != nil {
				t.Errorf("got %v, want a valid event", err)
			}
			if test.event.ID != test.id || !test.event.Time.Equal(test.at) {
				t.Errorf("got %s at %s, want %s at %s", test.event.ID, test.event.Time, test.id, test.at)
			}
		})
	}
}
