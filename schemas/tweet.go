package schemas

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// The platforms that posts come from. A platform's name is its subject token.
const (
	PlatformX       = "x"
	PlatformBluesky = "bluesky"
)

// MaxTextBytes bounds the text of a post: X's long posts reach 25,000 characters.
const MaxTextBytes = 100_000

// Tweet is one post that names at least one followed ticker, whatever platform
// it was written on. Stream TWEETS, subject tweets.<platform>.<TICKER> with the
// first of Tickers.
type Tweet struct {
	Platform  string    `json:"platform"`
	PostID    string    `json:"post_id"` // the platform's own id
	CreatedAt time.Time `json:"created_at"`
	Text      string    `json:"text"`
	Lang      string    `json:"lang,omitempty"` // BCP 47 as the platform says it
	Tickers   []string  `json:"tickers"`        // followed tickers that the post names; the first is the subject
	Cashtags  []string  `json:"cashtags"`       // every cashtag of the text in capitals without $, followed or not
	Author    Author    `json:"author"`
	RepostOf  string    `json:"repost_of,omitempty"` // post id of the retweeted post
	QuoteOf   string    `json:"quote_of,omitempty"`  // post id of the quoted post
	ReplyTo   string    `json:"reply_to,omitempty"`  // post id of the answered post
	Reposts   int64     `json:"reposts"`             // counts as they stood when the post was seen
	Replies   int64     `json:"replies"`
	Likes     int64     `json:"likes"`
	Quotes    int64     `json:"quotes"`
}

// Author is what is kept of who wrote a post: no name and no profile text.
type Author struct {
	ID        string     `json:"id"`
	CreatedAt *time.Time `json:"created_at,omitempty"` // of the account
	Followers int64      `json:"followers"`
	Following int64      `json:"following"`
	Posts     int64      `json:"posts"`
	Listed    int64      `json:"listed"`
	Verified  bool       `json:"verified"`
}

// TweetID is the deterministic event id of a post.
func TweetID(platform, postID string) string { return platform + ":" + postID }

// EventType implements Data.
func (*Tweet) EventType() Type { return TypeTweet }

// Validate implements Data.
func (t *Tweet) Validate() error {
	if err := firstError(
		validOneOf("platform", t.Platform, PlatformX, PlatformBluesky),
		validTime("created_at", t.CreatedAt),
	); err != nil {
		return err
	}
	switch {
	case t.PostID == "":
		return fieldError("post_id", t.PostID, "must not be empty")
	case len(t.Text) > MaxTextBytes || !utf8.ValidString(t.Text):
		return fieldError("text", t.Text, "must be valid UTF-8 of at most 100000 bytes")
	case len(t.Tickers) == 0 || len(t.Tickers) > 100:
		return fieldError("tickers", t.Tickers, "must hold 1 to 100 tickers")
	case t.Cashtags == nil:
		return fieldError("cashtags", nil, "must be a list, empty where there is none")
	case t.Author.ID == "":
		return fieldError("author.id", "", "must not be empty")
	}
	for i, ticker := range t.Tickers {
		field := "tickers[" + strconv.Itoa(i) + "]"
		if err := validTicker(field, ticker); err != nil {
			return err
		}
		if slices.Contains(t.Tickers[:i], ticker) {
			return fieldError(field, ticker, "must not be there twice")
		}
	}
	return t.validCounts()
}

func (t *Tweet) validCounts() error {
	for _, count := range []struct {
		field string
		n     int64
	}{
		{"reposts", t.Reposts},
		{"replies", t.Replies},
		{"likes", t.Likes},
		{"quotes", t.Quotes},
		{"author.followers", t.Author.Followers},
		{"author.following", t.Author.Following},
		{"author.posts", t.Author.Posts},
		{"author.listed", t.Author.Listed},
	} {
		if count.n < 0 {
			return fieldError(count.field, count.n, "must not be negative")
		}
	}
	if t.Author.CreatedAt != nil {
		return validTime("author.created_at", *t.Author.CreatedAt)
	}
	return nil
}
