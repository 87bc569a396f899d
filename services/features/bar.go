package features

import (
	"cmp"
	"math"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// bar is what is kept of one bar. Prices are in ten-thousandths of a dollar.
type bar struct {
	end            int64 // of its interval, Unix nanoseconds
	interval       int64 // nanoseconds
	high, low      int64
	last, adjusted int64 // adjusted is last where the feed gives no other
	volume         int64
	feed           uint8 // the better feed is the lower
}

// feeds lists them, the best first.
var feeds = []string{schemas.FeedIEX, schemas.FeedCboe, schemas.FeedStockNet}

func feedRank(feed string) uint8 {
	for i, known := range feeds {
		if feed == known {
			return uint8(i)
		}
	}
	return uint8(len(feeds))
}

func barOf(q *schemas.Quote) bar {
	b := bar{
		end:      q.QuotedAt.UnixNano(),
		interval: q.Bar.IntervalS * int64(time.Second),
		high:     priceE4(q.Bar.High),
		low:      priceE4(q.Bar.Low),
		last:     priceE4(q.Bar.Close),
		adjusted: priceE4(q.Bar.AdjClose),
		volume:   q.Bar.Volume,
		feed:     feedRank(q.Feed),
	}
	if b.adjusted == 0 {
		b.adjusted = b.last
	}
	return b
}

func priceE4(price float64) int64 { return int64(math.Round(price * 1e4)) }

// at is the last moment that the bar speaks of: one that ends with a window is in it.
func (b bar) at() int64 { return b.end - 1 }

// placeOfBar orders bars by their end; of those that end together the best feed, and
// of it the shortest interval, comes last.
func placeOfBar(a, b bar) int {
	return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(b.feed, a.feed), cmp.Compare(b.interval, a.interval))
}

// better chooses between two statements about the same interval, which a feed
// should not make: the one that saw more.
func better(a, b bar) bar {
	if cmp.Or(cmp.Compare(a.volume, b.volume), cmp.Compare(a.high, b.high), cmp.Compare(b.low, a.low),
		cmp.Compare(a.last, b.last), cmp.Compare(a.adjusted, b.adjusted)) >= 0 {
		return a
	}
	return b
}

// trade is what bars say about a span.
type trade struct {
	bars, volume   int64
	high, low      int64
	last, adjusted int64 // of the last bar that ends in it
}

// tradeIn sums up the bars that lie wholly in the span: of several feeds or
// intervals those of the best feed, and of it those of the shortest interval.
func tradeIn(bars []bar, span window.Span) trade {
	var t trade
	var chosen bar
	for _, b := range bars {
		if b.end-b.interval < span.Start || b.end > span.End {
			continue
		}
		switch order := cmp.Or(cmp.Compare(b.feed, chosen.feed), cmp.Compare(b.interval, chosen.interval)); {
		case t.bars > 0 && order > 0:
			continue
		case t.bars > 0 && order < 0:
			t = trade{}
		}
		if t.bars == 0 {
			chosen = b
			t.high, t.low = b.high, b.low
		}
		t.bars++
		t.volume += b.volume
		t.high, t.low = max(t.high, b.high), min(t.low, b.low)
		t.last, t.adjusted = b.last, b.adjusted
	}
	return t
}
