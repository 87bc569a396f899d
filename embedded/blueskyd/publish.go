package blueskyd

import (
	"fmt"
	"strings"
	"time"

	"cashtag/schemas"

	"github.com/go-json-experiment/json"
)

type record struct {
	Type      string   `json:"$type"`
	CreatedAt string   `json:"createdAt"`
	Embed     *embed   `json:"embed,omitzero"`
	Facets    []facet  `json:"facets,omitempty"`
	Langs     []string `json:"langs,omitempty"`
	Reply     *reply   `json:"reply,omitzero"`
	Text      string   `json:"text"`
}

type embed struct {
	Type   string `json:"$type"`
	Record link   `json:"record"`
}

type reply struct {
	Parent link `json:"parent"`
	Root   link `json:"root"`
}

type link struct {
	CID string `json:"cid"`
	URI string `json:"uri"`
}

type facet struct {
	Features []feature `json:"features"`
	Index    index     `json:"index"`
}

type feature struct {
	Type string `json:"$type"`
	Tag  string `json:"tag"`
}

type index struct {
	ByteEnd   int `json:"byteEnd"`
	ByteStart int `json:"byteStart"`
}

// Publish plays events, in order. Each is a tweet of the platform bluesky; one that
// is not, or that holds what Bluesky cannot carry, is an error, and neither it nor
// what comes behind it is played.
func (s *Server) Publish(events ...schemas.Event) error {
	for _, event := range events {
		e, at, err := entryOf(event)
		if err != nil {
			return fmt.Errorf("blueskyd: event %s: %w", event.ID, err)
		}
		s.ring.add(e, ceilMicros(at))
	}
	return nil
}

// Delete plays the deletion of a post, seen at the time of the last frame or at at,
// whichever is later.
func (s *Server) Delete(postID string, at time.Time) error {
	did, rkey, ok := strings.Cut(postID, "/")
	if !ok || did == "" || rkey == "" {
		return fmt.Errorf("blueskyd: post id %q: want <did>/<rkey>", postID)
	}
	s.ring.add(entry{kind: kindCommit, did: did, operation: "delete", collection: posts, rkey: rkey}, ceilMicros(at))
	return nil
}

func entryOf(event schemas.Event) (entry, time.Time, error) {
	tweet, ok := event.Data.(*schemas.Tweet)
	if !ok || tweet.Platform != schemas.PlatformBluesky {
		return entry{}, time.Time{}, fmt.Errorf("it is a %s: want a tweet of the platform %s", event.Type, schemas.PlatformBluesky)
	}
	did, rkey, ok := strings.Cut(tweet.PostID, "/")
	switch {
	case !ok || !strings.HasPrefix(did, "did:") || rkey == "":
		return entry{}, time.Time{}, fmt.Errorf("post id %q: want <did>/<rkey>", tweet.PostID)
	case tweet.Author != schemas.Author{ID: did}:
		return entry{}, time.Time{}, fmt.Errorf("author: Bluesky carries the id %s and nothing else", did)
	case tweet.RepostOf != "" || tweet.Likes+tweet.Reposts+tweet.Replies+tweet.Quotes != 0:
		return entry{}, time.Time{}, fmt.Errorf("repost_of is %q and there are counts: Bluesky carries neither", tweet.RepostOf)
	case len(tweet.Text) > maxText:
		return entry{}, time.Time{}, fmt.Errorf("text has %d bytes: Bluesky takes %d", len(tweet.Text), maxText)
	case !event.Time.Equal(tweet.CreatedAt):
		return entry{}, time.Time{}, fmt.Errorf("time is %s and created_at %s: Bluesky carries one", event.Time, tweet.CreatedAt)
	}
	r := record{
		Type:      posts,
		CreatedAt: tweet.CreatedAt.UTC().Format(time.RFC3339Nano),
		Facets:    facets(tweet.Text, tweet.Cashtags),
		Text:      tweet.Text,
	}
	if tweet.Lang != "" {
		r.Langs = []string{tweet.Lang}
	}
	if tweet.ReplyTo != "" {
		r.Reply = &reply{Parent: linkTo(tweet.ReplyTo), Root: linkTo(tweet.ReplyTo)}
	}
	if tweet.QuoteOf != "" {
		r.Embed = &embed{Type: "app.bsky.embed.record", Record: linkTo(tweet.QuoteOf)}
	}
	e, err := commitOf(did, rkey, r)
	return e, tweet.CreatedAt, err
}

func commitOf(did, rkey string, r record) (entry, error) {
	encoded, err := json.Marshal(r)
	if err != nil {
		return entry{}, fmt.Errorf("encode record: %w", err)
	}
	if len(encoded) > maxRecord {
		return entry{}, fmt.Errorf("record has %d bytes: want %d at most", len(encoded), maxRecord)
	}
	return entry{kind: kindCommit, did: did, operation: "create", collection: posts, rkey: rkey, record: encoded}, nil
}

// facets marks where the text names the cashtags, in bytes.
func facets(text string, tags []string) []facet {
	var marked []facet
	upper := asciiUpper(text)
	for at := 0; at < len(upper); {
		i := strings.IndexByte(upper[at:], '$')
		if i < 0 {
			break
		}
		at += i
		tag := ""
		for _, t := range tags {
			if len(t) > len(tag) && strings.HasPrefix(upper[at+1:], t) && ends(upper[at+1+len(t):]) {
				tag = t
			}
		}
		if tag != "" {
			marked = append(marked, facet{
				Features: []feature{{Type: "app.bsky.richtext.facet#tag", Tag: "$" + tag}},
				Index:    index{ByteStart: at, ByteEnd: at + 1 + len(tag)},
			})
		}
		at += 1 + len(tag)
	}
	return marked
}

// ends reports whether a symbol ends before rest.
func ends(rest string) bool {
	if rest == "" {
		return true
	}
	c := rest[0]
	return (c < 'A' || c > 'Z') && (c < '0' || c > '9')
}

// asciiUpper capitalises without moving a byte.
func asciiUpper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func linkTo(postID string) link {
	did, rkey, _ := strings.Cut(postID, "/")
	return link{CID: "bafyreidemo" + rkey, URI: "at://" + did + "/" + posts + "/" + rkey}
}

// ceilMicros rounds up, so that a post is not seen before it was written.
func ceilMicros(at time.Time) int64 {
	return at.Add(time.Microsecond - time.Nanosecond).UnixMicro()
}
