package twitter

import (
	"fmt"
	"strconv"
	"time"

	"cashtag/schemas"
)

// whole is the longest form of what the post says, with its cashtags.
func (p *post) whole() (string, []cashtag) {
	switch {
	case p.NotePost.Text != "":
		return p.NotePost.Text, p.NotePost.Entities.Cashtags
	case p.NoteTweet.Text != "":
		return p.NoteTweet.Text, p.NoteTweet.Entities.Cashtags
	default:
		return p.Text, p.Entities.Cashtags
	}
}

// createdAt is when the post was written. Where X left it out, its id tells.
func (p *post) createdAt() (time.Time, error) {
	if p.CreatedAt != "" {
		at, err := time.Parse(time.RFC3339Nano, p.CreatedAt)
		if err != nil {
			return time.Time{}, fmt.Errorf("%w: post %s: created_at is no time", ErrMalformed, p.ID)
		}
		return at.UTC(), nil
	}
	if at, ok := timeOfID(p.ID); ok {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%w: post %s has no created_at", ErrMalformed, p.ID)
}

// Post ids count milliseconds since 2010-11-04 above 22 bits of machine and
// sequence; those before were numbered one by one and ended near 3e10.
const (
	snowflakeEpoch = 1288834974657
	snowflakeBits  = 22
	snowflakeFirst = 30_000_000_000
)

// timeOfID is when a post of this id was written, to the millisecond.
func timeOfID(id string) (time.Time, bool) {
	n, err := strconv.ParseUint(id, 10, 63)
	if err != nil || n < snowflakeFirst {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(n>>snowflakeBits) + snowflakeEpoch).UTC(), true
}

// before is the id of a moment that long before the post, the id itself where it
// tells no time.
func before(id string, overlap time.Duration) string {
	n, err := strconv.ParseUint(id, 10, 63)
	if back := uint64(overlap.Milliseconds()) << snowflakeBits; err == nil && n >= snowflakeFirst+back {
		return strconv.FormatUint(n-back, 10)
	}
	return id
}

// refer sets what a post repeats, quotes and answers.
func refer(tweet *schemas.Tweet, references []reference) {
	for i := range references {
		switch references[i].Type {
		case "retweeted", "reposted":
			tweet.RepostOf = references[i].ID
		case "quoted":
			tweet.QuoteOf = references[i].ID
		case "replied_to":
			tweet.ReplyTo = references[i].ID
		}
	}
}

// author keeps no name. Of an author whose account X did not send the id is left.
func author(id string, users []user) schemas.Author {
	kept := schemas.Author{ID: id}
	for i := range users {
		u := &users[i]
		if u.ID != id {
			continue
		}
		kept.Followers = max(0, u.Metrics.Followers)
		kept.Following = max(0, u.Metrics.Following)
		kept.Posts = max(0, u.Metrics.Tweets, u.Metrics.Posts)
		kept.Listed = max(0, u.Metrics.Listed)
		kept.Verified = u.Verified || (u.VerifiedType != "" && u.VerifiedType != "none")
		if at, err := time.Parse(time.RFC3339Nano, u.CreatedAt); err == nil && at.Year() >= 1970 {
			at = at.UTC()
			kept.CreatedAt = &at
		}
		break
	}
	return kept
}
