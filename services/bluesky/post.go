package bluesky

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cashtag/schemas"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxTickers is how many tickers an event may hold.
	maxTickers = 100
	// maxText bounds a post in bytes, by app.bsky.feed.post. Whoever writes a longer
	// one is seen by nobody, since no application takes it for a post.
	maxText = 3000
)

// record is an app.bsky.feed.post. Nobody checks records on their way here: what
// is no string of text is no post, but the rest is worth having without what is
// not as it should be.
type record struct {
	Text      string         `json:"text"`
	CreatedAt jsontext.Value `json:"createdAt"`
	Langs     jsontext.Value `json:"langs"`
	Facets    jsontext.Value `json:"facets"`
	Reply     jsontext.Value `json:"reply"`
	Embed     jsontext.Value `json:"embed"`
}

type facet struct {
	Index struct {
		ByteStart int `json:"byteStart"`
		ByteEnd   int `json:"byteEnd"`
	} `json:"index"`
	Features []struct {
		Type string `json:"$type"`
		Tag  string `json:"tag"`
	} `json:"features"`
}

type reply struct {
	Parent struct {
		URI string `json:"uri"`
	} `json:"parent"`
}

// embed is app.bsky.embed.record, or recordWithMedia, whose record is one deeper.
type embed struct {
	Record struct {
		URI    string `json:"uri"`
		Record struct {
			URI string `json:"uri"`
		} `json:"record"`
	} `json:"record"`
}

// post makes the event of a new post; ok is false where it is none of ours.
func (d *Decoder) post(f *frame) (event schemas.Event, ok bool, err error) {
	var r record
	if err := json.Unmarshal(f.commit.Record, &r, tolerant); err != nil {
		return schemas.Event{}, false, fmt.Errorf("decode record of %.100s: %w", postID(f), err)
	}
	if len(r.Text) > maxText {
		return schemas.Event{}, false, fmt.Errorf("post %.100s: text has %d bytes: want %d at most", postID(f), len(r.Text), maxText)
	}
	tags := cashtags(r.Text, optional[[]facet](r.Facets))
	tickers := d.tickers(tags)
	if len(tickers) == 0 {
		return schemas.Event{}, false, nil
	}
	lang, wanted := d.language(optional[[]string](r.Langs))
	if !wanted {
		return schemas.Event{}, false, nil
	}
	quoted := optional[embed](r.Embed).Record
	tweet := &schemas.Tweet{
		Platform:  schemas.PlatformBluesky,
		PostID:    postID(f),
		CreatedAt: d.createdAt(optional[string](r.CreatedAt), time.UnixMicro(f.micros).UTC()),
		Text:      r.Text,
		Lang:      lang,
		Tickers:   tickers,
		Cashtags:  tags,
		Author:    schemas.Author{ID: f.did},
		QuoteOf:   postOf(quoted.URI) + postOf(quoted.Record.URI),
		ReplyTo:   postOf(optional[reply](r.Reply).Parent.URI),
	}
	event = schemas.New(d.prefix+schemas.TweetID(tweet.Platform, tweet.PostID), d.source, tickers[0], tweet.CreatedAt, tweet)
	if err := event.Validate(); err != nil {
		return schemas.Event{}, false, fmt.Errorf("post %.100s: %w", tweet.PostID, err)
	}
	return event, true, nil
}

// tickers returns the followed ones of the cashtags, in their order.
func (d *Decoder) tickers(tags []string) []string {
	d.refresh()
	var found []string
	for _, tag := range tags {
		if _, ok := d.followed[tag]; ok && len(found) < maxTickers {
			found = append(found, tag)
		}
	}
	return found
}

// language returns the language of a post, the first wanted one where it states
// several, and whether the post is wanted.
func (d *Decoder) language(stated []string) (lang string, wanted bool) {
	if len(stated) == 0 {
		return "", true
	}
	if len(d.languages) == 0 {
		return stated[0], true
	}
	for _, lang := range stated {
		base, _, _ := strings.Cut(lang, "-")
		if slices.ContainsFunc(d.languages, func(l string) bool { return strings.EqualFold(l, base) || strings.EqualFold(l, lang) }) {
			return lang, true
		}
	}
	return "", false
}

// createdAt is when a post says it was written, or else when it was seen.
func (d *Decoder) createdAt(written string, seen time.Time) time.Time {
	at, err := time.Parse(time.RFC3339Nano, written)
	if err != nil || at.After(seen) || seen.Sub(at) > d.maxAge {
		return seen
	}
	return at.UTC()
}

// postID is the id of the post that a commit is about.
func postID(f *frame) string { return f.did + "/" + f.commit.RKey }

// postOf turns at://<did>/app.bsky.feed.post/<rkey> into a post's id. It is empty
// for what is no post.
func postOf(uri string) string {
	rest, ok := strings.CutPrefix(uri, "at://")
	if !ok {
		return ""
	}
	did, rkey, ok := strings.Cut(rest, "/"+collection+"/")
	if !ok || did == "" || rkey == "" || strings.Contains(rkey, "/") {
		return ""
	}
	return did + "/" + rkey
}

// optional decodes a field, as if it were not there where it is something else.
func optional[T any](raw jsontext.Value) T {
	var value T
	if len(raw) == 0 {
		return value
	}
	if err := json.Unmarshal(raw, &value, tolerant); err != nil {
		var none T
		return none
	}
	return value
}
