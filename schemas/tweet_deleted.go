package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// NoTicker is the subject of an event about a post whose tickers are not known.
const NoTicker = "_"

// Bounds of what a deletion says.
const (
	maxDeletedScores    = 1000
	maxDeletedSequences = 1000
)

// TweetDeleted says that a post was deleted, and keeps of it what is not its body,
// so that what was counted still adds up. Everything but the first three fields is
// empty where the post was not found. Stream TWEETS, subject tweets.<platform>._
// whatever its tickers are.
type TweetDeleted struct {
	Platform  string     `json:"platform"`
	PostID    string     `json:"post_id"` // the platform's own id
	DeletedAt time.Time  `json:"deleted_at"`
	CreatedAt *time.Time `json:"created_at,omitempty"` // of the post
	Tickers   []string   `json:"tickers"`              // as the post had them; the first was its subject
	// AuthorHash and TextHash are of AuthorHash and TextHash.
	AuthorHash string `json:"author_hash,omitempty"`
	TextHash   string `json:"text_hash,omitempty"`
	Followers  int64  `json:"followers"` // of the author; counts as they stood when the post was seen
	Reposts    int64  `json:"reposts"`
	Replies    int64  `json:"replies"`
	Likes      int64  `json:"likes"`
	Quotes     int64  `json:"quotes"`
	// Scores are those that the stream SENTIMENT had, in its order.
	Scores []DeletedScore `json:"scores"`
	// FromSequences is where the post stood in the stream TWEETS.
	FromSequences []uint64 `json:"from_sequences"`
}

// DeletedScore is what one scorer thought of a deleted post about one ticker.
type DeletedScore struct {
	Scorer      string  `json:"scorer"`
	Version     string  `json:"version"`
	Ticker      string  `json:"ticker"`
	Label       string  `json:"label"`
	Probability float64 `json:"probability"`
}

// TweetDeletedID is the deterministic event id of a deletion, from the event id of
// the post.
func TweetDeletedID(tweetID string) string { return tweetID + ":deleted" }

// AuthorHash stands for the author of a deleted post: SHA-256, in hex, of the
// platform, a colon and the author's id. It has no salt, so that the posts of one
// author have one hash wherever they are erased; who has a list of ids can
// therefore tell whose it is.
func AuthorHash(platform, authorID string) string { return sha256Hex(platform + ":" + authorID) }

// TextHash stands for the text of a deleted post: SHA-256, in hex, of its bytes.
// It has no salt either.
func TextHash(text string) string { return sha256Hex(text) }

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// EventType implements Data.
func (*TweetDeleted) EventType() Type { return TypeTweetDeleted }

// TweetID is the event id of the post, in the world of the given source.
func (d *TweetDeleted) TweetID(source string) string {
	id := TweetID(d.Platform, d.PostID)
	if IsDemo(source) {
		return DemoPrefix + id
	}
	return id
}

// Take fills in what may be kept of the post.
func (d *TweetDeleted) Take(post *Tweet) {
	created := post.CreatedAt
	d.CreatedAt, d.Tickers = &created, slices.Clone(post.Tickers)
	d.AuthorHash, d.TextHash = AuthorHash(post.Platform, post.Author.ID), TextHash(post.Text)
	d.Followers = post.Author.Followers
	d.Reposts, d.Replies, d.Likes, d.Quotes = post.Reposts, post.Replies, post.Likes, post.Quotes
}

// Ticker is the first of Tickers, or NoTicker.
func (d *TweetDeleted) Ticker() string {
	if len(d.Tickers) == 0 {
		return NoTicker
	}
	return d.Tickers[0]
}

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate implements Data.
func (d *TweetDeleted) Validate() error {
	if err := firstError(
		validOneOf("platform", d.Platform, PlatformX, PlatformBluesky),
		validTime("deleted_at", d.DeletedAt),
	); err != nil {
		return err
	}
	if d.CreatedAt != nil {
		if err := validTime("created_at", *d.CreatedAt); err != nil {
			return err
		}
	}
	switch {
	case d.PostID == "":
		return fieldError("post_id", d.PostID, "must not be empty")
	case d.Tickers == nil || len(d.Tickers) > 100:
		return fieldError("tickers", d.Tickers, "must be a list of at most 100 tickers, empty where they are not known")
	case d.AuthorHash != "" && !hashPattern.MatchString(d.AuthorHash):
		return fieldError("author_hash", d.AuthorHash, "must be 64 hexadecimal digits in lower case")
	case d.TextHash != "" && !hashPattern.MatchString(d.TextHash):
		return fieldError("text_hash", d.TextHash, "must be 64 hexadecimal digits in lower case")
	case d.Scores == nil || len(d.Scores) > maxDeletedScores:
		return fieldError("scores", len(d.Scores), "must be a list of at most 1000 scores")
	case d.FromSequences == nil || len(d.FromSequences) > maxDeletedSequences:
		return fieldError("from_sequences", len(d.FromSequences), "must be a list of at most 1000 sequences")
	case slices.Contains(d.FromSequences, 0):
		return fieldError("from_sequences", 0, "must be stream sequences from 1 on")
	}
	for i, ticker := range d.Tickers {
		field := "tickers[" + strconv.Itoa(i) + "]"
		if err := validTicker(field, ticker); err != nil {
			return err
		}
		if slices.Contains(d.Tickers[:i], ticker) {
			return fieldError(field, ticker, "must not be there twice")
		}
	}
	for i := range d.Scores {
		if err := d.Scores[i].validate("scores[" + strconv.Itoa(i) + "]."); err != nil {
			return err
		}
	}
	return d.validCounts()
}

func (d *TweetDeleted) validCounts() error {
	for _, count := range []struct {
		field string
		n     int64
	}{
		{"followers", d.Followers},
		{"reposts", d.Reposts},
		{"replies", d.Replies},
		{"likes", d.Likes},
		{"quotes", d.Quotes},
	} {
		if count.n < 0 {
			return fieldError(count.field, count.n, "must not be negative")
		}
	}
	return nil
}

func (s DeletedScore) validate(at string) error {
	switch {
	case !servicePattern.MatchString(s.Scorer):
		return fieldError(at+"scorer", s.Scorer, "must be a scorer's name in lower case")
	case s.Version == "":
		return fieldError(at+"version", s.Version, "must not be empty")
	case math.IsNaN(s.Probability) || s.Probability < 0 || s.Probability > 1:
		return fieldError(at+"probability", s.Probability, "must be from 0 to 1")
	}
	return firstError(
		validTicker(at+"ticker", s.Ticker),
		validOneOf(at+"label", s.Label, LabelPositive, LabelNegative, LabelNeutral, LabelUnknown),
	)
}
