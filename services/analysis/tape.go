package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// The cut-offs of a table.
const (
	// CutoffClose is the close of the session before: 16:00, or the hour of an
	// early close. The horizon is from that close to the next.
	CutoffClose = "16:00"
	// CutoffOpen is the opening of the session, 09:30. The horizon is from the
	// opening to the close, since the gap has happened by then.
	CutoffOpen = "09:30"
)

var (
	errNoPrices = errors.New("the tape holds no daily prices: analysis needs price/raw/TICKER.csv, or bar events with an adjusted close")
	errNoPosts  = errors.New("the tape holds no posts")
)

// FromTape makes a table from the events of a tape: posts and daily bars. Sessions
// are those of XNYS. Rows are those of sessions from the first post to a day after
// the last; with allPrices, of every session that has prices.
func FromTape(events iter.Seq2[schemas.Event, error], source, cutoff string, allPrices bool) (*Table, error) {
	if cutoff != CutoffClose && cutoff != CutoffOpen {
		return nil, fmt.Errorf("cutoff is %q: must be %s or %s", cutoff, CutoffClose, CutoffOpen)
	}
	h := newHistory(cutoff)
	for event, err := range events {
		if err != nil {
			return nil, fmt.Errorf("read tape: %w", err)
		}
		h.add(event)
	}
	if len(h.bars) == 0 {
		return nil, errNoPrices
	}
	if len(h.posts) == 0 && !allPrices {
		return nil, errNoPosts
	}
	h.sort()
	table := &Table{
		Columns: tapeColumns(), Source: source, Cutoff: cutoff,
		Attention: AttentionColumns{LogCount: columnLogCount, Z: columnZ},
	}
	for at, session := range h.sessions {
		if !allPrices && !h.spoken(session) {
			continue
		}
		table.Rows = append(table.Rows, h.labelled(at, h.rows(at))...)
	}
	table.Schema, table.Window = tapeSchema(cutoff), "tape"
	table.rebuild = h.rebuild
	return table, table.sort()
}

// post is what a table keeps of a post.
type post struct {
	at        time.Time
	author    string
	followers int64
	retweet   bool
	exclusive bool
	words     []string
}

// bar is one daily bar.
type bar struct {
	at       time.Time // the session's close
	quote    *schemas.Bar
	adjusted float64
}

// history is all posts and bars by ticker.
type history struct {
	cutoff   string
	tickers  []string
	sessions []calendar.Session
	posts    map[string][]post
	bars     map[string]map[calendar.Date]bar
}

func newHistory(cutoff string) *history {
	return &history{cutoff: cutoff, posts: make(map[string][]post), bars: make(map[string]map[calendar.Date]bar)}
}

// minDailyS is the shortest interval of a bar that counts as daily: an early
// close leaves 3.5 hours.
const minDailyS = 3 * 60 * 60

// add takes in a post or a daily bar. Other events say nothing here.
func (h *history) add(event schemas.Event) {
	switch data := event.Data.(type) {
	case *schemas.Tweet:
		p := post{
			at: data.CreatedAt, author: data.Author.ID, followers: data.Author.Followers,
			retweet: data.RepostOf != "", exclusive: len(data.Cashtags) <= 1, words: words(data.Text),
		}
		for _, ticker := range data.Tickers {
			h.posts[ticker] = append(h.posts[ticker], p)
		}
	case *schemas.Quote:
		if data.Bar == nil || data.Bar.IntervalS < minDailyS {
			return
		}
		if h.bars[data.Ticker] == nil {
			h.bars[data.Ticker] = make(map[calendar.Date]bar)
		}
		h.bars[data.Ticker][calendar.XNYS().Day(data.QuotedAt)] = bar{
			at: data.QuotedAt, quote: data.Bar, adjusted: cmp.Or(data.Bar.AdjClose, data.Bar.Close),
		}
	}
}

// sort orders posts by time and lists tickers and sessions.
func (h *history) sort() {
	var first, last calendar.Date
	for ticker, bars := range h.bars {
		h.tickers = append(h.tickers, ticker)
		for date := range bars {
			if (first == calendar.Date{}) || date.Compare(first) < 0 {
				first = date
			}
			if date.Compare(last) > 0 {
				last = date
			}
		}
	}
	slices.Sort(h.tickers)
	for _, posts := range h.posts {
		slices.SortStableFunc(posts, func(a, b post) int {
			return cmp.Or(a.at.Compare(b.at), strings.Compare(a.author, b.author))
		})
	}
	h.sessions = slices.Collect(calendar.XNYS().Range(first, last))
}

// window is the time whose posts the row of the session at a position is made of:
// from a close, that included, to the cut-off. It is the one before the session
// with CutoffOpen, the trading day before with CutoffClose. It is false where the
// sessions do not reach back that far.
func (h *history) window(at int) (from, cut time.Time, ok bool) {
	switch {
	case h.cutoff == CutoffOpen && at >= 1:
		return h.sessions[at-1].Close, h.sessions[at].Open, true
	case h.cutoff == CutoffClose && at >= 2:
		return h.sessions[at-2].Close, h.sessions[at-1].Close, true
	default:
		return time.Time{}, time.Time{}, false
	}
}

// spoken reports whether posts were recorded around a session.
func (h *history) spoken(session calendar.Session) bool {
	first, last := time.Time{}, time.Time{}
	for _, posts := range h.posts {
		if first.IsZero() || posts[0].at.Before(first) {
			first = posts[0].at
		}
		if end := posts[len(posts)-1].at; end.After(last) {
			last = end
		}
	}
	return session.Close.After(first) && session.Open.Before(last.Add(24*time.Hour))
}

// between returns the posts of a ticker from a time on, that included, and before
// another.
func (h *history) between(ticker string, from, to time.Time) []post {
	posts := h.posts[ticker]
	first := func(t time.Time) int {
		at, _ := slices.BinarySearchFunc(posts, t, func(p post, t time.Time) int {
			if p.at.Before(t) {
				return -1
			}
			return 1
		})
		return at
	}
	return posts[first(from):first(to)]
}

// rebuild makes the rows of a session from a copy of the history that ends at
// the session's cut-off.
func (h *history) rebuild(date calendar.Date) []Row {
	at := slices.IndexFunc(h.sessions, func(s calendar.Session) bool { return s.Date == date })
	if at < 0 {
		return nil
	}
	_, cut, _ := h.window(at)
	past := newHistory(h.cutoff)
	past.tickers, past.sessions = h.tickers, h.sessions
	for ticker, posts := range h.posts {
		for _, p := range posts {
			if !p.at.After(cut) {
				past.posts[ticker] = append(past.posts[ticker], p)
			}
		}
	}
	for ticker, bars := range h.bars {
		past.bars[ticker] = make(map[calendar.Date]bar)
		for date, b := range bars {
			if !b.at.After(cut) {
				past.bars[ticker][date] = b
			}
		}
	}
	return past.rows(at)
}
