package xd

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
	tweet, user map[string]bool
	author      bool
	renamed     bool
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
		user:    set("user.fields"),
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

// data is the post on the wire.
func (w wanted) data(p post) object {
	t := p.tweet
	data := object{
		"id":   t.PostID,
		"text": t.Text,
		w.named("edit_history_tweet_ids", "edit_history_post_ids"): []string{t.PostID},
	}
	if w.tweet["created_at"] {
		data["created_at"] = stamp(t.CreatedAt)
	}
	if w.tweet["author_id"] || w.author {
		data["author_id"] = t.Author.ID
	}
	if w.tweet["lang"] && t.Lang != "" {
		data["lang"] = t.Lang
	}
	if w.tweet["conversation_id"] {
		data["conversation_id"] = t.PostID
	}
	if w.tweet["public_metrics"] {
		data["public_metrics"] = map[string]int64{
			w.named("retweet_count", "repost_count"): t.Reposts,
			"reply_count":                            t.Replies, "like_count": t.Likes, "quote_count": t.Quotes,
			"bookmark_count": 0, "impression_count": 0,
		}
	}
	if w.tweet["entities"] && len(p.tags) > 0 {
		data["entities"] = object{"cashtags": cashtags(p)}
	}
	if w.tweet["referenced_tweets"] {
		if references := w.references(t); len(references) > 0 {
			data[w.named("referenced_tweets", "referenced_posts")] = references
		}
	}
	return data
}

func (w wanted) references(t *schemas.Tweet) []map[string]string {
	var references []map[string]string
	for _, each := range []struct{ kind, id string }{
		{"retweeted", t.RepostOf}, {"quoted", t.QuoteOf}, {"replied_to", t.ReplyTo},
	} {
		if each.id != "" {
			references = append(references, map[string]string{"type": each.kind, "id": each.id})
		}
	}
	return references
}

// users are the authors of posts, each once.
func (w wanted) users(posts []post) []object {
	var users []object
	seen := make(map[string]bool)
	for _, p := range posts {
		author := &p.tweet.Author
		if seen[author.ID] {
			continue
		}
		seen[author.ID] = true
		user := object{"id": author.ID, "name": "Author " + author.ID, "username": "author" + author.ID}
		if w.user["created_at"] && author.CreatedAt != nil {
			user["created_at"] = stamp(*author.CreatedAt)
		}
		if w.user["verified"] {
			user["verified"] = author.Verified
		}
		if w.user["verified_type"] {
			user["verified_type"] = "none"
			if author.Verified {
				user["verified_type"] = "blue"
			}
		}
		if w.user["public_metrics"] {
			user["public_metrics"] = map[string]int64{
				"followers_count": author.Followers, "following_count": author.Following,
				w.named("tweet_count", "post_count"): author.Posts, "listed_count": author.Listed,
			}
		}
		users = append(users, user)
	}
	return users
}

// cashtags marks the cashtags of a post by code points, the end excluded. One that
// the text does not have is marked at its start.
func cashtags(p post) []object {
	marks := make([]object, len(p.tags))
	capitals := strings.ToUpper(p.tweet.Text)
	for i, tag := range p.tags {
		start, end := 0, 0
		if at := strings.Index(capitals, "$"+tag); at >= 0 {
			start = utf8.RuneCountInString(capitals[:at])
			end = start + 1 + len(tag)
		}
		marks[i] = object{"start": start, "end": end, "tag": tag}
	}
	return marks
}

// stamp is a time as X writes it, to the millisecond, unless that would lose some
// of it.
func stamp(at time.Time) string {
	if at.Nanosecond()%int(time.Millisecond) != 0 {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}
