package tape

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// tickReach is how many days before and after the last thing said the market's
// clock ticks.
const tickReach = 7

// rank orders what happens at the same instant.
type rank uint8

const (
	rankOpened rank = iota
	rankTweet
	rankQuote
	rankClosed
	rankTick
)

// moment is one event in 16 bytes: a long tape has more ticks than tweets.
type moment struct {
	at    int64 // Unix time in nanoseconds
	index int32 // into the slice that rank stands for; of no use for a tick
	rank  rank
}

// timeline is all that a StockNet tape says, in order.
type timeline struct {
	tweets   []*schemas.Tweet
	quotes   []*schemas.Quote
	sessions []calendar.Session
	moments  []moment
}

// arrange sorts the moments of tweets, quotes, the sessions of span and the
// clock.
func (l *timeline) arrange(cal *calendar.Calendar, span dateSpan) {
	spoken := make(map[calendar.Date]bool)
	for i, tweet := range l.tweets {
		l.add(rankTweet, i, tweet.CreatedAt)
		spoken[cal.Day(tweet.CreatedAt)] = true
	}
	for i, quote := range l.quotes {
		l.add(rankQuote, i, quote.QuotedAt)
		spoken[cal.Day(quote.QuotedAt)] = true
	}
	if !span.empty() {
		l.sessions = slices.Collect(cal.Range(span.from, span.to))
	}
	for i, session := range l.sessions {
		l.add(rankOpened, i, session.Open)
		l.add(rankClosed, i, session.Close)
	}
	for _, at := range slices.Collect(l.ticks(cal, spoken)) {
		l.add(rankTick, 0, at)
	}
	slices.SortFunc(l.moments, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank), cmp.Compare(a.index, b.index))
	})
}

func (l *timeline) add(r rank, index int, at time.Time) {
	l.moments = append(l.moments, moment{at: at.UnixNano(), index: int32(index), rank: r})
}

// events yields the timeline. It never yields an error.
func (l *timeline) events() iter.Seq2[schemas.Event, error] {
	cal := calendar.XNYS()
	return func(yield func(schemas.Event, error) bool) {
		for _, m := range l.moments {
			if !yield(l.event(cal, m), nil) {
				return
			}
		}
	}
}

func (l *timeline) event(cal *calendar.Calendar, m moment) schemas.Event {
	switch m.rank {
	case rankOpened:
		return l.sessions[m.index].Opened()
	case rankTweet:
		return tweetEvent(l.tweets[m.index])
	case rankQuote:
		return quoteEvent(l.quotes[m.index])
	case rankClosed:
		return l.sessions[m.index].Closed()
	default:
		return cal.Tick(time.Unix(0, m.at).UTC())
	}
}

// ticks yields when the market's clock ticks: each minute of a session, and each
// full hour outside of it from the first moment to past the last, on dates that
// are near one on which something was said.
func (l *timeline) ticks(cal *calendar.Calendar, spoken map[calendar.Date]bool) iter.Seq[time.Time] {
	near := make(map[calendar.Date]bool, len(spoken))
	for date := range spoken {
		for days := -tickReach; days <= tickReach; days++ {
			near[date.AddDays(days)] = true
		}
	}
	return func(yield func(time.Time) bool) {
		for _, session := range l.sessions {
			if !near[session.Date] {
				continue
			}
			for at := session.Open; !at.After(session.Close); at = at.Add(time.Minute) {
				if !yield(at) {
					return
				}
			}
		}
		first, last := l.bounds()
		for at := first; !at.After(last); at = at.Add(time.Hour) {
			date := cal.Day(at)
			session, ok := cal.Session(date)
			within := ok && !at.Before(session.Open) && !at.After(session.Close)
			if near[date] && !within && !yield(at) {
				return
			}
		}
	}
}

// bounds are the first full hour after the first moment and the one after the
// last; the latter is before the former where there is no moment at all.
func (l *timeline) bounds() (first, last time.Time) {
	if len(l.moments) == 0 {
		return time.Unix(0, 1).UTC(), time.Unix(0, 0).UTC()
	}
	byTime := func(a, b moment) int { return cmp.Compare(a.at, b.at) }
	hourAfter := func(m moment) time.Time {
		return time.Unix(0, m.at).UTC().Truncate(time.Hour).Add(time.Hour)
	}
	return hourAfter(slices.MinFunc(l.moments, byTime)), hourAfter(slices.MaxFunc(l.moments, byTime))
}

// dateSpan is a stretch of dates, both ends included. The zero value is empty.
type dateSpan struct {
	from, to calendar.Date
}

func (s *dateSpan) empty() bool { return s.from == calendar.Date{} }

func (s *dateSpan) add(d calendar.Date) {
	if s.empty() || d.Compare(s.from) < 0 {
		s.from = d
	}
	if s.empty() || d.Compare(s.to) > 0 {
		s.to = d
	}
}

func (s *dateSpan) holds(d calendar.Date) bool {
	return d.Compare(s.from) >= 0 && d.Compare(s.to) <= 0
}

func tweetEvent(t *schemas.Tweet) schemas.Event {
	return schemas.New(schemas.TweetID(t.Platform, t.PostID), schemas.SourceX, t.Tickers[0], t.CreatedAt, t)
}

// compareTweets orders by time, then by post id as the number that it is.
func compareTweets(a, b *schemas.Tweet) int {
	return cmp.Or(
		a.CreatedAt.Compare(b.CreatedAt),
		cmp.Compare(len(a.PostID), len(b.PostID)),
		strings.Compare(a.PostID, b.PostID),
	)
}

func compareQuotes(a, b *schemas.Quote) int {
	return cmp.Or(a.QuotedAt.Compare(b.QuotedAt), strings.Compare(a.Ticker, b.Ticker))
}
