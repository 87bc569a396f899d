package xd

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cashtag/schemas"
)

// post is a published one: what it says, the number that its id is, and the
// cashtags that X would mark.
type post struct {
	tweet *schemas.Tweet
	id    uint64
	tags  []string
}

// newPost takes the post of an event.
func newPost(event schemas.Event) (post, error) {
	tweet, ok := event.Data.(*schemas.Tweet)
	if !ok || tweet.Platform != schemas.PlatformX {
		return post{}, fmt.Errorf("x: event %s is no post of X: it is %s", event.ID, event.Type)
	}
	id, err := strconv.ParseUint(tweet.PostID, 10, 64)
	if err != nil {
		return post{}, fmt.Errorf("x: event %s: post id %q: want a number", event.ID, tweet.PostID)
	}
	tags := make([]string, 0, len(tweet.Tickers))
	for _, tag := range slices.Concat(tweet.Tickers, tweet.Cashtags) {
		// X writes the class of a share behind a dot.
		if tag = strings.ReplaceAll(tag, "-", "."); !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return post{tweet: tweet, id: id, tags: tags}, nil
}

// wanted are the fields that a client asked for beside those that always come.
type wanted struct {
	tweet, users map[string]bool
	author       bool
	renamed      bool
}

func wantedOf(query url.Values, renamed bool) wanted {
	set := func(name string) map[string]bool {
		fields := make(map[string]bool)
		for field := range strings.SplitSeq(query.Get(name), ",") {
			fields[field] = true
		}
		return fields
	}
	return wanted{
		tweet:   set("tweet.fields"),
		users:   set("user.fields"),
		author:  set("expansions")["author_id"],
		renamed: renamed,
	}
}

// named is the name of a field in the generation that is served.
func (w wanted) named(before, after string) string {
	if w.renamed {
		return after
	}
	return before
}

// object is a JSON object of X.
type object = map[string]any

// stamp is a time as X writes it, to the millisecond, unless that would lose some
// of it.
func stamp(at time.Time) string {
	if at.Nanosecond()%int(time.Millisecond) != 0 {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}
