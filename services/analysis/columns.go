package analysis

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"time"
)

// The columns of a table from a tape, by the names that services/features gives to
// the like.
const (
	columnLogCount = "posts_log"
	columnZ        = "posts_z"
)

func tapeColumns() []string {
	return []string{
		columnLogCount, columnZ, "users_log", "posts_per_user", "repost_share", "exclusive_share", "followers_log",
		"market_posts_log", "price_return", "price_return_5", "price_volatility", "price_range", "volume_log", "volume_ratio",
	}
}

// tapeSchema is the hash of what the columns of a tape mean. No served vector has
// it.
func tapeSchema(cutoff string) string {
	sum := sha256.Sum256([]byte("cashtag.analysis.tape 1 " + cutoff + " " + strings.Join(tapeColumns(), ",")))
	return hex.EncodeToString(sum[:8])
}

// marketColumn is the position of market_posts_log.
const marketColumn = 7

const (
	trailing    = 20   // sessions of a baseline
	leastKnown  = 10   // of them that must be known
	leastSpread = 0.25 // of log counts: below it one post more would stand out
)

// rows returns the rows of the session at a position as they were known at its
// cut-off: posts of its window, prices up to the session before.
func (h *history) rows(at int) []Row {
	from, cut, ok := h.window(at)
	if !ok {
		return nil
	}
	var rows []Row
	var market float64
	for _, ticker := range h.tickers {
		last, ok := h.bars[ticker][h.sessions[at-1].Date]
		if !ok {
			continue
		}
		posts := h.between(ticker, from, cut)
		market += float64(len(posts))
		row := Row{Ticker: ticker, Date: h.sessions[at].Date, Cutoff: cut, LatestInput: last.at}
		for _, p := range posts {
			row.Words = append(row.Words, p.words...)
			if p.at.After(row.LatestInput) {
				row.LatestInput = p.at
			}
		}
		row.Values = append(h.postValues(at, ticker, posts), math.NaN())
		row.Values = append(row.Values, h.priceValues(at, ticker)...)
		rows = append(rows, row)
	}
	for _, row := range rows {
		row.Values[marketColumn] = math.Log1p(market)
		for i, v := range row.Values {
			if math.IsInf(v, 0) {
				row.Values[i] = math.NaN()
			}
		}
	}
	return rows
}

// postValues are the columns of posts.
func (h *history) postValues(at int, ticker string, posts []post) []float64 {
	users := make(map[string]bool)
	var retweets, exclusive, followers float64
	for _, p := range posts {
		users[p.author] = true
		followers += math.Log1p(float64(p.followers))
		if p.retweet {
			retweets++
		}
		if p.exclusive {
			exclusive++
		}
	}
	n := float64(len(posts))
	logCount := math.Log1p(n)
	values := []float64{
		logCount, h.attention(at, ticker, logCount), math.Log1p(float64(len(users))),
		n / float64(len(users)), retweets / n, exclusive / n, followers / n,
	}
	if len(posts) == 0 {
		for i := 3; i < len(values); i++ {
			values[i] = math.NaN()
		}
	}
	return values
}

// attention is how many deviations the log count stands above those of the
// sessions before; NaN where too few of them were recorded.
func (h *history) attention(at int, ticker string, logCount float64) float64 {
	posts := h.posts[ticker]
	var past []float64
	for i := at - 1; i >= at-trailing; i-- {
		from, cut, ok := h.window(i)
		if !ok || len(posts) == 0 || from.Before(posts[0].at.Add(-24*time.Hour)) {
			break
		}
		past = append(past, math.Log1p(float64(len(h.between(ticker, from, cut)))))
	}
	if len(past) < leastKnown {
		return math.NaN()
	}
	mean, deviation := meanDeviation(past)
	return (logCount - mean) / max(deviation, leastSpread)
}

// priceValues are the columns of price and volume, of the session before and those before it.
func (h *history) priceValues(at int, ticker string) []float64 {
	last := h.bars[ticker][h.sessions[at-1].Date]
	five := math.NaN()
	if at >= 6 {
		if b, ok := h.bars[ticker][h.sessions[at-6].Date]; ok {
			five = last.adjusted/b.adjusted - 1
		}
	}
	_, deviation := h.trailingReturns(at-1, ticker)
	volume := float64(last.quote.Volume)
	return []float64{
		h.closeReturn(at-1, ticker), five, deviation, (last.quote.High - last.quote.Low) / last.quote.Close,
		math.Log1p(volume), math.Log(volume / h.meanVolume(at-1, ticker)),
	}
}

// closeReturn is the movement of the adjusted close at a position from the one
// before; NaN where either is not known.
func (h *history) closeReturn(at int, ticker string) float64 {
	if at < 1 {
		return math.NaN()
	}
	b, ok := h.bars[ticker][h.sessions[at].Date]
	before, also := h.bars[ticker][h.sessions[at-1].Date]
	if !ok || !also {
		return math.NaN()
	}
	return b.adjusted/before.adjusted - 1
}

// dayReturn is the movement from the opening to the close.
func (h *history) dayReturn(at int, ticker string) float64 {
	if b, ok := h.bars[ticker][h.sessions[at].Date]; ok {
		return b.quote.Close/b.quote.Open - 1
	}
	return math.NaN()
}

// trailingReturns are mean and deviation of the movements of the sessions up to a
// position, that included.
func (h *history) trailingReturns(at int, ticker string) (mean, deviation float64) {
	return h.trailing(at, func(i int) float64 { return h.closeReturn(i, ticker) })
}

func (h *history) trailing(at int, value func(i int) float64) (mean, deviation float64) {
	var past []float64
	for i := at; i > at-trailing && i >= 0; i-- {
		if v := value(i); !math.IsNaN(v) {
			past = append(past, v)
		}
	}
	if len(past) < leastKnown {
		return math.NaN(), math.NaN()
	}
	return meanDeviation(past)
}

// meanVolume is the mean volume of the sessions before a position.
func (h *history) meanVolume(at int, ticker string) float64 {
	mean, _ := h.trailing(at-1, func(i int) float64 {
		if b, ok := h.bars[ticker][h.sessions[i].Date]; ok {
			return float64(b.quote.Volume)
		}
		return math.NaN()
	})
	return mean
}

// labelled adds what happened after the cut-off, and leaves out rows of which the
// movement is not known. It alone looks ahead.
func (h *history) labelled(at int, rows []Row) []Row {
	kept := rows[:0]
	session := h.sessions[at]
	for _, row := range rows {
		b, ok := h.bars[row.Ticker][session.Date]
		last := h.bars[row.Ticker][h.sessions[at-1].Date]
		if !ok {
			continue
		}
		_, deviation := h.trailingReturns(at-1, row.Ticker)
		o := Outcome{
			CloseToClose: b.adjusted/last.adjusted - 1,
			Gap:          b.quote.Open*b.adjusted/b.quote.Close/last.adjusted - 1,
			Volume:       math.Log(float64(b.quote.Volume) / h.meanVolume(at, row.Ticker)),
			SameDay:      float64(len(h.between(row.Ticker, row.Cutoff, session.Close))),
		}
		o.LargeClose = beyond(o.CloseToClose, deviation)
		o.Return, o.Large = o.CloseToClose, o.LargeClose
		if h.cutoff == CutoffOpen {
			_, deviation = h.trailing(at-1, func(i int) float64 { return h.dayReturn(i, row.Ticker) })
			o.Return = h.dayReturn(at, row.Ticker)
			o.Large = beyond(o.Return, deviation)
		}
		if math.IsInf(o.Volume, 0) {
			o.Volume = math.NaN()
		}
		row.Outcome = o
		kept = append(kept, row)
	}
	relative(kept)
	return kept
}

// beyond is 1 where a movement is above two deviations in size, else 0.
func beyond(movement, deviation float64) float64 {
	switch {
	case math.IsNaN(movement) || math.IsNaN(deviation):
		return math.NaN()
	case math.Abs(movement) > 2*deviation:
		return 1
	default:
		return 0
	}
}

// leastRelative is how many tickers a session needs for a median.
const leastRelative = 3

// relative sets the movement of each row of a session against their median.
func relative(rows []Row) {
	movements := make([]float64, 0, len(rows))
	for _, row := range rows {
		movements = append(movements, row.Outcome.Return)
	}
	for i := range rows {
		rows[i].Outcome.Relative = math.NaN()
		if len(rows) >= leastRelative {
			rows[i].Outcome.Relative = rows[i].Outcome.Return - median(movements)
		}
	}
}
