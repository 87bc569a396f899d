package xd

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"cashtag/schemas"

	"github.com/go-json-experiment/json/jsontext"
)

// Posts are written by hand, names in alphabetical order: a map a post would cost
// more than all that the client does with it.

// quoted appends a JSON string. What is not UTF-8 becomes U+FFFD.
func quoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error says only that
	return b
}

// named appends a name and a string.
func named(b []byte, name, value string) []byte {
	return quoted(append(append(append(b, '"'), name...), `":`...), value)
}

// counted appends a name and a number.
func counted(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(append(append(b, '"'), name...), `":`...), n, 10)
}

// line appends a post as the stream sends it, with X's line end.
func (w wanted) line(b []byte, d delivery) []byte {
	if d.raw != nil {
		return append(append(b, d.raw...), "\r\n"...)
	}
	b = w.post(append(b, `{"data":`...), d.post)
	if w.author {
		b = append(b, `,"includes":{"users":[`...)
		b = append(w.user(b, &d.post.tweet.Author), `]}`...)
	}
	b = append(b, `,"matching_rules":[`...)
	for i, r := range d.rules {
		if i > 0 {
			b = append(b, ',')
		}
		b = named(append(b, '{'), "id", r.ID)
		b = named(append(b, ','), "tag", r.Tag)
		b = append(b, '}')
	}
	return append(b, "]}\r\n"...)
}

// post appends a post.
func (w wanted) post(b []byte, p post) []byte {
	t := p.tweet
	b = append(b, '{')
	if w.tweet["author_id"] || w.author {
		b = append(named(b, "author_id", t.Author.ID), ',')
	}
	if w.tweet["conversation_id"] {
		b = append(named(b, "conversation_id", t.PostID), ',')
	}
	if w.tweet["created_at"] {
		b = append(named(b, "created_at", stamp(t.CreatedAt)), ',')
	}
	b = append(b, w.named(`"edit_history_tweet_ids":[`, `"edit_history_post_ids":[`)...)
	b = append(quoted(b, t.PostID), `],`...)
	if w.tweet["entities"] && len(p.tags) > 0 {
		b = append(cashtags(b, p), ',')
	}
	b = append(named(b, "id", t.PostID), ',')
	if w.tweet["lang"] && t.Lang != "" {
		b = append(named(b, "lang", t.Lang), ',')
	}
	if w.tweet["public_metrics"] {
		b = counted(append(b, `"public_metrics":{"bookmark_count":0,"impression_count":0,`...), "like_count", t.Likes)
		b = counted(append(b, ','), "quote_count", t.Quotes)
		b = counted(append(b, ','), "reply_count", t.Replies)
		b = append(counted(append(b, ','), w.named("retweet_count", "repost_count"), t.Reposts), `},`...)
	}
	if w.tweet["referenced_tweets"] {
		b = w.references(b, t)
	}
	return append(named(b, "text", t.Text), '}')
}

// references appends what a post repeats, quotes and answers, and a comma, or
// nothing.
func (w wanted) references(b []byte, t *schemas.Tweet) []byte {
	if t.RepostOf == "" && t.QuoteOf == "" && t.ReplyTo == "" {
		return b
	}
	b = append(b, w.named(`"referenced_tweets":[`, `"referenced_posts":[`)...)
	for _, each := range [...]struct{ kind, id string }{
		{"retweeted", t.RepostOf}, {"quoted", t.QuoteOf}, {"replied_to", t.ReplyTo},
	} {
		if each.id != "" {
			b = named(append(b, '{'), "id", each.id)
			b = append(named(append(b, ','), "type", each.kind), `},`...)
		}
	}
	return append(b[:len(b)-1], `],`...)
}

// user appends an author.
func (w wanted) user(b []byte, author *schemas.Author) []byte {
	b = append(b, '{')
	if w.users["created_at"] && author.CreatedAt != nil {
		b = append(named(b, "created_at", stamp(*author.CreatedAt)), ',')
	}
	b = append(named(b, "id", author.ID), ',')
	b = append(named(b, "name", "Author "+author.ID), ',')
	if w.users["public_metrics"] {
		b = counted(append(b, `"public_metrics":{`...), "followers_count", author.Followers)
		b = counted(append(b, ','), "following_count", author.Following)
		b = counted(append(b, ','), "listed_count", author.Listed)
		b = append(counted(append(b, ','), w.named("tweet_count", "post_count"), author.Posts), `},`...)
	}
	b = named(b, "username", "author"+author.ID)
	if w.users["verified"] {
		b = strconv.AppendBool(append(b, `,"verified":`...), author.Verified)
	}
	if w.users["verified_type"] {
		kind := "none"
		if author.Verified {
			kind = "blue"
		}
		b = named(append(b, ','), "verified_type", kind)
	}
	return append(b, '}')
}

// cashtags appends the marks of the cashtags by code points, the end excluded. One
// that the text does not have is marked at its start.
func cashtags(b []byte, p post) []byte {
	b = append(b, `"entities":{"cashtags":[`...)
	capitals := strings.ToUpper(p.tweet.Text)
	for i, tag := range p.tags {
		start, end := 0, 0
		if at := strings.Index(capitals, "$"+tag); at >= 0 {
			start = utf8.RuneCountInString(capitals[:at])
			end = start + 1 + len(tag)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = counted(append(b, '{'), "end", int64(end))
		b = counted(append(b, ','), "start", int64(start))
		b = append(named(append(b, ','), "tag", tag), '}')
	}
	return append(b, `]}`...)
}

// page appends posts of recent search, and their authors where they were asked for.
func (w wanted) page(found []post) (data, users []byte) {
	data, users = []byte{'['}, []byte{'['}
	seen := make(map[string]bool)
	for i, p := range found {
		if i > 0 {
			data = append(data, ',')
		}
		data = w.post(data, p)
		if author := &p.tweet.Author; !seen[author.ID] {
			if len(seen) > 0 {
				users = append(users, ',')
			}
			seen[author.ID] = true
			users = w.user(users, author)
		}
	}
	return append(data, ']'), append(users, ']')
}
