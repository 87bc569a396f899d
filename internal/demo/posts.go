package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// recentPosts is how many posts of a ticker can be repeated or answered.
const recentPosts = 60

// post is what is remembered of a written one.
type post struct {
	id       string
	platform string
	handle   string
	text     string
	tags     []string
}

// stub is a post that is due: when, about what, and the words of a headline.
type stub struct {
	at       time.Time
	role     int
	headline string
}

// writer writes the posts of the day.
type writer struct {
	dice    dice
	session calendar.Session
	people  []person
	paths   []*path
	recent  [][]post // by role, oldest first
	written int
}

// write returns all posts in order of time.
func (w *writer) write() []schemas.Event {
	w.recent = make([][]post, len(roles))
	var events []schemas.Event
	for minute := firstMinute; minute < lastMinute; minute++ {
		for _, due := range w.due(minute) {
			events = append(events, w.post(due, minute))
		}
	}
	return events
}

// due draws which posts are written in a minute.
func (w *writer) due(minute int) []stub {
	start := w.session.Open.Add(time.Duration(minute) * time.Minute)
	var stubs []stub
	for i, r := range roles {
		rate := r.posts * activity(r, minute) / 1000 * w.dice.between(600, 1400) / 1000
		for range w.dice.times(rate) {
			at := start.Add(time.Duration(w.dice.below(60_000)) * time.Millisecond)
			stubs = append(stubs, stub{at: at, role: i})
		}
		for _, h := range r.headlines {
			if h.minute == minute {
				at := start.Add(time.Duration(w.dice.below(9_000)) * time.Millisecond)
				stubs = append(stubs, stub{at: at, role: i, headline: h.text})
			}
		}
	}
	slices.SortStableFunc(stubs, func(a, b stub) int { return a.at.Compare(b.at) })
	return stubs
}

// post writes one post: a headline, a repost or an answer to an earlier one, or
// one of its own.
func (w *writer) post(due stub, minute int) schemas.Event {
	r := roles[due.role]
	w.written++
	who := anyone(w.dice, w.people)
	if due.headline != "" {
		who = w.people[w.dice.below(deskCount)]
	}
	tweet := &schemas.Tweet{
		Platform:  who.platform,
		PostID:    fmt.Sprintf("%06d", w.written),
		CreatedAt: due.at,
		Lang:      "en",
		Author:    who.author,
	}
	if who.platform == schemas.PlatformBluesky {
		tweet.PostID = who.author.ID + "/" + rkey(w.written)
	}
	recent, shared := w.recent[due.role], false
	switch {
	case due.headline != "":
		tweet.Text, tweet.Cashtags = w.scene(r, w.paths[due.role], minute).fill(due.headline)
		tweet.Reposts, tweet.Likes = int64(w.dice.between(2, 40)), int64(w.dice.between(5, 90))
	case len(recent) > 0 && w.dice.chance(r.reposts.at(minute, 150)):
		share(tweet, recent, w.dice.below(1+w.dice.below(len(recent))))
		shared = true
	default:
		w.own(tweet, due.role, minute)
	}
	if who.platform == schemas.PlatformBluesky {
		// Its firehose carries a post as it is written, before anybody reacts.
		tweet.Reposts, tweet.Replies, tweet.Likes, tweet.Quotes = 0, 0, 0, 0
	}
	tweet.Tickers = cast(tweet.Cashtags)
	if !shared {
		w.remember(due.role, post{
			id: tweet.PostID, platform: tweet.Platform, handle: who.handle, text: tweet.Text, tags: tweet.Cashtags,
		})
	}
	id := schemas.DemoPrefix + schemas.TweetID(tweet.Platform, tweet.PostID)
	source := schemas.SourceDemoX
	if tweet.Platform == schemas.PlatformBluesky {
		source = schemas.SourceDemoBluesky
	}
	return schemas.New(id, source, tweet.Tickers[0], due.at, tweet)
}

// share passes on an earlier post: a repost on X, a quotation on Bluesky, where a
// repost has no text.
func share(tweet *schemas.Tweet, recent []post, index int) {
	original, same := onPlatform(recent, index, tweet.Platform)
	tweet.Cashtags = original.tags
	if tweet.Platform == schemas.PlatformX {
		tweet.Text = "RT @" + original.handle + ": " + original.text
		if same {
			tweet.RepostOf = original.id
		}
		return
	}
	tweet.Text = "via @" + original.handle + ": " + original.text
	if same {
		tweet.QuoteOf = original.id
	}
}

// onPlatform returns the post at index, or the next older one, beginning again with
// the newest, that is on a platform: nobody can refer to a post on another. Without
// one it returns that at index, and false.
func onPlatform(recent []post, index int, platform string) (found post, same bool) {
	for i := range recent {
		if p := recent[(index-i+len(recent))%len(recent)]; p.platform == platform {
			return p, true
		}
	}
	return recent[index], false
}

// own writes the text of a post that is not a repost.
func (w *writer) own(tweet *schemas.Tweet, role, minute int) {
	r := roles[role]
	scene := w.scene(r, w.paths[role], minute)
	phrases, closers := w.mood(r, minute)
	phrase := pick(w.dice, phrases)
	if w.dice.chance(300) {
		phrase = closed(phrase, pick(w.dice, closers))
	}
	if w.dice.chance(110) {
		phrase += " {P}"
	}
	if w.dice.chance(60) && !strings.Contains(phrase, "{url}") {
		phrase += " {url}"
	}
	tweet.Text, tweet.Cashtags = scene.fill(phrase)
	if w.dice.chance(50) {
		index := pick(w.dice, []string{"SPY", "QQQ"})
		tweet.Text += " $" + index
		tweet.Cashtags = append(tweet.Cashtags, index)
	}
	if recent := w.recent[role]; len(recent) > 0 && w.dice.chance(130) {
		other, same := onPlatform(recent, w.dice.below(len(recent)), tweet.Platform)
		switch quotes := w.dice.chance(250); {
		case !same:
		case quotes:
			tweet.QuoteOf = other.id
		default:
			tweet.ReplyTo = other.id
			tweet.Text = "@" + other.handle + " " + tweet.Text
		}
	}
	tweet.Likes = int64(max(0, w.dice.bell(12)))
	tweet.Replies = int64(max(0, w.dice.bell(4)))
}

// closed puts a closer behind a phrase, with a full stop between two sentences.
func closed(phrase, closer string) string {
	if strings.HasSuffix(closer, ".") && !strings.ContainsAny(phrase[len(phrase)-1:], ".?!") {
		phrase += "."
	}
	return phrase + closer
}

// mood draws the subject and the mood of a post: the phrases and closers that
// it may use.
func (w *writer) mood(r role, minute int) (phrases, closers []string) {
	about := &smallTalk
	for _, b := range r.beats {
		if minute >= b.from && minute < b.to && w.dice.chance(b.share) {
			about = b.words
		}
	}
	bulls, bears := r.bulls.at(minute, 330), r.bears.at(minute, 250)
	switch drawn := w.dice.below(1000); {
	case drawn < bulls:
		return about.bull, bullClosers
	case drawn < bulls+bears:
		return about.bear, bearClosers
	default:
		return about.flat, flatClosers
	}
}

func (w *writer) scene(r role, p *path, minute int) scene {
	return scene{dice: w.dice, role: r, price: p.at(minute), start: p.opening}
}

func (w *writer) remember(role int, p post) {
	w.recent[role] = append(w.recent[role], p)
	if extra := len(w.recent[role]) - recentPosts; extra > 0 {
		w.recent[role] = w.recent[role][extra:]
	}
}

// cast returns the cashtags that the day follows.
func cast(tags []string) []string {
	var tickers []string
	for _, tag := range tags {
		if slices.ContainsFunc(roles, func(r role) bool { return r.ticker == tag }) {
			tickers = append(tickers, tag)
		}
	}
	return tickers
}
