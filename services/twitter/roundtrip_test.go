package twitter_test

import (
	"testing"

	"cashtag/internal/demo"
)

// TestDemoDayThroughTheWire is the promise that a day played through the stand-in
// is the day itself.
func TestDemoDayThroughTheWire(t *testing.T) {
	t.Parallel()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	posts, _ := tweetsOf(t, day.Events())
	playThrough(t, posts, day.Tickers())
}
