package features

import (
	"cmp"
	"math"
	"strings"
	"unicode"

	"cashtag/internal/text"
	"cashtag/internal/window"
	"cashtag/schemas"
)

// opinion is the label of a score.
type opinion uint8

const (
	unscored opinion = iota
	positive
	negative
	neutral
	unknown
)

// The properties of a post.
const (
	isRepost uint8 = 1 << iota
	isExclusive
)

// post is what is kept of one post about one ticker. Its place among the others is
// that of (at, id).
type post struct {
	at, id      int64 // event time in Unix nanoseconds; hash of the event id
	user, text  uint64
	followersE4 int32
	scoreE4     int32
	owner       uint32 // hash of the ticker whose score it takes
	wait        uint16 // generation of the waiting for its score: see State.Waits
	opinion     opinion
	traits      uint8
}

func comparePosts(a, b post) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
}

// score is an opinion on a post, and where it belongs.
type score struct {
	at, id  int64
	owner   uint32
	scoreE4 int32
	opinion opinion
}

func postOf(event schemas.Event, tweet *schemas.Tweet) post {
	p := post{
		at:          tweet.CreatedAt.UnixNano(),
		id:          int64(hash(event.ID)),
		user:        hash(tweet.Platform + ":" + tweet.Author.ID),
		text:        textHash(tweet.Text),
		followersE4: int32(window.LogE4(tweet.Author.Followers)),
	}
	if tweet.RepostOf != "" {
		p.traits |= isRepost
	}
	if oneCashtag(tweet.Cashtags) {
		p.traits |= isExclusive
	}
	return p
}

func oneCashtag(tags []string) bool {
	for _, tag := range tags {
		if tag != tags[0] {
			return false
		}
	}
	return len(tags) > 0
}

func scoreOf(s *schemas.Sentiment) score {
	found := score{at: s.PostedAt.UnixNano(), id: int64(hash(s.TweetID)), owner: ownerOf(s.Ticker)}
	e4 := int32(math.Round(s.Probability * 1e4))
	switch s.Label {
	case schemas.LabelPositive:
		found.opinion, found.scoreE4 = positive, e4
	case schemas.LabelNegative:
		found.opinion, found.scoreE4 = negative, -e4
	case schemas.LabelNeutral:
		found.opinion = neutral
	default:
		found.opinion = unknown
	}
	return found
}

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func hash(s string) uint64 {
	h := uint64(fnvOffset)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

func ownerOf(ticker string) uint32 { return uint32(hash(ticker)) }

// textHash is equal for texts of the same letters and digits: case, punctuation,
// addresses, names, cashtags and the mark of a retweet make no difference.
func textHash(original string) uint64 {
	h, gap := uint64(fnvOffset), false
	add := func(r rune) {
		for ; r > 0; r >>= 8 {
			h = (h ^ uint64(r&0xff)) * fnvPrime
		}
	}
	for _, r := range strings.TrimPrefix(text.Clean(original), "RT :") {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = true
			continue
		}
		if gap && h != fnvOffset {
			add(' ')
		}
		gap = false
		add(unicode.ToLower(r))
	}
	return h
}
