package twitter

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cashtag/internal/text"
	"cashtag/schemas"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Decoder turns what X sends into events. It is not safe for concurrent use.
type Decoder struct {
	source   string
	lang     string
	retweets bool
	followed map[string]string // cashtag in capitals to followed ticker
	frame    frame
}

// Post is one decoded post.
type Post struct {
	// ID is X's own.
	ID string
	// Event is the event of the post. It has no Data where the post is excluded.
	Event schemas.Event
	// Ticker is the first followed one, "" where the post names none.
	Ticker string
}

// Excluded reports whether the post becomes no event: it names no followed ticker,
// or is of another language or a retweet where those are not wanted.
func (p *Post) Excluded() bool { return p.Event.Data == nil }

// NewDecoder returns a decoder for posts of these tickers. Of c only Source, Lang
// and Retweets matter.
func NewDecoder(c Config, tickers []string) *Decoder {
	d := &Decoder{source: c.Source, lang: c.Lang, retweets: c.Retweets}
	d.Follow(tickers)
	return d
}

// Follow replaces the followed tickers.
func (d *Decoder) Follow(tickers []string) {
	d.followed = make(map[string]string, len(tickers))
	for _, ticker := range tickers {
		if tag := tagOf(ticker); d.followed[tag] == "" {
			d.followed[tag] = ticker
		}
	}
	for _, ticker := range tickers {
		d.followed[ticker] = ticker // as it is written goes first
	}
}

// Decode decodes one line of the filtered stream. It returns a *StreamError where
// X says that it ends the stream, and an error that wraps ErrMalformed for bytes
// that are no post. Nothing that it returns shares memory with line.
func (d *Decoder) Decode(line []byte) (Post, error) {
	if len(line) > maxLineBytes {
		return Post{}, fmt.Errorf("%w: %d bytes, more than %d", ErrMalformed, len(line), maxLineBytes)
	}
	if tooDeep(line) {
		return Post{}, fmt.Errorf("%w: nested deeper than %d", ErrMalformed, maxNesting)
	}
	d.frame.reset()
	if err := json.Unmarshal(line, &d.frame, tolerant); err != nil {
		return Post{}, malformed(err)
	}
	if d.frame.Data.ID == "" {
		if err := d.frame.streamError(); err != nil {
			return Post{}, err
		}
	}
	return d.post(&d.frame.Data, d.frame.Includes.Users)
}

// malformed keeps what of a JSON error is not a quotation: a post's body must not
// reach the log.
func malformed(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("%w: field %s is no %s", ErrMalformed, semantic.JSONPointer, semantic.GoType)
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("%w: no JSON from byte %d on", ErrMalformed, syntactic.ByteOffset)
	}
	return fmt.Errorf("%w: no JSON", ErrMalformed)
}

// streamError is the error that the line states, nil where it states none.
func (f *frame) streamError() error {
	first := f.problem
	if len(f.Errors) > 0 {
		first = f.Errors[0]
	}
	if first.Title == "" && first.Detail == "" && first.Message == "" {
		return nil
	}
	issue := first.Disconnect
	if issue == "" {
		issue = first.Issue
	}
	return &StreamError{Title: first.Title, Issue: issue, Detail: joined(first.Detail, first.Message)}
}

// post makes the event of a post, the same from the stream and from search.
func (d *Decoder) post(p *post, users []user) (Post, error) {
	if _, err := strconv.ParseUint(p.ID, 10, 64); err != nil {
		return Post{}, fmt.Errorf("%w: id is no number", ErrMalformed)
	}
	decoded := Post{ID: p.ID}
	words, tags := p.whole()
	cashtags := text.Cashtags(words)
	tickers := d.tickers(tags, cashtags)
	if len(tickers) == 0 {
		return decoded, nil
	}
	decoded.Ticker = tickers[0]
	tweet := &schemas.Tweet{
		Platform: schemas.PlatformX,
		PostID:   p.ID,
		Text:     words,
		Lang:     p.Lang,
		Tickers:  tickers,
		Cashtags: cashtags,
		Reposts:  max(0, p.Metrics.Retweets, p.Metrics.Reposts),
		Replies:  max(0, p.Metrics.Replies),
		Likes:    max(0, p.Metrics.Likes),
		Quotes:   max(0, p.Metrics.Quotes),
	}
	refer(tweet, p.Tweets)
	refer(tweet, p.Posts)
	if (d.lang != "" && p.Lang != "" && p.Lang != d.lang) || (tweet.RepostOf != "" && !d.retweets) {
		return decoded, nil
	}
	at, err := p.createdAt()
	if err != nil {
		return decoded, err
	}
	tweet.CreatedAt = at
	tweet.Author = author(p.AuthorID, users)
	event := schemas.New(d.id(p.ID), d.source, tickers[0], at, tweet)
	if err := event.Validate(); err != nil {
		return decoded, fmt.Errorf("%w: post %s: %s", ErrMalformed, p.ID, fieldOf(err))
	}
	decoded.Event = event
	return decoded, nil
}

func (d *Decoder) id(postID string) string {
	id := schemas.TweetID(schemas.PlatformX, postID)
	if schemas.IsDemo(d.source) {
		return schemas.DemoPrefix + id
	}
	return id
}

// tickers are the followed ones: those of the entities in their order, then those
// of the text that X did not mark. X ends a cashtag of a share's class at the dot
// now and then, and a truncated text hides what the entities have.
func (d *Decoder) tickers(tags []cashtag, cashtags []string) []string {
	found := make([]string, 0, 2)
	for i := range tags {
		found = d.add(found, tags[i].Tag)
	}
	for _, tag := range cashtags {
		found = d.add(found, tag)
	}
	return found
}

// maxTickers is how many tickers an event may have.
const maxTickers = 100

func (d *Decoder) add(found []string, tag string) []string {
	ticker, ok := d.followed[strings.ToUpper(tag)]
	if !ok || len(found) == maxTickers || slices.Contains(found, ticker) {
		return found
	}
	return append(found, ticker)
}

// fieldOf names what is wrong without the value, which may be a post's body.
func fieldOf(err error) string {
	if field, ok := errors.AsType[*schemas.FieldError](err); ok {
		return "field " + field.Field + " " + field.Want
	}
	return "no valid event"
}
