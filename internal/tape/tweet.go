package tape

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cashtag/internal/text"
	"cashtag/schemas"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// status is what a tweet event needs of a Twitter API v1.1 status object; the
// many other fields are passed over.
type status struct {
	CreatedAt     string `json:"created_at"`
	ID            int64  `json:"id"`
	IDStr         string `json:"id_str"`
	Text          string `json:"text"`
	FullText      string `json:"full_text"`
	ExtendedTweet struct {
		FullText string `json:"full_text"`
	} `json:"extended_tweet"`
	Lang          string `json:"lang"`
	ReplyTo       string `json:"in_reply_to_status_id_str"`
	QuoteOf       string `json:"quoted_status_id_str"`
	RetweetCount  int64  `json:"retweet_count"`
	ReplyCount    int64  `json:"reply_count"`
	FavoriteCount int64  `json:"favorite_count"`
	QuoteCount    int64  `json:"quote_count"`
	Retweeted     struct {
		IDStr string `json:"id_str"`
	} `json:"retweeted_status"`
	User struct {
		ID         int64  `json:"id"`
		IDStr      string `json:"id_str"`
		CreatedAt  string `json:"created_at"`
		Followers  int64  `json:"followers_count"`
		Friends    int64  `json:"friends_count"`
		Statuses   int64  `json:"statuses_count"`
		Listed     int64  `json:"listed_count"`
		IsVerified bool   `json:"verified"`
	} `json:"user"`
}

// tolerant reads what Twitter really wrote: texts cut in the middle of a
// character, which become U+FFFD.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

var errNoID = errors.New("status has no id_str")

// decodeTweet reads one status. Tickers is left to the caller, who knows which
// ones the tape follows.
func decodeTweet(line []byte) (*schemas.Tweet, error) {
	var s status
	if err := json.Unmarshal(line, &s, tolerant); err != nil {
		return nil, fmt.Errorf("decode status: %w", err)
	}
	postID := idOf(s.IDStr, s.ID)
	if postID == "" {
		return nil, errNoID
	}
	createdAt, err := time.Parse(time.RubyDate, s.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("created_at: %w", err)
	}
	words := s.text()
	return &schemas.Tweet{
		Platform:  schemas.PlatformX,
		PostID:    postID,
		CreatedAt: createdAt.UTC(),
		Text:      words,
		Lang:      s.Lang,
		Cashtags:  text.Cashtags(words),
		Author:    s.author(),
		RepostOf:  s.Retweeted.IDStr,
		QuoteOf:   s.QuoteOf,
		ReplyTo:   s.ReplyTo,
		Reposts:   max(0, s.RetweetCount),
		Replies:   max(0, s.ReplyCount),
		Likes:     max(0, s.FavoriteCount),
		Quotes:    max(0, s.QuoteCount),
	}, nil
}

// text is the longest form of what the status itself says.
func (s *status) text() string {
	switch {
	case s.ExtendedTweet.FullText != "":
		return s.ExtendedTweet.FullText
	case s.FullText != "":
		return s.FullText
	default:
		return s.Text
	}
}

// author keeps no name. Counts below zero, which Twitter is known to have
// served for suspended accounts, become zero.
func (s *status) author() schemas.Author {
	author := schemas.Author{
		ID:        idOf(s.User.IDStr, s.User.ID),
		Followers: max(0, s.User.Followers),
		Following: max(0, s.User.Friends),
		Posts:     max(0, s.User.Statuses),
		Listed:    max(0, s.User.Listed),
		Verified:  s.User.IsVerified,
	}
	if at, err := time.Parse(time.RubyDate, s.User.CreatedAt); err == nil && at.Year() >= 1970 {
		at = at.UTC()
		author.CreatedAt = &at
	}
	return author
}

func idOf(text string, number int64) string {
	if text == "" && number > 0 {
		return strconv.FormatInt(number, 10)
	}
	return text
}

// followed returns the cashtags that the tape follows, in their order, and then
// folder where they do not name it.
func followed(tags []string, tickers map[string]bool, folder string) []string {
	found := make([]string, 0, 1)
	for _, tag := range tags {
		if tickers[tag] {
			found = append(found, tag)
		}
	}
	return withFolder(found, folder)
}

func withFolder(tickers []string, folder string) []string {
	if slices.Contains(tickers, folder) {
		return tickers
	}
	return append(tickers, folder)
}
