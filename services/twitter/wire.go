package twitter

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of what is read from X. A post with everything that is asked for has
// about 2 KiB, the longest some 120.
const (
	maxLineBytes = 1 << 20 // of one line of the stream
	maxPageBytes = 8 << 20 // of one page of recent search or of the rules
	maxNesting   = 64      // of objects and lists in a line
)

// frame is one line of the stream.
type frame struct {
	Data     post      `json:"data"`
	Includes includes  `json:"includes"`
	Errors   []problem `json:"errors"`
	problem
}

type includes struct {
	Users []user `json:"users"`
}

// post has the fields of both generations: those of OpenAPI 2.167 (2026-08-07) on
// are called after posts, those before after tweets.
type post struct {
	ID        string      `json:"id"`
	Text      string      `json:"text"`
	AuthorID  string      `json:"author_id"`
	CreatedAt string      `json:"created_at"`
	Lang      string      `json:"lang"`
	Tweets    []reference `json:"referenced_tweets"`
	Posts     []reference `json:"referenced_posts"`
	Metrics   struct {
		Retweets int64 `json:"retweet_count"`
		Reposts  int64 `json:"repost_count"`
		Replies  int64 `json:"reply_count"`
		Likes    int64 `json:"like_count"`
		Quotes   int64 `json:"quote_count"`
	} `json:"public_metrics"`
	Entities entities `json:"entities"`
	// The whole of a post of more than 280 characters, where X sends it.
	NoteTweet note `json:"note_tweet"`
	NotePost  note `json:"note_post"`
}

type note struct {
	Text     string   `json:"text"`
	Entities entities `json:"entities"`
}

type entities struct {
	Cashtags []cashtag `json:"cashtags"`
}

type cashtag struct {
	Tag string `json:"tag"`
}

type reference struct {
	Type string `json:"type"` // retweeted, reposted, quoted or replied_to
	ID   string `json:"id"`
}

type user struct {
	ID           string `json:"id"`
	CreatedAt    string `json:"created_at"`
	Verified     bool   `json:"verified"`
	VerifiedType string `json:"verified_type"`
	Metrics      struct {
		Followers int64 `json:"followers_count"`
		Following int64 `json:"following_count"`
		Tweets    int64 `json:"tweet_count"`
		Posts     int64 `json:"post_count"`
		Listed    int64 `json:"listed_count"`
	} `json:"public_metrics"`
}

// problem is how X says what is wrong, in a list of errors or by itself.
type problem struct {
	Title      string                    `json:"title"`
	Detail     string                    `json:"detail"`
	Message    string                    `json:"message"`
	Value      string                    `json:"value"`
	Disconnect string                    `json:"disconnect_type"`
	Issue      string                    `json:"connection_issue"`
	Parameters map[string]jsontext.Value `json:"parameters"`
}

func (p problem) said() string { return joined(p.Title, p.Detail, p.Message) }

// tolerant reads what X sends: a text cut in the middle of a character becomes
// U+FFFD, and a name that comes twice is no reason to lose a post.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// tooDeep reports whether brackets are nested deeper than allowed, before
// anything is built from them.
func tooDeep(line []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted:
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// reset makes a frame ready for the next line. Its lists keep their room.
func (f *frame) reset() {
	users, errs := f.Includes.Users[:0], f.Errors[:0]
	tweets, posts, tags := f.Data.Tweets[:0], f.Data.Posts[:0], f.Data.Entities.Cashtags[:0]
	*f = frame{Errors: errs}
	f.Includes.Users = users
	f.Data.Tweets, f.Data.Posts, f.Data.Entities.Cashtags = tweets, posts, tags
}
