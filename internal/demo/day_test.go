package demo_test

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/internal/demo"
	"cashtag/schemas"
)

// The day as it was published. Whoever changes the day changes its fingerprint
// too, since a place in the old day means nothing in the new one.
const (
	wantFingerprint = "demo-2"
	wantHash        = "6c82a9faa3e4f17b"
)

func TestDayIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	first, second := hash(t, newDay(t)), hash(t, newDay(t))
	if first != second {
		t.Fatalf("got %s, then %s, want the same twice", first, second)
	}
	fingerprint := newDay(t).Fingerprint()
	if first != wantHash || fingerprint != wantFingerprint {
		t.Errorf("got day %s with fingerprint %s, want %s with %s", first, fingerprint, wantHash, wantFingerprint)
	}
}

// TestDayCannotPassForReal holds every event to what marks it as made up.
func TestDayCannotPassForReal(t *testing.T) {
	t.Parallel()
	link, handle := regexp.MustCompile(`https?://([^/\s]*)`), regexp.MustCompile(`@\w+`)
	for _, event := range events(t) {
		if !strings.HasPrefix(event.ID, schemas.DemoPrefix) || !schemas.IsDemo(event.Source) {
			t.Fatalf("got event %s of %s, want both marked demo", event.ID, event.Source)
		}
		tweet, ok := event.Data.(*schemas.Tweet)
		if !ok {
			continue
		}
		for _, found := range link.FindAllStringSubmatch(tweet.Text, -1) {
			if found[1] != "example.com" {
				t.Errorf("got a link to %s in %q, want example.com", found[1], tweet.Text)
			}
		}
		for _, found := range handle.FindAllString(tweet.Text, -1) {
			if !strings.HasPrefix(found, "@demo_") {
				t.Errorf("got %s in %q, want @demo_ handles", found, tweet.Text)
			}
		}
	}
}

// TestDayIsWellFormed holds every event to its schema and the day to its order.
func TestDayIsWellFormed(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	var last time.Time
	counts := make(map[schemas.Type]int)
	for _, event := range events(t) {
		if err := event.Validate(); err != nil {
			t.Fatalf("event %s: %v", event.ID, err)
		}
		if seen[event.ID] {
			t.Fatalf("got id %s twice", event.ID)
		}
		if event.Time.Before(last) {
			t.Fatalf("got %s of %s after %s", event.ID, event.Time, last)
		}
		seen[event.ID], last = true, event.Time
		counts[event.Type]++
	}
	// 21 tickers, 390 minutes, without 20 of one halt and 5 of the other.
	if got, want := counts[schemas.TypeQuote], 21*390-25; got != want {
		t.Errorf("got %d bars, want %d", got, want)
	}
	if got := counts[schemas.TypeTweet]; got < 8000 || got > 15000 {
		t.Errorf("got %d posts, want 8000 to 15000", got)
	}
	if got := counts[schemas.TypeClock]; got != 416 {
		t.Errorf("got %d ticks, want 416: each minute from 13:15 to 20:10 UTC", got)
	}
	if got := counts[schemas.TypeSession]; got != 2 {
		t.Errorf("got %d session events, want 2", got)
	}
}

func TestPosts(t *testing.T) {
	t.Parallel()
	followed := newDay(t).Tickers()
	cashtag := regexp.MustCompile(`\$[A-Za-z]+(?:\.[A-Za-z]+)?`)
	written := make(map[string]bool)
	texts := make(map[string]bool)
	own, reposts, replies, quotes := 0, 0, 0, 0
	for _, tweet := range only[*schemas.Tweet](t) {
		var tags, tickers []string
		for _, tag := range cashtag.FindAllString(tweet.Text, -1) {
			if tag = strings.ToUpper(tag[1:]); !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
		for _, tag := range tags {
			if slices.Contains(followed, tag) {
				tickers = append(tickers, tag)
			}
		}
		if !slices.Equal(tweet.Cashtags, tags) || !slices.Equal(tweet.Tickers, tickers) {
			t.Errorf("%q: got cashtags %v and tickers %v, want %v and %v", tweet.Text, tweet.Cashtags, tweet.Tickers, tags, tickers)
		}
		if strings.ContainsAny(tweet.Text, "{}") {
			t.Errorf("got a placeholder left in %q", tweet.Text)
		}
		for _, earlier := range []string{tweet.RepostOf, tweet.ReplyTo, tweet.QuoteOf} {
			if earlier != "" && !written[earlier] {
				t.Errorf("post %s refers to %s, which was not written before it", tweet.PostID, earlier)
			}
		}
		written[tweet.PostID] = true
		switch {
		case tweet.RepostOf != "":
			reposts++
			continue
		case tweet.ReplyTo != "":
			replies++
		case tweet.QuoteOf != "":
			quotes++
		}
		own++
		texts[tweet.Text] = true
	}
	if reposts < 1000 || replies < 300 || quotes < 100 {
		t.Errorf("got %d reposts, %d replies, %d quotes, want 1000, 300 and 100 at least", reposts, replies, quotes)
	}
	if len(texts) < own*6/10 {
		t.Errorf("got %d different texts in %d posts, want six in ten at least", len(texts), own)
	}
}

// TestPlatforms holds the posts of Bluesky to what its firehose can carry.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	platforms := make(map[string]string)
	posts := make(map[string]int)
	did := regexp.MustCompile(`^did:plc:demo[2-7a-z]{20}$`)
	id := regexp.MustCompile(`^did:plc:demo[2-7a-z]{20}/3demo[2-7a-z]{8}$`)
	for _, tweet := range only[*schemas.Tweet](t) {
		platforms[tweet.PostID] = tweet.Platform
		posts[tweet.Platform]++
		for _, earlier := range []string{tweet.RepostOf, tweet.ReplyTo, tweet.QuoteOf} {
			if earlier != "" && platforms[earlier] != tweet.Platform {
				t.Errorf("post %s refers to %s, which is on another platform", tweet.PostID, earlier)
			}
		}
		if tweet.Platform != schemas.PlatformBluesky {
			continue
		}
		if tweet.Author != (schemas.Author{ID: tweet.Author.ID}) || !did.MatchString(tweet.Author.ID) || !id.MatchString(tweet.PostID) {
			t.Errorf("got author %+v of post %s, want a did and nothing else", tweet.Author, tweet.PostID)
		}
		if tweet.RepostOf != "" || tweet.Reposts+tweet.Replies+tweet.Likes+tweet.Quotes != 0 {
			t.Errorf("post %s: got a repost or counts, want neither", tweet.PostID)
		}
	}
	all := posts[schemas.PlatformX] + posts[schemas.PlatformBluesky]
	if share := ratio(posts[schemas.PlatformBluesky], all); share < 0.12 || share > 0.22 {
		t.Errorf("got %d posts of Bluesky in %d, want about one in six", posts[schemas.PlatformBluesky], all)
	}
}

func TestBars(t *testing.T) {
	t.Parallel()
	session, ok := calendar.XNYS().Session(demo.Date)
	if !ok {
		t.Fatalf("got no session on %s, want one", demo.Date)
	}
	for _, quote := range only[*schemas.Quote](t) {
		bar := quote.Bar
		if bar.Low > min(bar.Open, bar.Close) || bar.High < max(bar.Open, bar.Close) || bar.VWAP < bar.Low || bar.VWAP > bar.High {
			t.Errorf("%s %s: got a bar outside its own range: %+v", quote.Ticker, quote.QuotedAt, *bar)
		}
		if bar.Volume < 1 || bar.Trades < 1 || bar.Trades > bar.Volume {
			t.Errorf("%s %s: got volume %d in %d trades", quote.Ticker, quote.QuotedAt, bar.Volume, bar.Trades)
		}
		if !quote.QuotedAt.After(session.Open) || quote.QuotedAt.After(session.Close) {
			t.Errorf("%s: got a bar that ends at %s, outside the session", quote.Ticker, quote.QuotedAt)
		}
	}
}

func newDay(t *testing.T) *demo.Day {
	t.Helper()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// sharedDay spares the tests that only read from making up a day each.
var sharedDay = sync.OnceValues(demo.New)

func events(t *testing.T) []schemas.Event {
	t.Helper()
	day, err := sharedDay()
	if err != nil {
		t.Fatal(err)
	}
	var all []schemas.Event
	for event, err := range day.Events() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}

func only[T schemas.Data](t *testing.T) []T {
	t.Helper()
	var found []T
	for _, event := range events(t) {
		if data, ok := event.Data.(T); ok {
			found = append(found, data)
		}
	}
	return found
}

func hash(t *testing.T, day *demo.Day) string {
	t.Helper()
	sum := sha256.New()
	for event, err := range day.Events() {
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(append(encoded, '\n'))
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
