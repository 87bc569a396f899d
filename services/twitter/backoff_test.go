package twitter_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 24, 17, 0, 0, 0, time.UTC)
	limited := func(reset time.Duration) error {
		return &twitter.StatusError{Status: 429, Reset: now.Add(reset)}
	}
	seconds := func(waits ...float64) []time.Duration {
		durations := make([]time.Duration, len(waits))
		for i, wait := range waits {
			durations[i] = time.Duration(wait * float64(time.Second))
		}
		return durations
	}
	for name, test := range map[string]struct {
		err  error
		want []time.Duration
	}{
		"network is linear":          {io.ErrUnexpectedEOF, seconds(0, .25, .5, .75, 1)},
		"silence":                    {twitter.ErrSilent, seconds(0, .25)},
		"operational disconnect":     {&twitter.StreamError{Title: "operational-disconnect"}, seconds(0, .25)},
		"server doubles":             {&twitter.StatusError{Status: 503}, seconds(5, 10, 20, 40, 80, 160, 320, 320)},
		"too many connections":       {&twitter.StreamError{Title: "ConnectionException"}, seconds(5, 10)},
		"rate limit doubles":         {&twitter.StatusError{Status: 429}, seconds(60, 120, 240, 480, 900, 900)},
		"rate limit waits for reset": {limited(5 * time.Minute), seconds(300, 300, 300, 480)},
		"a reset gone by":            {limited(-time.Minute), seconds(60, 120)},
		"a reset that cannot be":     {limited(1000 * time.Hour), seconds(86400)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schedule := twitter.NewSchedule()
			var got []time.Duration
			for range test.want {
				retry, ok := errors.AsType[*ingest.Retry](schedule.Judge(test.err, now))
				if !ok || !errors.Is(retry, test.err) {
					t.Fatalf("got no retry of %v", test.err)
				}
				got = append(got, retry.After)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			schedule.Healthy()
			if retry, _ := errors.AsType[*ingest.Retry](schedule.Judge(test.err, now)); retry.After != test.want[0] {
				t.Errorf("got %s after a healthy connection, want %s", retry.After, test.want[0])
			}
		})
	}
}

func TestNetworkWaitsNoLongerThanItsMost(t *testing.T) {
	t.Parallel()
	schedule := twitter.NewSchedule()
	var last error
	for range 100 {
		last = schedule.Judge(io.EOF, time.Time{})
	}
	if retry, _ := errors.AsType[*ingest.Retry](last); retry.After != 16*time.Second {
		t.Errorf("got %s, want 16s", retry.After)
	}
}

// TestNoRulesIsMendedOnce sets the rules again after the first 409, and gives up at
// the second.
func TestNoRulesIsMendedOnce(t *testing.T) {
	t.Parallel()
	schedule := twitter.NewSchedule()
	none := &twitter.StatusError{Status: 409}
	if err := schedule.Judge(none, time.Time{}); ingest.IsFatal(err) {
		t.Errorf("first: got %v, want a retry", err)
	}
	if err := schedule.Judge(none, time.Time{}); !ingest.IsFatal(err) {
		t.Errorf("second: got %v, want it fatal", err)
	}
}
