package features

import (
	"slices"
	"sort"
	"time"

	"cashtag/internal/window"
)

// series is what is known of one ticker, or of the market as a whole.
type series struct {
	ticker string // "" of the market
	posts  []post // in order, from the oldest that a window may still need on
	bars   []bar  // the same
	// minutes are those of all posts, older ones too, in order: for what a window is
	// compared with.
	minutes []uint32
	days    map[window.Day]*dayTotal
	orphans map[orphan]score // scores that came before their posts
	dirty   int64            // windows that end after it are to be looked at again
	emitted map[windowKey]int64
}

// maxOrphans bounds the scores of one series that wait for their posts.
const maxOrphans = 100_000

// orphan names the post that a score waits for.
type orphan struct {
	id    int64
	owner uint32
}

// windowKey names a window of a series.
type windowKey struct {
	kind  window.Kind
	start int64
}

// dayTotal sums up one trading day.
type dayTotal struct {
	posts, scored, known, scoreE4 int64
	bars                          int64
	price                         dayPrice
	priced                        bool // price is what the bars say
}

// dayPrice is where the price stood at the end of a trading day, in ten-thousandths
// of a dollar, 0 where no bar of the day says so.
type dayPrice struct{ last, adjusted, volume int64 }

func newSeries(ticker string) *series {
	return &series{
		ticker:  ticker,
		days:    make(map[window.Day]*dayTotal),
		orphans: make(map[orphan]score),
		emitted: make(map[windowKey]int64),
	}
}

func minuteOf(at int64) uint32 { return uint32(at / int64(time.Minute)) }

// day returns the totals of a trading day, made where they are missing.
func (s *series) day(d window.Day) *dayTotal {
	total := s.days[d]
	if total == nil {
		total = &dayTotal{}
		s.days[d] = total
	}
	return total
}

// addPost takes in a post unless it is there, and gives it the score that waits for
// it. It reports whether the post is new.
func (s *series) addPost(p post, day window.Day) bool {
	i := len(s.posts)
	if i > 0 && comparePosts(s.posts[i-1], p) >= 0 {
		var found bool
		if i, found = slices.BinarySearchFunc(s.posts, p, comparePosts); found {
			return false
		}
	}
	total := s.day(day)
	total.posts++
	key := orphan{p.id, p.owner}
	if waiting, ok := s.orphans[key]; ok && waiting.at == p.at {
		p.opinion, p.scoreE4 = waiting.opinion, waiting.scoreE4
		total.score(waiting)
		delete(s.orphans, key)
	}
	s.posts = slices.Insert(s.posts, i, p)
	minute := minuteOf(p.at)
	j := len(s.minutes)
	if j > 0 && s.minutes[j-1] > minute {
		j = sort.Search(j, func(k int) bool { return s.minutes[k] > minute })
	}
	s.minutes = slices.Insert(s.minutes, j, minute)
	s.dirty = min(s.dirty, p.at)
	return true
}

// addScore gives a post its score, or keeps the score until the post is there. The
// first score of a post counts. It returns the post, nil where nothing changed.
func (s *series) addScore(found score, day window.Day) *post {
	i := s.find(found)
	if i < 0 && len(s.orphans) >= maxOrphans {
		return nil
	}
	if i < 0 {
		s.orphans[orphan{found.id, found.owner}] = found
		return nil
	}
	p := &s.posts[i]
	if p.opinion != unscored || p.owner != found.owner {
		return nil
	}
	p.opinion, p.scoreE4 = found.opinion, found.scoreE4
	s.day(day).score(found)
	s.dirty = min(s.dirty, p.at)
	return p
}

func (t *dayTotal) score(found score) {
	t.scored++
	if found.opinion != unknown {
		t.known++
		t.scoreE4 += int64(found.scoreE4)
	}
}

// find is the index of the post that a score is about, or -1.
func (s *series) find(found score) int {
	i, ok := slices.BinarySearchFunc(s.posts, post{at: found.at, id: found.id}, comparePosts)
	if !ok {
		return -1
	}
	return i
}

// addBar takes in a bar and reports whether it changed anything.
func (s *series) addBar(b bar, day window.Day) bool {
	i, found := slices.BinarySearchFunc(s.bars, b, placeOfBar)
	if found {
		best := better(s.bars[i], b)
		if best == s.bars[i] {
			return false
		}
		s.bars[i] = best
	} else {
		s.bars = slices.Insert(s.bars, i, b)
		s.day(day).bars++
	}
	s.day(day).priced = false
	s.dirty = min(s.dirty, b.at())
	return true
}

// postsIn are the posts of a span.
func (s *series) postsIn(span window.Span) []post {
	from := sort.Search(len(s.posts), func(i int) bool { return s.posts[i].at >= span.Start })
	to := from + sort.Search(len(s.posts)-from, func(i int) bool { return s.posts[from+i].at >= span.End })
	return s.posts[from:to]
}

// barsIn are the bars that end in a span: after its start and not after its end.
func (s *series) barsIn(span window.Span) []bar {
	from := sort.Search(len(s.bars), func(i int) bool { return s.bars[i].end > span.Start })
	to := from + sort.Search(len(s.bars)-from, func(i int) bool { return s.bars[from+i].end > span.End })
	return s.bars[from:to]
}

// count is how many posts there were in a span of whole minutes.
func (s *series) count(span window.Span) int {
	start, end := minuteOf(span.Start), minuteOf(span.End)
	from := sort.Search(len(s.minutes), func(i int) bool { return s.minutes[i] >= start })
	return sort.Search(len(s.minutes)-from, func(i int) bool { return s.minutes[from+i] >= end })
}

// priceOf is where the price stood at the end of a trading day.
func (s *series) priceOf(market *window.Market, d window.Day) dayPrice {
	total := s.days[d]
	if total == nil {
		return dayPrice{}
	}
	if !total.priced {
		span := market.OfDay(window.WholeDay, d)
		bars := s.barsIn(span)
		total.price, total.priced = dayPrice{}, true
		if len(bars) > 0 {
			last := bars[len(bars)-1]
			total.price = dayPrice{last: last.last, adjusted: last.adjusted, volume: tradeIn(bars, span).volume}
		}
	}
	return total.price
}

// lastAt is the last price known at a moment, looked for in trading days back to
// first; 0, 0 where there is none.
func (s *series) lastAt(market *window.Market, at int64, first window.Day) (last, adjusted int64) {
	day := market.Day(at - 1)
	bars := s.barsIn(window.Span{Start: market.Start(day), End: at})
	if len(bars) > 0 {
		found := bars[len(bars)-1]
		return found.last, found.adjusted
	}
	if at < market.Close(day) {
		day-- // the end of its own day may be later than the moment
	}
	for d := day; d >= first; d-- {
		if price := s.priceOf(market, d); price.last > 0 {
			return price.last, price.adjusted
		}
	}
	return 0, 0
}

// forget drops what no window needs any more that ends after the trading day keep
// began; of the days before it totals and minutes are kept from old on.
func (s *series) forget(market *window.Market, keep, old window.Day) {
	for d := range s.days {
		if d < old {
			delete(s.days, d)
		} else if d < keep {
			s.priceOf(market, d) // while its bars are there
		}
	}
	start := market.Start(keep)
	s.posts = dropFront(s.posts, sort.Search(len(s.posts), func(i int) bool { return s.posts[i].at >= start }))
	s.bars = dropFront(s.bars, sort.Search(len(s.bars), func(i int) bool { return s.bars[i].end > start }))
	first := minuteOf(market.Start(old))
	s.minutes = dropFront(s.minutes, sort.Search(len(s.minutes), func(i int) bool { return s.minutes[i] >= first }))
	for key, waiting := range s.orphans {
		if waiting.at < start {
			delete(s.orphans, key)
		}
	}
	for key := range s.emitted {
		if key.start < start {
			delete(s.emitted, key)
		}
	}
}

// dropFront drops the first n of items, and the memory once half of it is unused.
func dropFront[T any](items []T, n int) []T {
	if n == 0 {
		return items
	}
	if n < len(items)/2 {
		return items[n:]
	}
	return slices.Clone(items[n:])
}
